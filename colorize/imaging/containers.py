"""Recognises picture files by their first bytes, and finds what in them describes pixels."""

import re
import struct
from dataclasses import dataclass

from colorize.errors import ImageError

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
"""Formats that are decoded, and the usual suffix of each."""

MAX_PARTS = 200_000
"""Segments or chunks of a file. One of 100 MB in the usual 8 KiB chunks has 12,000."""

_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF....WEBP",
    "AVIF": rb"....ftyp(?:avif|avis|mif1|msf1)",
}
_FOREIGN = {
    "a GIF": rb"GIF8[79]a",
    "a TIFF": rb"II\*\0|MM\0\*",
    "a BMP": rb"BM.{8}",
    "a JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "a JPEG 2000": rb"\0\0\0\x0cjP  ",
    "a HEIC": rb"....ftyphe",
    "a PSD": rb"8BPS",
    "a PDF": rb"%PDF",
    "a ZIP": rb"PK\x03\x04",
    "a RAR": rb"Rar!",
    "a 7z": rb"7z\xbc\xaf",
    "an HTML": rb"(?i:<!doctype html|<html)",
    "an SVG": rb"(?i:<\?xml|<svg)",
}
_JUNK = rb"(?:\xef\xbb\xbf|\s){0,64}"
"""A byte order mark and blanks, which programs that take a picture for text put before it."""

_KNOWN = {name: re.compile(_JUNK + rb"(?=" + sign + rb")", re.DOTALL) for name, sign in
          (_SIGNATURES | _FOREIGN).items()}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A picture file, taken apart.

    Attributes:
        format: one of `FORMATS`.
        stream: the file, without what its pixels do not need.
        frames: how many pictures it announces; 0: its codec must say so.
        exif: block of EXIF data, or empty.
        icc: ICC profile, or empty.
        gamma: exponent by which values were encoded, as PNG's gAMA states it; 0: not stated.
        primaries: x and y of white, red, green and blue, as PNG's cHRM states them, or empty.
    """

    format: str
    stream: bytes
    frames: int = 0
    exif: bytes = b""
    icc: bytes = b""
    gamma: float = 0.0
    primaries: tuple[float, ...] = ()


def identify(content: bytes) -> tuple[str, int]:
    """Tell the format of a file, and where in it the picture begins.

    Raises:
        ImageError: ``unreadable``, saying what the file is where that is known.
    """
    if not content:
        raise ImageError("unreadable", "an empty file")
    for name, pattern in _KNOWN.items():
        if found := pattern.match(content):
            if name in FORMATS:
                return name, found.end()
            raise ImageError("unreadable", f"{name} file is not supported")
    raise ImageError("unreadable", "not a JPEG, PNG, WebP or AVIF file")


_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3


def orientation(exif: bytes) -> int:
    """Read the orientation from a block of EXIF data.

    Args:
        exif: a TIFF header and its first directory, perhaps after ``Exif`` and two zero bytes.

    Returns:
        1 to 8 as EXIF counts them; 1, upright, where the block is damaged or does not say.
    """
    block = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(block[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}L", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, directory)
        for entry in range(count):
            tag, kind, number, value = struct.unpack_from(
                f"{order}HHLH", block, directory + 2 + 12 * entry
            )
            if (tag, kind, number) == (_ORIENTATION, _SHORT, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:  # a directory that lies outside the block
        pass
    return 1
