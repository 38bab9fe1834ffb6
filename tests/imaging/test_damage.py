"""Damaged files: whole pixels are decoded, damaged ones are refused, nothing else is raised."""

import io
import re
import resource
import subprocess
import sys
import time
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging.decode import decode
from colorize.imaging.encode import encode
from colorize.imaging.formats import WRITERS
from colorize.ingest.framing import square
from colorize.sources.boards import verify
from tests.imaging.pictures import chunks, page, rich, saved, spoiled, turned

KINDS = ("PNG", "JPEG", "WEBP", "AVIF")
MILLION = 1_000_000
LIMIT_S = 10.0
MEMORY = 1 << 30


def pixels(content: bytes) -> NDArray[np.uint8]:
    return decode(content, max_pixels=MILLION)


def refusal(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        pixels(content)
    assert caught.value.reason == "unreadable"
    return str(caught.value)


@pytest.mark.parametrize("kind", [b"pHYs", b"tEXt", b"iCCP", b"eXIf"])
def test_a_damaged_chunk_beside_the_pixels_does_no_harm(kind: bytes) -> None:
    whole = rich("PNG")
    assert kind in {found for _, found, _ in chunks(whole)}
    by_pillow = np.asarray(Image.open(io.BytesIO(whole)))
    decoded = pixels(spoiled(whole, kind))
    if kind == b"eXIf":  # not turned
        assert np.abs(decoded.astype(int) - by_pillow[..., ::-1]).max() <= 30
    elif kind == b"iCCP":  # turned, its colours as they stand
        np.testing.assert_array_equal(decoded, np.rot90(by_pillow, -1))
    else:
        np.testing.assert_array_equal(decoded, pixels(whole))


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT"])
def test_a_damaged_chunk_of_pixels_is_refused(kind: bytes) -> None:
    assert "damaged" in refusal(spoiled(rich("PNG"), kind))


def with_stream(content: bytes, change: slice | int) -> bytes:
    """Change the zlib stream of a PNG of one IDAT chunk, and give it the right checksum."""
    at, kind, length = next(chunk for chunk in chunks(content) if chunk[1] == b"IDAT")
    stream = bytearray(content[at + 8 : at + 8 + length])
    if isinstance(change, int):
        stream[change] ^= 0xFF
    else:
        stream = stream[change]
    body = kind + bytes(stream)
    chunk = len(stream).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    return content[:at] + chunk + content[at + 12 + length :]


@pytest.mark.parametrize("interlaced", [False, True])
def test_the_zlib_stream_must_be_whole_but_for_its_own_checksum(interlaced: bool) -> None:
    whole = saved(page().convert("RGB"), "PNG")
    if interlaced:
        whole = interlace(np.asarray(page((37, 29)).convert("RGB")))
        np.testing.assert_array_equal(pixels(whole), np.asarray(page((37, 29)).convert("RGB")))
    assert "damaged" in refusal(with_stream(whole, -1))
    np.testing.assert_array_equal(pixels(with_stream(whole, slice(-4))), pixels(whole))
    assert "missing" in refusal(with_stream(whole, slice(0, -20)))


def interlace(rgb: NDArray[np.uint8]) -> bytes:
    """Write an Adam7 PNG by the specification."""
    lefts, tops = (0, 4, 0, 2, 0, 1, 0), (0, 0, 4, 0, 2, 0, 1)
    steps = (8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)
    raw = b""
    for left, top, (across, down) in zip(lefts, tops, steps, strict=True):
        part = rgb[top::down, left::across]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    head = b"IHDR" + rgb.shape[1].to_bytes(4) + rgb.shape[0].to_bytes(4) + bytes([8, 2, 0, 0, 1])
    out = b"\x89PNG\r\n\x1a\n"
    for body in (head, b"IDAT" + zlib.compress(raw), b"IEND"):
        out += (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    return out


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive"])
def test_a_file_cut_anywhere_gives_all_its_pixels_or_none(kind: str) -> None:
    """From its end on: never a picture that is partly grey or coarse."""
    options = {"progressive": True} if kind == "progressive" else {}
    whole = saved(page((60, 84)).convert("RGB"), "PNG" if kind == "PNG" else "JPEG", **options)
    expected = pixels(whole)
    outcomes = Counter[str]()
    for end in range(40, len(whole), 1 if kind == "PNG" else 3):
        try:
            np.testing.assert_array_equal(pixels(whole[:end]), expected)
            outcomes["decoded"] += 1
        except ImageError as error:
            outcomes[error.reason] += 1
    np.testing.assert_array_equal(pixels(whole[:-2]), expected)
    assert outcomes["decoded"] <= 40
    assert outcomes["unreadable"] > 20


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("junk", [b"\xef\xbb\xbf", b"\r\n", b"\n \r\n\t"])
def test_blanks_before_and_bytes_behind_a_picture_do_no_harm(kind: str, junk: bytes) -> None:
    whole = rich(kind)
    np.testing.assert_array_equal(pixels(junk + whole), pixels(whole))
    np.testing.assert_array_equal(pixels(whole + b"<!-- cache -->"), pixels(whole))


def test_jpegs_with_odd_bytes_are_decoded() -> None:
    whole = saved(page((64, 88)), "JPEG", quality=90)
    expected = pixels(whole)
    exif = b"\xff\xe1\x00\x20Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\3\0\0\0\1\0\6\0\0"
    jfif = b"\xff\xe0\x00\x08JFIF\0\x01"
    for content in (whole[:-2], whole[:-2] + bytes(12) + whole[-2:], whole + b"\r\n" * 500,
                    whole[:2] + jfif + whole[2:]):  # fmt: skip
        np.testing.assert_array_equal(pixels(content), expected)
    np.testing.assert_array_equal(pixels(whole[:2] + exif + whole[2:]), np.rot90(expected, -1))
    assert "cut short" in refusal(whole[: int(len(whole) * 0.99)])


def codes(content: bytes) -> int:
    """Find where the codes of the first scan of a JPEG begin."""
    scan = content.index(b"\xff\xda")
    return scan + 2 + int.from_bytes(content[scan + 2 : scan + 4])


JPEGS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("RGB", {}),
    "own codes": ("RGB", {"optimize": True}),
    "progressive": ("RGB", {"progressive": True}),
    "restart intervals": ("RGB", {"restart_marker_blocks": 3}),
    "colour in full": ("RGB", {"subsampling": 0}),
    "colour at half the width": ("RGB", {"subsampling": 1}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "CMYK, progressive": ("CMYK", {"progressive": True}),
}


def drawn(kind: str, size: tuple[int, int]) -> bytes:
    mode, options = JPEGS[kind]
    rgb = np.asarray(page(size).convert("RGB")).astype(int)
    rgb += np.random.default_rng(1).integers(-9, 9, rgb.shape)
    image = Image.fromarray(rgb.clip(0, 255).astype(np.uint8))
    return saved(image.convert(mode), "JPEG", quality=90, **options)


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("side", [0, 40])
def test_a_jpeg_that_lost_some_of_its_codes_is_refused(kind: str, side: int) -> None:
    whole = drawn(kind, (300, 420))
    begin = codes(whole)
    decode(whole, max_pixels=MILLION, side=side)
    places = [
        at
        for at in range(begin + 50, len(whole) - 700, 500)
        if not re.search(rb"\xff[^\x00\xd0-\xd7]", whole[at - 1 : at + 701])
    ]
    assert len(places) > 10
    chosen = places[:: len(places) // 6]
    outcomes = Counter(
        outcome(partial(decode, whole[:at] + whole[at + 700 :], max_pixels=MILLION, side=side))
        for at in chosen
    )
    # One wrong code of a progressive scan may stand for many blocks, so that no code is missing.
    assert outcomes["unreadable"] >= len(chosen) * (0.5 if "progressive" in kind else 1)


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 9), (61, 84)])
def test_a_whole_jpeg_is_decoded_whatever_fills_up_the_space_behind_its_codes(
    kind: str, size: tuple[int, int]
) -> None:
    whole = drawn(kind, size)
    image = Image.open(io.BytesIO(whole))
    expected = np.asarray(image.convert("RGB"))
    begin, end = whole[:-2], whole[-2:]
    for content in (whole, begin, begin + b"\xff" * 5 + end, begin + bytes(40) + end,
                    begin + b"junk" + end, whole + b"junk", whole + whole):  # fmt: skip
        np.testing.assert_array_equal(pixels(content), expected)


ARITHMETIC = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEB"
    "YQERMUFRUVDA8XGBYUGBIUFRT/yQALCAAYABgBAREA/8wABgAQEAX/2gAIAQEAAD8A/wDo2c1Nl3CQl+olrzqEujp1Gum4"
    "5ORH869QiWxmluJ2zGFmIRlIOIIUptzyK97RJjDja/rGXrR1+A3YhjQeRd9GHQquNV3uFOTO7jKuPQ2MTHxSp7THPx4LCd"
    "vkc427reVHFXXJFoGjSFe2+ZkgBBJ8t4rsGOPc2l+5F+L/AGHMuvcIILCYgSbnnySOog9tqVUrOWuRrFvhEym4CGb+wP/Z"
)
"""(10 x + 3 y) mod 256 on 24 x 24 pixels, written by libjpeg-turbo's ``cjpeg -arithmetic``."""


def test_an_end_among_the_tables_of_a_jpeg_is_none() -> None:
    whole = saved(page(), "JPEG", qtables=[[0xFF, 0xD9, *[9] * 62]])
    assert b"\xff\xd9" in whole[: codes(whole)]
    np.testing.assert_array_equal(pixels(whole[:-2]), pixels(whole))
    assert "damaged or missing" in refusal(whole[: len(whole) * 9 // 10])


def test_a_jpeg_that_lost_a_restart_marker_is_refused() -> None:
    whole = saved(page((64, 4800)), "JPEG", restart_marker_blocks=8)
    marks = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", whole)]
    assert len(marks) > 20
    pixels(whole)
    for first, last in ((3, 4), (3, 7), (2, 10), (0, 8), (8, -1)):
        damaged = whole[: marks[first]] + whole[marks[last] :]
        assert refusal(damaged) == "unreadable: JPEG: pixels are damaged or missing"


def test_a_jpeg_of_arithmetic_codes_is_decoded_unless_its_end_is_missing() -> None:
    whole = b64decode(ARITHMETIC)
    y, x = np.mgrid[:24, :24]
    assert np.abs(pixels(whole)[..., 0].astype(int) - (10 * x + 3 * y) % 256).mean() < 1
    assert "cut short" in refusal(whole[:-2])


ODD_EXIF = (
    b"Exif\0\0II*\0",
    b"Exif\0\0II+\0" + bytes(20),
    b"nonsense",
    bytes(6),
    turned(0).tobytes(),
)


@pytest.mark.parametrize("exif", ODD_EXIF)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_exif_data_leave_a_picture_upright(kind: str, exif: bytes) -> None:
    image = page((48, 64)).convert("RGB")
    content = saved(image, kind, exif=exif)
    assert pixels(content).shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"GIF89a" + bytes(40), "a GIF file is not supported"),
        (b"\n<!DOCTYPE html>", "an HTML file is not supported"),
        (b"PK\3\4" + bytes(40), "a ZIP file is not supported"),
        (b"nothing", "not a JPEG, PNG, WebP or AVIF file"),
        (rich("AVIF")[:60], "AVIF: damaged header"),
        (rich("JPEG")[:60], "JPEG: no pixels"),
    ],
)
def test_says_what_a_file_is(content: bytes, words: str) -> None:
    assert refusal(content) == f"unreadable: {words}"


SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
from colorize.errors import ImageError
from colorize.imaging.decode import decode
files = [Path(name).read_bytes() for name in sys.argv[1:]]
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), resource.RLIM_INFINITY))
for content in files:
    try:
        print(decode(content, max_pixels=10**9).shape)
    except ImageError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit a process so")
def test_a_picture_too_large_for_the_memory_is_told_and_the_next_is_decoded(tmp_path: Path) -> None:
    for name, side in (("large", 12_000), ("small", 30)):
        Image.new("1", (side, side)).save(tmp_path / f"{name}.png")
    files = [tmp_path / "large.png", tmp_path / "small.png"]
    done = subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, *files], capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "too_many_pixels: too large for this machine's memory",
        "(30, 30, 3)",
    ], done.stderr


EDGES = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1")


def mutants(kind: str, count: int, seed: int) -> Iterator[bytes]:
    """Change, insert and drop bytes, more often near the beginning, where headers are."""
    random = np.random.default_rng(seed)
    sources = [rich(kind), saved(page((40, 56)), kind, exif=turned(8))]
    for number in range(count):
        content = bytearray(sources[number % 2])
        for _ in range(int(random.integers(1, 6))):
            reach = len(content) if random.random() < 0.5 else min(len(content), 400)
            at = int(random.integers(0, max(1, reach)))
            match int(random.integers(0, 6)):
                case 0:
                    del content[at : at + int(random.integers(1, 40))]
                case 1:
                    content[at:at] = random.bytes(int(random.integers(1, 12)))
                case 2:
                    content[at : at + 4] = EDGES[int(random.integers(len(EDGES)))]
                case _:
                    content[at : at + 1] = random.bytes(1)
        reaches = kind == "PNG" and random.random() < 0.7
        yield repaired(bytes(content)) if reaches else bytes(content)


def repaired(content: bytes) -> bytes:
    """Give every chunk of a damaged PNG the right checksum, so that damage reaches the decoder."""
    out = bytearray(content)
    at = 8
    while at + 12 <= len(out):
        end = at + 8 + int.from_bytes(out[at : at + 4])
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[at + 4 : end]).to_bytes(4)
        at = end + 4
    return bytes(out)


def outcome(work: Callable[[], object]) -> str:
    """Give the reason of a refusal, whose words must be one line without addresses."""
    try:
        work()
    except ImageError as error:
        words = str(error)
        if " at 0x" in words or not words.isprintable() or len(words) > 140:
            pytest.fail(f"{words!r} is not fit to be read")
        return error.reason
    return "decoded"


def through_everything(content: bytes) -> str:
    """Decode, frame, encode and verify as a board does; the outcome by its reason."""
    found: list[NDArray[np.uint8]] = []
    decoded = outcome(lambda: found.append(pixels(content)))
    assert outcome(lambda: verify.decoded(content, max_pixels=MILLION)) == decoded
    outcome(lambda: decode(content, max_pixels=MILLION, side=16))
    for rgb in found:
        assert (rgb.ndim, rgb.dtype) == (3, np.uint8)
        assert square(rgb, side=32, framing="pad").shape == (32, 32, 3)
        kind = list(WRITERS)[len(content) % len(WRITERS)]
        assert outcome(partial(encode, rgb, kind=kind)) in {"decoded", "unwritable"}
    return decoded


def fuzz(kind: str, count: int, seed: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes: Counter[str] = Counter()
    for content in mutants(kind, count, seed):
        begin = time.process_time()
        outcomes[through_everything(content)] += 1
        assert time.process_time() - begin < LIMIT_S
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < MEMORY
    assert outcomes["decoded"] > count // 50, outcomes  # the mutants reach the pixels
    assert outcomes["unreadable"] > count // 50, outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_are_decoded_or_refused(kind: str) -> None:
    fuzz(kind, 100, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_mutants_are_decoded_or_refused(kind: str) -> None:
    fuzz(kind, 2000, seed=2)
