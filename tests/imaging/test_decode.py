import io
import re
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging import decode as decoding
from colorize.ingest.framing import square

MILLION = 1_000_000
Draw = Callable[..., NDArray[np.uint8]]
Encode = Callable[..., bytes]


def decode(content: bytes) -> NDArray[np.uint8]:
    return decoding.decode(content, max_pixels=MILLION)


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 95, "subsampling": 0}, 4),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 4),
    ],
)
def test_formats(drawing: Draw, encoded: Encode, kind: str, options: dict, tolerance: int) -> None:
    rgb = cv2.GaussianBlur(drawing(1, 48, 80), (0, 0), 3)  # edges would test the codec, not us
    actual = decode(encoded(rgb, kind, **options))
    assert (actual.shape, actual.dtype) == (rgb.shape, np.uint8)
    assert np.abs(actual.astype(int) - rgb).mean() <= tolerance


def test_grey_of_8_and_16_bit(encoded: Encode) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    expected = np.repeat(ramp[..., None], 3, axis=2)
    np.testing.assert_array_equal(decode(encoded(ramp)), expected)
    np.testing.assert_array_equal(decode(encoded(ramp.astype(np.uint16) * 257)), expected)


def test_colour_of_16_bit() -> None:
    rgb = np.arange(0, 65536, 43, dtype=np.uint16)[: 8 * 16 * 3].reshape(8, 16, 3)
    _, content = cv2.imencode(".png", rgb[..., ::-1])
    actual = decode(content.tobytes()).astype(int)
    assert np.abs(actual - rgb / 257).max() <= 1


def test_palette_and_one_bit(drawing: Draw) -> None:
    palette = Image.fromarray(drawing(2)).convert("P", palette=Image.Palette.ADAPTIVE)
    bits = Image.fromarray(drawing(2)).convert("1")
    for image in (palette, bits):
        out = io.BytesIO()
        image.save(out, "PNG")
        np.testing.assert_array_equal(decode(out.getvalue()), np.asarray(image.convert("RGB")))


def test_cmyk_is_turned_to_rgb() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(out, "JPEG", quality=95)
    red = decode(out.getvalue()).reshape(-1, 3).mean(axis=0)
    assert red[0] > 200
    assert max(red[1:]) < 60


def test_alpha_is_laid_on_white(encoded: Encode) -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    rgba[0, 1] = (0, 0, 0, 128)
    assert decode(encoded(rgba)).tolist() == [
        [[255, 0, 0], [127, 127, 127]],
        [[255, 255, 255], [255, 255, 255]],
    ]


def test_a_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    assert decode(out.getvalue()).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def written_png(depth: int, colour: int, row: bytes, key: bytes) -> bytes:
    """A PNG of one pixel with a transparent colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">LLBBBBB", 1, 1, depth, colour, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"tRNS", key),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*of) for of in chunks)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_any_depth_becomes_white(depth: int) -> None:
    top = 2**depth - 1
    for value in {0, top // 3, top // 2, top}:
        row = struct.pack(">H", value) if depth == 16 else bytes([value << (8 - depth)])
        key, other = (struct.pack(">H", of) for of in (value, value ^ (top // 2 or 1)))
        assert decode(written_png(depth, 0, row, key)).tolist() == [[[255] * 3]]
        grey = round(255 * value / top)
        assert decode(written_png(depth, 0, row, other)).tolist() == [[[grey] * 3]]


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_of_any_depth_becomes_white(depth: int) -> None:
    values = (0x12, 0x56, 0x9A) if depth == 8 else (0x1200, 0x5600, 0x9A00)
    row = struct.pack(">3B" if depth == 8 else ">3H", *values)
    key, other = struct.pack(">3H", *values), struct.pack(">3H", 0x12, 0x56, 0x99)
    assert decode(written_png(depth, 2, row, key)).tolist() == [[[255] * 3]]
    assert decode(written_png(depth, 2, row, other)).tolist() == [[[0x12, 0x56, 0x9A]]]


@pytest.mark.parametrize(("orientation", "turns"), [(6, -1), (8, 1), (3, 2)])
def test_exif_orientation(drawing: Draw, orientation: int, turns: int) -> None:
    rgb = drawing(3, 24, 40)
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", exif=exif)
    np.testing.assert_array_equal(decode(out.getvalue()), np.rot90(rgb, turns))


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_rejects_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode(content)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_rejects_a_file_cut_short(encoded: Encode, rng, kind: str, share: float) -> None:  # noqa: ANN001
    content = encoded(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), kind)
    with pytest.raises(ImageError, match="unreadable"):
        decode(content[: int(len(content) * share)])


def test_rejects_too_many_pixels_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 100-megapixel PNG of 100 kB: the header is enough to refuse it."""
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(ImageError, match="too_many_pixels"):
        decode(out.getvalue())


def test_rejects_too_many_pixels_beyond_pillows_own_limit() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(ImageError, match="too_many_pixels"):
        decode(out.getvalue())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_rejects_animation(drawing: Draw, kind: str) -> None:
    frames = [Image.fromarray(drawing(n)) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="animated"):
        decode(out.getvalue())


def test_rejects_a_jpeg_of_countless_scans_before_decoding(drawing: Draw) -> None:
    """A scan of a few bytes costs as much as one of all pixels."""
    out = io.BytesIO()
    Image.fromarray(drawing(3, 600, 600)).convert("L").save(out, "JPEG", progressive=True)
    content = out.getvalue()
    scans = [found.start() for found in re.finditer(b"\xff\xda", content)]
    assert decode(content).shape == (600, 600, 3)
    bomb = content[:-2] + 5000 * content[scans[-1] : -2] + content[-2:]
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(bomb)


@pytest.mark.parametrize(
    ("kind", "before", "part"),
    [
        ("PNG", b"\0\0.{2}IDAT", b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4)),
        ("JPEG", b"\xff\xdb", b"\xff\xdb\0\2"),
    ],
)
def test_rejects_countless_parts(drawing: Draw, kind: str, before: bytes, part: bytes) -> None:
    out = io.BytesIO()
    Image.fromarray(drawing(3, 20, 20)).save(out, kind)
    content = out.getvalue()
    found = re.search(before, content, re.DOTALL)
    assert found
    begin, rest = content[: found.start()], content[found.start() :]
    assert decode(begin + 1000 * part + rest).shape == (20, 20, 3)
    with pytest.raises(ImageError, match="more than 200000"):
        decode(begin + 300_000 * part + rest)


def test_rejects_too_many_bytes_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x" * 11)
    with pytest.raises(ImageError, match="too_many_bytes"):
        decoding.read(path, max_bytes=10)
    with pytest.raises(ImageError, match="unreadable"):
        decoding.read(tmp_path / "none.png", max_bytes=10)


def as_jpeg(rgb: NDArray[np.uint8], **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", **options)
    return out.getvalue()


def page(kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw 1200 x 1700 pixels of one kind of detail."""
    rgb = np.full((1700, 1200, 3), 255, np.uint8)
    if kind == "tone":
        y, x = np.mgrid[:1700, :1200]
        rgb[(x // 3 + y // 3) % 2 == 0] = 0
    elif kind == "noise":
        rgb = rng.integers(0, 256, rgb.shape, dtype=np.uint8)
    else:
        width = {"thin": 2, "bold": 9}.get(kind, -1)
        for _ in range(300):
            centre, size = rng.integers(0, 1200, 2).tolist(), int(rng.integers(20, 200))
            cv2.circle(rgb, centre, size, rng.integers(0, 256, 3).tolist(), width, cv2.LINE_AA)
        if kind == "painted":
            rgb = cv2.GaussianBlur(rgb, (0, 0), 3)
    return rgb


@pytest.mark.parametrize("kind", ["tone", "noise", "thin", "bold", "filled", "painted"])
@pytest.mark.parametrize("side", [64, 200, 256, 300])
def test_reduced_decoding_keeps_48_db(kind: str, side: int, rng: np.random.Generator) -> None:
    content = as_jpeg(page(kind, rng), quality=90)
    full, quick = (
        square(
            decoding.decode(content, max_pixels=4 * MILLION, side=given), side=side, framing="crop"
        )
        for given in (0, side)
    )
    error = ((full.astype(float) - quick) ** 2).mean()
    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 48


def test_large_smooth_jpegs_are_decoded_at_a_reduced_size(rng: np.random.Generator) -> None:
    painted = as_jpeg(page("painted", rng), quality=90)

    def shape(side: int) -> tuple[int, ...]:
        return decoding.decode(painted, max_pixels=4 * MILLION, side=side).shape

    assert [shape(side) for side in (267, 266, 76, 75)] == [
        (1700, 1200, 3),
        (850, 600, 3),
        (850, 600, 3),
        (425, 300, 3),
    ]


def test_a_jpeg_with_too_few_rows_to_tell_its_detail_is_decoded_in_full() -> None:
    flat = as_jpeg(np.full((90, 90, 3), 200, np.uint8))
    assert decoding.decode(flat, max_pixels=MILLION, side=10).shape == (90, 90, 3)
    flat = as_jpeg(np.full((94, 94, 3), 200, np.uint8))
    assert decoding.decode(flat, max_pixels=MILLION, side=10).shape == (47, 47, 3)


def test_reduced_decoding_finds_the_same_damage(rng: np.random.Generator) -> None:
    content = as_jpeg(page("painted", rng))
    with pytest.raises(ImageError, match="unreadable"):
        decoding.decode(content[: len(content) // 2], max_pixels=4 * MILLION, side=256)


def by_pillow(content: bytes, scale: int = 1) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(content))
    image.draft(None, (image.width // scale, image.height // scale))
    return np.asarray(image)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subsampling": 0},
        {"subsampling": 1},
        {"restart_marker_blocks": 5},
        {"keep_rgb": True},
        {"progressive": True},
    ],
)
@pytest.mark.parametrize(("side", "scale"), [(0, 1), (100, 2), (31, 4), (7, 8)])
def test_jpegs_are_decoded_as_by_pillow(
    drawing: Draw, options: dict[str, Any], side: int, scale: int
) -> None:
    content = as_jpeg(cv2.GaussianBlur(drawing(6, 701, 501), (0, 0), 9), **options)
    actual = decoding.decode(content, max_pixels=MILLION, side=side)
    np.testing.assert_array_equal(actual, by_pillow(content, scale))


def test_finds_every_damage_of_a_jpeg_that_pillow_finds_and_more(drawing: Draw) -> None:
    whole = as_jpeg(drawing(6))
    random = np.random.default_rng(0)
    outcomes = Counter[str]()
    for _ in range(600):
        damaged = bytearray(whole)
        for position in random.integers(whole.index(b"\xff\xda") + 14, len(whole), 3):
            damaged[position] = random.choice([0xFF, random.integers(0, 256)])
        try:
            expected = by_pillow(bytes(damaged))
        except OSError:
            if b"\xff\xd9" not in damaged:  # its end is missing, so its pixels may be there
                continue
            with pytest.raises(ImageError, match="unreadable"):
                decode(bytes(damaged))
            outcomes["refused by both"] += 1
            continue
        try:
            actual = decode(bytes(damaged))
        except ImageError:
            outcomes["refused"] += 1
        else:
            np.testing.assert_array_equal(actual, expected)
            outcomes["decoded by both"] += 1
    assert min(outcomes[kind] for kind in ("refused by both", "decoded by both", "refused")) > 20


def test_threads_decode_alike_and_leave_the_warnings_as_they_were(drawing: Draw) -> None:
    """Pillow warns of each of these files, which is an error here unless it is ignored."""
    short = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\3\0\0\0\1\0\6\0\0"
    whole = as_jpeg(drawing(6, 24, 40))
    large = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(large, "PNG")
    files = [
        whole[:2] + b"\xff\xe1" + (len(short) + 2).to_bytes(2) + short + whole[2:],
        large.getvalue(),
    ]
    for file in files:
        with (
            pytest.warns(UserWarning if file is files[0] else RuntimeWarning),
            Image.open(io.BytesIO(file)) as image,
        ):
            image.getexif()

    def outcome(content: bytes) -> object:
        try:
            return decode(content).shape
        except ImageError as error:
            return str(error)

    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, files * 200))
    assert outcomes == [(40, 24, 3), "too_many_pixels: 10000 x 9000 pixels"] * 200
    assert warnings.filters == before


def test_whoever_ends_first_the_warnings_are_restored_by_the_last() -> None:
    before = list(warnings.filters)
    first, second = decoding._boundary(), decoding._boundary()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warnings.warn("is ignored, as the second one is within", UserWarning, stacklevel=1)
    second.__exit__(None, None, None)
    assert warnings.filters == before
    with pytest.raises(UserWarning, match="is an error again"):
        warnings.warn("is an error again", UserWarning, stacklevel=1)
