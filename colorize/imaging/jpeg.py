"""Reads JPEG files segment by segment: what their pixels need, and whether they are complete.

Follows ITU T.81 and libjpeg, which passes over bytes between segments and unknown segments.
"""

import re
import struct
from collections.abc import Iterator

from colorize.errors import ImageError
from colorize.imaging.containers import Container

END = b"\xff\xd9"
"""The marker that ends a picture."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends a scan: a marker other than those that divide it."""

_SCAN, _PROGRESSIVE = 0xDA, frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_REMARKS = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Segments of applications, and comments."""

_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"

_FILLING = bytes((37 * number + 11) % 251 for number in range(4096))
"""Bytes without a marker, to put in place of missing ones."""


def parse(content: bytes) -> Container:
    """Take a JPEG file apart, and drop what applications have added. No pixel is decoded.

    Args:
        content: the file, which begins with the marker of a JPEG; its end may be missing.

    Raises:
        ImageError: ``unreadable``: there are no pixels.
    """
    view = memoryview(content)
    kept: list[bytes | memoryview] = [view[:2]]
    exif = b""
    profile: dict[int, bytes] = {}
    for marker, begin, end in _segments(content, 2):
        body = view[begin + 4 : end]
        if marker == _SCAN:
            kept.append(view[begin:])
            icc = b"".join(profile[number] for number in sorted(profile))
            return Container(format="JPEG", stream=b"".join(kept), frames=1, exif=exif, icc=icc)
        if marker == 0xE1 and body[: len(_EXIF)] == _EXIF:
            exif = exif or bytes(body)
        elif marker == 0xE2 and body[: len(_ICC)] == _ICC and len(body) > len(_ICC) + 2:
            profile.setdefault(body[len(_ICC)], bytes(body[len(_ICC) + 2 :]))
        if marker not in _REMARKS or _tells_colours(marker, body):
            kept.append(view[begin:end])
    raise ImageError("unreadable", "JPEG: no pixels")


def is_plain(stream: bytes, scan: int) -> bool:
    """Tell whether a single scan is followed by the marker of the end and nothing else.

    Args:
        stream: of a `Container`.
        scan: where the bytes of the scan begin.
    """
    marker = _MARKER.search(stream, scan)
    return marker is not None and stream[marker.start() :] == END


def has_end(stream: bytes) -> bool:
    """Tell whether the marker of the end follows the pixels."""
    return stream.rfind(END) >= 0


def endings(stream: bytes) -> tuple[bytes, bytes]:
    """Complete a picture that lacks its end, in two ways.

    Both decode to the same pixels where only the end is missing. Where pixels are missing, each
    way fills them in differently.

    Args:
        stream: of a `Container`.

    Raises:
        ImageError: ``unreadable``: whole scans are missing.
    """
    if not _has_all_scans(stream):
        raise ImageError("unreadable", "JPEG: cut short")
    return stream + _FILLING + END, stream + bytes(250 - byte for byte in _FILLING) + END


def _segments(content: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield marker, begin and end of each segment that is there in whole, up to the last scan."""
    while (found := _MARKER.search(content, at)) and found.end() + 2 <= len(content):
        begin, marker = found.start(), content[found.end() - 1]
        if marker == END[1]:
            return
        if marker in _BARE:
            at = found.end()
            continue
        (length,) = struct.unpack_from(">H", content, found.end())
        at = found.end() + max(2, length)
        if at > len(content):
            return
        yield marker, begin, at


def _tells_colours(marker: int, body: memoryview) -> bool:
    """Tell whether an application's segment says what the components of a pixel mean."""
    jfif = marker == 0xE0 and bytes(body[:5]) == b"JFIF\0" and len(body) >= 14
    return jfif or (marker == 0xEE and bytes(body[:5]) == b"Adobe" and len(body) >= 12)


def _has_all_scans(stream: bytes) -> bool:
    """Tell whether the scans bring every coefficient of every component to its last bit."""
    missing: set[tuple[int, int]] = set()
    progressive = False
    for marker, begin, end in _segments(stream, 2):
        body = stream[begin + 4 : end]
        if marker in _FRAMES and len(body) >= 6:
            progressive = marker in _PROGRESSIVE
            names = body[6 : 6 + 3 * body[5] : 3]
            missing = {(name, number) for name in names for number in range(64)}
        elif marker == _SCAN and len(body) == 4 + 2 * body[0]:
            first, last, precision = body[-3:] if progressive else (0, 63, 0)
            if precision & 15 == 0:
                numbers = range(first, last + 1)
                missing -= {(name, n) for name in body[1:-3:2] for n in numbers}
    return not missing
