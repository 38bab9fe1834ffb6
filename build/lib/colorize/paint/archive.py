"""Books: ZIP archives of pages, opened as if their maker wanted to do harm.

Nothing is ever extracted to a path that an archive names, no more is decompressed than a member
announces, and an archive that is not what a book would be is refused before any of it is read.
"""

import copy
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from colorize.errors import ArchiveError, ImageError

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 200_000_000
MAX_BYTES = 8_000_000_000
"""Of all members, decompressed."""
MAX_RATIO, RATIO_FROM = 200, 1_000_000
"""How often larger a member may become, from this many bytes on: text reaches 20, a bomb 1000."""
MAX_DIRECTORY = 4_000_000
"""Bytes of the list of members, which is read whole before they can be counted."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What readers of comic books open; others can demand gigabytes to decompress a kilobyte."""
_ENCRYPTED = 0x41
"""Bits of a member's flags: encrypted, and strongly so."""
_CHUNK = 1 << 16
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError),
)
"""All that zipfile raises when bytes are not as they should be; a test finds out what that is."""
_END, _END_64 = b"PK\5\6", b"PK\6\7"
_END_SIZE, _END_64_SIZE, _COMMENT_SIZE = 22, 20, 65_535


class Archive:
    """An opened book; closes with its ``with`` block.

    Args:
        path: of the ZIP file.

    Attributes:
        members: in the order of the archive.
        comment: of the archive, where some readers keep a book's data.

    Raises:
        ArchiveError: it is damaged, or hostile, or larger than a book would be.
    """

    def __init__(self, path: Path) -> None:
        try:
            _check_end(path)
            self._file = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise ArchiveError(f"{path} is no readable book: {error}") from None
        self.members = self._file.infolist()
        self.comment = self._file.comment
        try:
            _check(self.members)
        except ArchiveError as error:
            self._file.close()
            raise ArchiveError(f"{path} is refused: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Read one member; several threads may.

        Raises:
            ImageError: ``unreadable``: it is damaged.
        """
        try:
            return self._file.read(member)
        except _DAMAGE as error:
            raise ImageError("unreadable", str(error)) from None

    def salvage(self, member: zipfile.ZipInfo) -> bytes:
        """Read what there is of one member, however damaged."""
        unchecked = copy.copy(member)
        del unchecked.CRC  # without a checksum none is compared
        content = bytearray()
        try:
            with self._file.open(unchecked) as stream:
                while chunk := stream.read(_CHUNK):
                    content += chunk
        except _DAMAGE:
            return bytes(content)
        return bytes(content)


def _check_end(path: Path) -> None:
    """Refuse an archive whose list of members would fill the memory before it can be counted.

    Raises:
        ArchiveError: the list is too long, or of the form for archives beyond 4 GB.
        BadZipFile: there is no list.
    """
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - _END_SIZE - _COMMENT_SIZE - _END_64_SIZE))
        tail = file.read()
    if tail.count(_END) != 1:
        raise zipfile.BadZipFile("no list of members, or more than one")
    at = tail.index(_END)
    if len(tail) < at + _END_SIZE:
        raise zipfile.BadZipFile("cut short")
    (size,) = struct.unpack_from("<L", tail, at + 12)
    if size > MAX_DIRECTORY or tail[:at][-_END_64_SIZE:].startswith(_END_64):
        raise ArchiveError(f"{path} is refused: it lists too many members")


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ArchiveError(f"it has {len(members)} members, more than {MAX_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES:
        raise ArchiveError(f"it holds {total} bytes, more than {MAX_BYTES}")
    names: set[str] = set()
    for member in members:
        fault = _fault(member)
        if member.filename in names:
            fault = "is there twice"
        if fault:
            raise ArchiveError(f"{member.orig_filename!r} {fault}")
        names.add(member.filename)


def _fault(member: zipfile.ZipInfo) -> str:
    """What is wrong with a member by what the archive says of it; empty where nothing is."""
    parts = member.orig_filename.replace("\\", "/").split("/")
    mode = member.external_attr >> 16
    size = member.file_size
    faults = {
        "leads out of the book": ".." in parts,
        "has an absolute name": parts[0] == "" or parts[0][1:2] == ":",
        "has an unprintable name": "\0" in member.orig_filename,
        "is no plain file": stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR},
        "is encrypted": bool(member.flag_bits & _ENCRYPTED),
        "is compressed in a way that books are not": member.compress_type not in _METHODS,
        f"is larger than {MAX_MEMBER_BYTES} bytes": size > MAX_MEMBER_BYTES,
        "is a compression bomb": size > max(RATIO_FROM, MAX_RATIO * member.compress_size),
    }
    return next((fault for fault, found in faults.items() if found), "")
