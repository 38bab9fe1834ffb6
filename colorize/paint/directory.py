"""Reads and writes the central directory of a ZIP archive, record by record.

`zipfile` gives the names as text and writes them as it likes: a member's name bytes, its flags, its
system and its extra fields do not come through. Here they stay bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from colorize.errors import ArchiveError

MAX_BYTES = 4_000_000
"""Of a list of members: it is read whole before they can be counted."""
TAIL = 1 << 24
"""Bytes before the end of a file in which the end record is looked for."""
_TRIES = 10_000
"""End records that are tried; a file may hold any number of things that look like one."""

ENTRY = struct.Struct("<4s4B4HL2L5H2L")
"""An entry of the list: signature, version and system of its maker, version needed, reserved,
flags, method, time, date, CRC, packed size, size, lengths of name, extra and comment, disk,
internal and external attributes, offset of the member's own header."""
LOCAL = struct.Struct("<4s2B4HL2L2H")
"""A member's own header: signature, version needed, reserved, flags, method, time, date, CRC,
packed size, size, lengths of name and extra."""
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")

ENTRY_SIGN, LOCAL_SIGN = b"PK\1\2", b"PK\3\4"
_END_SIGN, _END_64_SIGN, _LOCATOR_SIGN = b"PK\5\6", b"PK\6\6", b"PK\6\7"
DESCRIPTOR_SIGN = b"PK\7\x08"

MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
UTF_8, DESCRIBED = 0x800, 0x08
"""Flags: the name is UTF-8; CRC and sizes follow the content."""
ZIP64, UNICODE_PATH = 0x0001, 0x7075
"""Extra fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Where a list of members is.

    Attributes:
        start: of the list, in bytes from the beginning of the file.
        size: of the list in bytes.
        shift: what to add to each offset that the archive names: bytes before the archive.
        comment: of the archive.
    """

    start: int
    size: int
    shift: int
    comment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A member as the list has it.

    Attributes:
        fields: of `ENTRY`, as they are.
        name: its bytes.
        extra: extra fields, as they are.
        comment: of the member.
        packed: size of its content in the archive, in bytes.
        size: of its content, in bytes.
        offset: of its own header, as the archive counts.
    """

    fields: tuple[bytes | int, ...]
    name: bytes
    extra: bytes
    comment: bytes
    packed: int
    size: int
    offset: int

    def number(self, place: int) -> int:
        """A field of `ENTRY` that is a number."""
        return int(self.fields[place])

    @property
    def flags(self) -> int:
        """Of the member, in bits."""
        return self.number(5)

    @property
    def method(self) -> int:
        """How it is compressed: 0 stored, 8 deflated."""
        return self.number(6)

    @property
    def crc(self) -> int:
        """Checksum of its content."""
        return self.number(9)

    @property
    def mode(self) -> int:
        """Of the file, where a Unix system packed it."""
        return self.number(17) >> 16

    def text(self) -> str:
        """The name for people: of unmarked bytes the likely reading."""
        for kind, value in fields(self.extra):
            if kind == UNICODE_PATH and value[:5] == b"\1" + struct.pack(
                "<L", zlib.crc32(self.name)
            ):
                return value[5:].decode("utf-8", "backslashreplace")
        if self.flags & UTF_8:
            return self.name.decode("utf-8", "backslashreplace")
        for encoding in ("utf-8", "cp932"):
            try:
                return self.name.decode(encoding)
            except UnicodeDecodeError:
                continue
        return self.name.decode("cp437")


def fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Take extra fields apart: numbers and contents; what is left over has the number -1."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if at + 4 + size > len(extra):
            break
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size
    if at < len(extra):
        yield -1, extra[at:]


def without(extra: bytes, *kinds: int) -> bytes:
    """Leave some of the extra fields out, and keep all else as it is."""
    return b"".join(
        value if kind < 0 else struct.pack("<HH", kind, len(value)) + value
        for kind, value in fields(extra)
        if kind not in kinds
    )


def find(file: BinaryIO) -> Directory | None:
    """Find the list of members: the last one that ends where its end record begins.

    Args:
        file: may have anything before and behind the archive.

    Raises:
        ArchiveError: the list is too long to be read.
    """
    length = file.seek(0, 2)
    base = max(0, length - TAIL)
    file.seek(base)
    tail = file.read(TAIL)
    at = len(tail)
    for _ in range(_TRIES):
        at = tail.rfind(_END_SIGN, 0, at + len(_END_SIGN) - 1)
        if at < 0:
            return None
        found = _directory(file, tail, at, base)
        if found is not None:
            return found
    return None


def _directory(file: BinaryIO, tail: bytes, at: int, base: int) -> Directory | None:
    """What an end record at ``tail[at]`` says, unless it is none."""
    if at + _END.size > len(tail):
        return None
    _, disk, _, _, count, size, offset, commented = _END.unpack_from(tail, at)
    comment = tail[at + _END.size : at + _END.size + commented]
    end = base + at
    wide = _wide(file, end)
    if wide is not None:
        end, count, size, offset = wide
    start = end - size
    if start < 0 or start < offset or disk not in {0, _MAX_16}:
        return None
    if size == 0 and count == 0:
        return Directory(start=start, size=0, shift=start - offset, comment=comment)
    file.seek(start)
    if file.read(4) != ENTRY_SIGN:
        return None
    if size > MAX_BYTES:
        raise ArchiveError(f"is refused: it lists too many members ({size} bytes of names)")
    return Directory(start=start, size=size, shift=start - offset, comment=comment)


def _wide(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """Place, count, size and offset of a Zip64 end record before the end record at ``end``."""
    locator = end - _LOCATOR.size
    if locator < _END_64.size:
        return None
    file.seek(locator)
    sign, _, offset, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if sign != _LOCATOR_SIGN:
        return None
    for place in (locator - _END_64.size, offset):
        if place > locator - _END_64.size:
            continue
        file.seek(place)
        record = _END_64.unpack(file.read(_END_64.size))
        if record[0] == _END_64_SIGN:
            return place, record[7], record[8], record[9]
    return None


def entries(file: BinaryIO, directory: Directory) -> Iterator[Entry]:
    """Read the list of members.

    Raises:
        ArchiveError: it is damaged.
    """
    file.seek(directory.start)
    content = file.read(directory.size)
    at = 0
    while at < len(content):
        if len(content) < at + ENTRY.size or content[at : at + 4] != ENTRY_SIGN:
            raise ArchiveError("its list of members is damaged")
        known = ENTRY.unpack_from(content, at)
        at += ENTRY.size
        ends = [at := at + length for length in known[12:15]]
        if ends[2] > len(content):
            raise ArchiveError("its list of members is damaged")
        name, extra, comment = (
            content[end - length : end] for end, length in zip(ends, known[12:15], strict=True)
        )
        packed, size, offset = _sizes(known, extra)
        yield Entry(
            fields=known,
            name=name,
            extra=extra,
            comment=comment,
            packed=packed,
            size=size,
            offset=offset,
        )


def _sizes(known: tuple[bytes | int, ...], extra: bytes) -> tuple[int, int, int]:
    """Packed size, size and offset; from the Zip64 field where the entry refers to it."""
    packed, size, offset = int(known[10]), int(known[11]), int(known[18])
    wide = next((value for kind, value in fields(extra) if kind == ZIP64), b"")
    numbers = iter(struct.unpack_from(f"<{len(wide) // 8}Q", wide))
    size = next(numbers, size) if size == MAX_32 else size
    packed = next(numbers, packed) if packed == MAX_32 else packed
    offset = next(numbers, offset) if offset == MAX_32 else offset
    return packed, size, offset


def pack_entry(entry: Entry, offset: int) -> bytes:
    """Write an entry of the list as it is, for a member that lies at another place now."""
    known = list(entry.fields)
    wide = []
    if known[11] == MAX_32 or entry.size >= MAX_32:
        known[11] = MAX_32
        wide.append(entry.size)
    else:
        known[11] = entry.size
    if known[10] == MAX_32 or entry.packed >= MAX_32:
        known[10] = MAX_32
        wide.append(entry.packed)
    else:
        known[10] = entry.packed
    known[18] = min(offset, MAX_32)
    if offset >= MAX_32:
        wide.append(offset)
    extra = without(entry.extra, ZIP64)
    if wide:
        extra = struct.pack(f"<HH{len(wide)}Q", ZIP64, 8 * len(wide), *wide) + extra
    if len(extra) > _MAX_16:
        raise ArchiveError("its list of members is damaged")
    known[12:16] = [len(entry.name), len(extra), len(entry.comment), 0]
    return ENTRY.pack(*known) + entry.name + extra + entry.comment


def pack_end(*, count: int, start: int, size: int, comment: bytes) -> bytes:
    """Write the end record of a list of ``count`` members, in the wide form where it must be."""
    wide = b""
    if count >= _MAX_16 or max(start, size) >= MAX_32:
        wide = _END_64.pack(
            _END_64_SIGN, _END_64.size - 12, 45, 45, 0, 0, count, count, size, start
        ) + _LOCATOR.pack(_LOCATOR_SIGN, 0, start + size, 1)
    few = min(count, _MAX_16)
    places = min(size, MAX_32), min(start, MAX_32)
    return wide + _END.pack(_END_SIGN, 0, 0, few, few, *places, len(comment)) + comment
