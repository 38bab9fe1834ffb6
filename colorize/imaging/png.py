"""Reads PNG files chunk by chunk: checks what the pixels need, tolerates damage elsewhere.

Follows the specification, https://www.w3.org/TR/png-3/, and libpng, which passes over ancillary
chunks that are damaged.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from colorize.errors import ImageError
from colorize.imaging.containers import MAX_PARTS, Container

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel by colour type."""

_GREY, _RGB, _PALETTE = 0, 2, 3
_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))  # fmt: skip
"""First column, first row and steps of the seven passes of an interlaced picture."""

_MAX_PROFILE = 16 << 20
"""Bytes of an ICC profile, which is stored compressed."""

_BLOCK = 1 << 18
"""Bytes that are inflated at once."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk; ``cut`` if the file ends in it, ``intact`` if its checksum is right."""

    kind: bytes
    body: memoryview
    cut: bool
    intact: bool


def parse(content: bytes) -> Container:
    """Take a PNG file apart. No pixel is decoded.

    Args:
        content: the file, which begins with `SIGNATURE`; its end may be missing.

    Raises:
        ImageError: ``unreadable``: a chunk that the pixels need is damaged or missing.
    """
    chunks = list(_chunks(content))
    _require(bool(chunks) and chunks[0].kind == b"IHDR" and chunks[0].intact, "damaged header")
    header = _header(chunks[0].body)
    others = {c.kind: bytes(c.body) for c in reversed(chunks) if c.intact and c.kind not in _PIXELS}
    parts = [SIGNATURE, *_written(b"IHDR", chunks[0].body)]
    entries = 0
    if header.colour == _PALETTE:
        palette = next((chunk for chunk in chunks if chunk.kind == b"PLTE"), None)
        if palette is None or not palette.intact:
            raise ImageError("unreadable", "PNG: damaged palette")
        entries = len(palette.body) // 3
        parts += _written(b"PLTE", palette.body)
    if _is_transparency(others.get(b"tRNS", b""), header.colour, entries):
        parts += _written(b"tRNS", memoryview(_in_8_bits(others[b"tRNS"], header)))
    for chunk in chunks:
        if chunk.kind == b"IDAT":
            _require(chunk.cut or chunk.intact, "damaged pixels: a wrong checksum")
            parts += _written(b"IDAT", chunk.body)
    parts += _written(b"IEND", memoryview(b""))
    gamma, primaries = _encoding(others)
    return Container(
        format="PNG",
        stream=b"".join(parts),
        frames=max(1, _frames(others.get(b"acTL", b""))),
        exif=others.get(b"eXIf", b""),
        icc=_profile(others.get(b"iCCP", b"")),
        gamma=gamma,
        primaries=primaries,
    )


def check_pixels(stream: bytes) -> None:
    """Inflate the pixels once and see that all are there and have the right checksum.

    Pillow and libpng compare neither the checksum at the end of the zlib stream nor, in Pillow,
    those of its chunks. No more than what the header announces is inflated.

    Args:
        stream: of a `Container`.

    Raises:
        ImageError: ``unreadable``: pixels are damaged or missing.
    """
    chunks = list(_chunks(stream))
    size = _header(chunks[0].body).size
    inflater = zlib.decompressobj()
    found = 0
    try:
        for chunk in chunks:
            waiting: bytes | memoryview = chunk.body if chunk.kind == b"IDAT" else b""
            while waiting and not inflater.eof:
                found += len(inflater.decompress(waiting, _BLOCK))
                waiting = inflater.unconsumed_tail
                if found > size:  # what follows is not shown
                    return
    except zlib.error:
        raise ImageError("unreadable", "PNG: damaged pixels") from None
    _require(found == size, "pixels are missing")


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """Yield chunks up to the end of the picture or of the file, or to what is no chunk."""
    view = memoryview(content)
    at, count = len(SIGNATURE), 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">L4s", content, at)
        body = view[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IEND" or not kind.isalpha():
            return
        count += 1
        if count > MAX_PARTS:
            raise ImageError("unreadable", f"PNG: more than {MAX_PARTS} chunks")
        cut = at > len(content)
        intact = not cut and view[at - 4 : at] == _checksum(kind, body)
        yield _Chunk(kind, body, cut, intact)


def _written(kind: bytes, body: memoryview) -> list[bytes | memoryview]:
    return [struct.pack(">L4s", len(body), kind), body, _checksum(kind, body)]


def _checksum(kind: bytes, body: memoryview) -> bytes:
    return struct.pack(">L", zlib.crc32(body, zlib.crc32(kind)))


@dataclass(frozen=True, slots=True)
class _Header:
    """Colour type, bits of a sample, and bytes of all rows of all passes before compression."""

    colour: int
    depth: int
    size: int


def _header(body: memoryview) -> _Header:
    _require(len(body) == 13, "damaged header")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">LLBBBBB", body)
    _require(colour in _CHANNELS and width > 0 and height > 0, "damaged header")
    bits = _CHANNELS[colour] * depth
    size = 0
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)  # a row begins with its filter
    return _Header(colour, depth, size)


def _is_transparency(body: bytes, colour: int, entries: int) -> bool:
    """Tell whether a tRNS chunk fits the colour type."""
    if colour == _PALETTE:
        return 0 < len(body) <= entries
    return len(body) == {_GREY: 2, _RGB: 6}.get(colour)


def _in_8_bits(body: bytes, header: _Header) -> bytes:
    """Write the transparent colour with the values to which Pillow brings such samples."""
    if header.colour == _GREY and header.depth in {2, 4}:
        return struct.pack(">H", int.from_bytes(body) * 255 // (2**header.depth - 1) & 0xFFFF)
    if header.colour == _RGB and header.depth == 16:
        return b"".join(b"\0" + body[at : at + 1] for at in (0, 2, 4))
    return body


def _frames(body: bytes) -> int:
    """Count the frames that an acTL chunk announces."""
    return int.from_bytes(body[:4]) if len(body) == 8 else 1


def _profile(body: bytes) -> bytes:
    """Inflate the ICC profile of an iCCP chunk; empty where that is damaged."""
    _, _, packed = body.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], _MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if inflater.eof else b""


def _encoding(others: dict[bytes, bytes]) -> tuple[float, tuple[float, ...]]:
    """Read gAMA and cHRM, unless an sRGB chunk overrules them."""
    gamma, primaries = others.get(b"gAMA", b""), others.get(b"cHRM", b"")
    if b"sRGB" in others or len(gamma) != 4:
        return 0.0, ()
    stated = struct.unpack(">8L", primaries) if len(primaries) == 32 else ()
    return int.from_bytes(gamma) / 100_000, tuple(value / 100_000 for value in stated)


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise ImageError("unreadable", f"PNG: {fault}")
