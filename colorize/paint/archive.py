"""Reads and writes books, as ZIP archives that may be hostile.

Nothing is ever extracted to a path that an archive names, no more is decompressed than a member
announces, and what is no page is never decompressed at all: its bytes are copied as they are. A
member with a fault fails alone.
"""

import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

from colorize.errors import ArchiveError, ImageError
from colorize.imaging import formats
from colorize.paint import directory, kinds
from colorize.paint.directory import LOCAL, Entry

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 200_000_000
MAX_BYTES = 8_000_000_000
"""Of all pages, decompressed."""

_STORED, _DEFLATED = 0, 8
"""What readers of comic books open; others can demand gigabytes to decompress a kilobyte."""
_ENCRYPTED, _PATCHED = 0x41, 0x20
"""Flags of a member: encrypted, and strongly so; the difference to another file."""
_PLAIN_FLAGS = ~0x206F & 0xFFFF
"""Flags that a stored member without encryption may keep."""
_CHUNK = 1 << 20
_DESCRIPTORS = tuple(
    (sign, form) for form in ("<LLL", "<LQQ") for sign in (directory.DESCRIPTOR_SIGN, b"")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a book.

    Attributes:
        entry: what the list of members says.
        name: as text, for people; two members may have one.
        header: its own header with name and extra fields, as it is; empty where there is none.
        start: of its own header, in bytes from the beginning of the file.
        end: of all that belongs to it.
        is_page: whether it is a page by its name.
        fault: why it is not read; empty where nothing is wrong.
    """

    entry: Entry
    name: str
    header: bytes
    start: int
    end: int
    is_page: bool
    fault: str = ""


class Archive:
    """An opened book; closes with its ``with`` block.

    Args:
        path: of the ZIP file.

    Attributes:
        members: in the order of the archive.
        comment: of the archive, where some readers keep a book's data.

    Raises:
        ArchiveError: it is damaged, or hostile, or larger than a book would be. The message is a
            sentence about the file, and does not name it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ArchiveError(f"cannot be read: {error.strerror}") from None
        try:
            self._state = self._stat()
            found = self._found()
            self.comment = found.comment
            self.members = _parted(list(self._listed(found)), found.start)
            _check(self.members)
        except OSError as error:
            self._file.close()
            raise ArchiveError(f"cannot be read: {error.strerror}") from None
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _found(self) -> directory.Directory:
        found = directory.find(self._file)
        if found is not None:
            return found
        self._file.seek(0)
        what = kinds.what_is(self._file.read(kinds.HEAD))
        if what == "is a ZIP archive":
            raise ArchiveError("is no readable book: it is cut short, without a list of members")
        raise ArchiveError(f"is no readable book: it {what or 'is no ZIP archive'}")

    def _listed(self, found: directory.Directory) -> Iterator[Member]:
        for number, entry in enumerate(directory.entries(self._file, found), 1):
            if number > MAX_MEMBERS:
                raise ArchiveError(f"is refused: it has more than {MAX_MEMBERS} members")
            yield self._member(entry, entry.offset + found.shift, found.start)

    def _member(self, entry: Entry, start: int, limit: int) -> Member:
        """Look at a member's own header; nothing beyond ``limit`` belongs to it."""
        header = self._at(start, LOCAL.size) if start + LOCAL.size <= limit else b""
        if header[:4] == directory.LOCAL_SIGN:
            lengths = LOCAL.unpack(header)[10:12]
            header += self._at(start + LOCAL.size, min(sum(lengths), limit - start - LOCAL.size))
        else:
            header = b""
        name = entry.text()
        end = start + (len(header) or LOCAL.size) + entry.packed
        if entry.flags & directory.DESCRIBED and end <= limit:
            end += self._described(entry, end)
        fault = "is cut short" if end > limit or not header else _fault(entry, name)
        return Member(
            entry=entry,
            name=name,
            header=header,
            start=start,
            end=end,
            is_page=_is_page(name),
            fault=fault,
        )

    def _described(self, entry: Entry, at: int) -> int:
        """Length of what follows a content that was written before its size was known."""
        found = self._at(at, 24)
        for sign, form in _DESCRIPTORS:
            try:
                expected = sign + struct.pack(form, entry.crc, entry.packed, entry.size)
            except struct.error:
                continue
            if found.startswith(expected):
                return len(expected)
        return 0

    def _at(self, start: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(max(0, length))

    def _stat(self) -> tuple[int, int, int]:
        state = self._path.stat()
        return state.st_size, state.st_mtime_ns, state.st_ino

    def is_unchanged(self) -> bool:
        """Tell whether the file is still the one that was opened."""
        try:
            return self._stat() == self._state
        except OSError:
            return False

    def read(self, member: Member) -> bytes:
        """Read one member; several threads may.

        Raises:
            ImageError: ``unreadable``: it is damaged, or has a fault.
        """
        if member.fault:
            raise ImageError("unreadable", f"it {member.fault}")
        entry = member.entry
        try:
            content = self._at(member.start + len(member.header), entry.packed)
            if entry.method == _DEFLATED:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, entry.size + 1)
        except OSError as error:
            raise ImageError("unreadable", error.strerror or str(error)) from None
        except zlib.error:
            raise ImageError("unreadable", "it is damaged: it cannot be decompressed") from None
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise ImageError("unreadable", "it is damaged: its checksum (CRC) does not match")
        return content

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Give the bytes of a member as they are in the archive, from its header on."""
        at = member.start
        while at < member.end:
            chunk = self._at(at, min(_CHUNK, member.end - at))
            if not chunk:
                return
            yield chunk
            at += len(chunk)


class Binder:
    """Writes a book: members of another one as they are, and pages with a new content.

    Args:
        file: to write to, from its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self._entries: list[bytes] = []

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._at += len(content)

    def copy(self, book: Archive, member: Member) -> None:
        """Write a member as it is, damage included."""
        self._entries.append(directory.pack_entry(member.entry, self._at))
        if not member.header:
            self._write(bytes(LOCAL.size))  # it has no content, and must not get that of another
        else:
            for chunk in book.chunks(member):
                self._write(chunk)

    def write(self, member: Member, content: bytes, *, name: bytes) -> None:
        """Write a page in the place of ``member``, with all that is known of that one.

        Args:
            member: of the original.
            content: to be stored, under 4 GB.
            name: its own, or another one.
        """
        gone = [directory.ZIP64]
        if name != member.entry.name:
            gone.append(directory.UNICODE_PATH)  # it says what the old name means
        known = list(member.entry.fields)
        known[5] = member.entry.flags & _PLAIN_FLAGS
        known[6] = _STORED
        known[9:12] = zlib.crc32(content), len(content), len(content)
        entry = replace(
            member.entry,
            fields=tuple(known),
            name=name,
            extra=directory.without(member.entry.extra, *gone),
            packed=len(content),
            size=len(content),
        )
        self._entries.append(directory.pack_entry(entry, self._at))
        lengths = LOCAL.unpack_from(member.header)[10]
        extra = directory.without(member.header[LOCAL.size + lengths :], *gone)
        header = directory.LOCAL_SIGN, *known[3:12], len(name), len(extra)
        self._write(LOCAL.pack(*header) + name + extra)
        self._write(content)

    def finish(self, comment: bytes) -> None:
        """Write the list of members."""
        start = self._at
        for entry in self._entries:
            self._write(entry)
        count, size = len(self._entries), self._at - start
        self._write(directory.pack_end(count=count, start=start, size=size, comment=comment))


def _parted(members: list[Member], limit: int) -> list[Member]:
    """Give every byte to one member at most, and tell of those that claim one of another."""
    order = sorted(range(len(members)), key=lambda number: members[number].start)
    parted = list(members)
    for place, number in enumerate(order):
        member = members[number]
        following = members[order[place + 1]].start if place + 1 < len(order) else limit
        end = max(member.start, min(member.end, following, limit))
        fault = member.fault
        header = member.header
        if member.end > following and member.end <= limit:
            fault = fault or "overlaps another member"
        if end == member.start:
            header = b""
            fault = fault or "overlaps another member"
        parted[number] = replace(member, end=end, header=header, fault=fault)
    return parted


def _check(members: list[Member]) -> None:
    total = sum(member.entry.size for member in members if member.is_page and not member.fault)
    if total > MAX_BYTES:
        raise ArchiveError(f"is refused: its pages take {total} bytes, more than {MAX_BYTES}")


def _is_page(name: str) -> bool:
    """Tell a page from all else, such as the Finder's twins of pages, by its name."""
    parts = name.replace("\\", "/").split("/")
    return formats.is_page(name) and not any(map(formats.is_hidden, parts))


def _fault(entry: Entry, name: str) -> str:
    """What is wrong with a member by what the archive says of it; empty where nothing is."""
    parts = name.replace("\\", "/").split("/")
    size = max(entry.size, entry.packed if entry.method == _STORED else 0)
    faults = {
        "has a name that leads out of the book": ".." in parts or parts[0][1:2] == ":",
        "has a name with a zero byte": b"\0" in entry.name,
        "is no plain file": stat.S_IFMT(entry.mode) not in {0, stat.S_IFREG, stat.S_IFDIR},
        "is encrypted": bool(entry.flags & _ENCRYPTED),
        "is compressed in a way that books are not": entry.method not in {_STORED, _DEFLATED}
        or bool(entry.flags & _PATCHED),
        f"is larger than {MAX_MEMBER_BYTES} bytes": max(size, entry.packed) > MAX_MEMBER_BYTES,
    }
    return next((fault for fault, found in faults.items() if found), "")
