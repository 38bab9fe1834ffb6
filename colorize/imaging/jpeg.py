"""Reads JPEG files segment by segment: what their pixels need, and whether they are complete.

Follows ITU T.81 and libjpeg, which passes over bytes between segments and unknown segments.
"""

import re
import struct
from collections.abc import Iterator

from colorize.errors import ImageError
from colorize.imaging.containers import MAX_PARTS, Container

END = b"\xff\xd9"
"""The marker that ends a picture."""

MAX_SCANS = 100
"""Of a progressive picture. Encoders write about ten."""

DAMAGED = "pixels are damaged or missing"

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends a scan: a marker other than those that divide it."""

_DIVISION = re.compile(rb"\xff[^\x00\xff]")
"""What ends a run of codes: a marker of any kind. Before it further bytes of 0xFF may stand."""

_SCAN, _PROGRESSIVE = 0xDA, frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ARITHMETIC = frozenset(range(0xC9, 0xD0))
_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_REMARKS = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Segments of applications, and comments."""

_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"

_FILLING = bytes((37 * number + 11) % 251 for number in range(64))
"""Codes to put in place of missing ones, for which libjpeg reads zeros; no marker is among them."""


def parse(content: bytes) -> Container:
    """Take a JPEG file apart, and drop what applications have added. No pixel is decoded.

    Args:
        content: the file, which begins with the marker of a JPEG. Where the marker of its end is
            missing it is added.

    Raises:
        ImageError: ``unreadable``: there are no pixels, or whole scans are missing.
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
            stream = b"".join(kept)
            if content.find(END, begin) < 0:
                stream = _ended(stream)
            return Container(format="JPEG", stream=stream, frames=1, exif=exif, icc=icc)
        if marker == 0xE1 and body[: len(_EXIF)] == _EXIF:
            exif = exif or bytes(body)
        elif marker == 0xE2 and body[: len(_ICC)] == _ICC and len(body) > len(_ICC) + 2:
            profile.setdefault(body[len(_ICC)], bytes(body[len(_ICC) + 2 :]))
        if marker not in _REMARKS or _tells_colours(marker, body):
            kept.append(view[begin:end])
    raise ImageError("unreadable", "JPEG: no pixels")


def check_scans(stream: bytes) -> None:
    """See that a picture has no more scans than encoders write.

    Decoding goes over all pixels for each scan, however few bytes it has.

    Args:
        stream: of a `Container`.

    Raises:
        ImageError: ``unreadable``: it has more.
    """
    scans = 0
    for marker, _, _ in _segments(stream, 2):
        scans += marker == _SCAN
        if scans > MAX_SCANS:
            raise ImageError("unreadable", f"JPEG: more than {MAX_SCANS} scans")


def filled(stream: bytes) -> bytes:
    """Put further codes behind those of every restart interval, and an interval behind every scan.

    Pixels whose codes are all there do not change, because decoders skip what they do not need.
    Where damage has left too few codes, the further ones are decoded and the pixels differ. Damage
    that leaves as many codes or more than the pixels need is not found.

    Args:
        stream: of a `Container`. A stream of arithmetic codes is returned as it is: they may end
            before the pixels do.

    Raises:
        ImageError: ``unreadable``: a marker between restart intervals is missing.
    """
    if _is_arithmetic(stream):
        return stream
    parts = []
    done = 0
    for marker, _, end in _segments(stream, 2):
        if marker != _SCAN:
            continue
        for number, division in enumerate(_DIVISION.finditer(stream, end)):
            parts += [stream[done : division.start()].rstrip(b"\xff"), _FILLING]
            done = division.start()
            restart = 0xD0 + number % 8
            if not 0xD0 <= stream[done + 1] <= 0xD7:
                parts += [bytes((0xFF, restart)), _FILLING]  # the last intervals may be missing
                break
            if stream[done + 1] != restart:
                raise ImageError("unreadable", f"JPEG: {DAMAGED}")
    return b"".join([*parts, stream[done:]])


def _ended(stream: bytes) -> bytes:
    """Add the marker of the end, which is missing, unless whole scans are missing as well."""
    # Arithmetic codes do not show where they end, so some of them may be missing.
    if _is_arithmetic(stream) or not _has_all_scans(stream):
        raise ImageError("unreadable", "JPEG: cut short")
    return stream + END


def _segments(content: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield marker, begin and end of each segment that is there in whole, up to the last scan."""
    count = 0
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
        count += 1
        if count > MAX_PARTS:
            raise ImageError("unreadable", f"JPEG: more than {MAX_PARTS} segments")
        yield marker, begin, at


def _tells_colours(marker: int, body: memoryview) -> bool:
    """Tell whether an application's segment says what the components of a pixel mean."""
    jfif = marker == 0xE0 and bytes(body[:5]) == b"JFIF\0" and len(body) >= 14
    return jfif or (marker == 0xEE and bytes(body[:5]) == b"Adobe" and len(body) >= 12)


def _is_arithmetic(stream: bytes) -> bool:
    frame = next((marker for marker, _, _ in _segments(stream, 2) if marker in _FRAMES), 0)
    return frame in _ARITHMETIC


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
