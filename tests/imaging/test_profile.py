"""Colour profiles in every mode, against figures by the formulas of the standards."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.imaging.decode import decode
from tests.imaging.pictures import DOT_GAIN, LINEAR, REFLECTED, SWAPPED, page, saved

COLOUR = (200, 100, 50)


def pixels(content: bytes) -> NDArray[np.int64]:
    return decode(content, max_pixels=1_000_000).astype(int)


def encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light to values of sRGB, in 0..255; IEC 61966-2-1."""
    curve = 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    return 255 * np.where(light <= 0.0031308, 12.92 * light, curve)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "transparent P"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_swapped_primaries_swap_colours_in_every_mode(mode: str, kind: str) -> None:
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    image = Image.new("RGB", (8, 8), COLOUR)
    if mode == "RGBA":
        image.putalpha(255)
    elif mode != "RGB":
        image = image.quantize(4)
        if kind == "WEBP":
            pytest.skip("WebP has no palettes")
        if mode == "transparent P":
            options["transparency"] = bytes([255, 0, 0, 0])
    actual = pixels(saved(image, kind, icc_profile=SWAPPED, **options))
    light = (np.array(COLOUR[::-1]) / 255) ** 2.2
    assert np.abs(actual - encoded(light)).max() <= 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "AVIF"])
def test_a_curve_is_applied(kind: str) -> None:
    image = Image.new("RGB", (16, 16), COLOUR)
    actual = pixels(saved(image, kind, icc_profile=LINEAR, quality=100))
    assert np.abs(actual - encoded(np.array(COLOUR) / 255)).max() <= 3


def grey(mode: str) -> Image.Image:
    image = page()
    if mode == "I;16":
        return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    return image.quantize(16) if mode == "P" else image.convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "RGB", "RGBA"])
def test_a_profile_of_greys_is_applied_in_every_mode(mode: str) -> None:
    expected = encoded(REFLECTED)[np.asarray(page())]
    actual = pixels(saved(grey(mode), "PNG", icc_profile=DOT_GAIN))
    assert np.abs(actual - expected[..., None]).max() <= 2
    plain = pixels(saved(grey(mode), "PNG"))
    assert actual.mean() - plain.mean() > 4


def test_a_profile_of_greys_is_applied_to_a_jpeg() -> None:
    expected = encoded(REFLECTED)[np.asarray(page())]
    actual = pixels(saved(page(), "JPEG", quality=95, icc_profile=DOT_GAIN))
    assert np.abs(actual.mean() - expected.mean()) <= 0.5


def test_a_profile_of_colours_is_applied_to_greys() -> None:
    expected = encoded(np.asarray(page()) / 255)
    assert np.abs(pixels(saved(page(), "PNG", icc_profile=LINEAR)) - expected[..., None]).max() <= 2


BROKEN = [b"nonsense" * 40, DOT_GAIN, LINEAR[:200], bytes(128), LINEAR.replace(b"RGB ", b"RG\xb3 ")]


@pytest.mark.parametrize("profile", BROKEN)
def test_a_profile_that_is_broken_or_of_another_kind_is_passed_over(profile: bytes) -> None:
    image = Image.new("RGB", (8, 8), COLOUR)
    assert (pixels(saved(image, "PNG", icc_profile=profile)) == COLOUR).all()
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    plain, odd = (pixels(saved(cmyk, "JPEG", icc_profile=p)) for p in (None, profile))
    np.testing.assert_array_equal(odd, plain)


def with_chunks(content: bytes, **chunks: bytes) -> bytes:
    """Put chunks behind the header of a PNG."""
    added = b""
    for kind, body in chunks.items():
        named = kind.encode() + body
        added += len(body).to_bytes(4) + named + zlib.crc32(named).to_bytes(4)
    return content[:33] + added + content[33:]


SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
SWAPPED_PRIMARIES = (31270, 32900, 15000, 6000, 30000, 60000, 64000, 33000)


@pytest.mark.parametrize(
    ("gamma", "primaries", "light"),
    [
        (100_000, None, np.array(COLOUR) / 255),
        (100_000, SRGB, np.array(COLOUR) / 255),
        (55_556, None, (np.array(COLOUR) / 255) ** 1.8),
        (100_000, SWAPPED_PRIMARIES, np.array(COLOUR[::-1]) / 255),
    ],
)
def test_gamma_and_primaries_without_a_profile(
    gamma: int, primaries: tuple[int, ...] | None, light: NDArray[np.float64]
) -> None:
    chunks = {"gAMA": struct.pack(">L", gamma)}
    if primaries:
        chunks["cHRM"] = struct.pack(">8L", *primaries)
    content = with_chunks(saved(Image.new("RGB", (300, 300), COLOUR), "PNG"), **chunks)
    assert np.abs(pixels(content) - encoded(light)).max() <= 1


def test_gamma_of_greys() -> None:
    content = with_chunks(saved(page(), "PNG"), gAMA=struct.pack(">L", 100_000))
    expected = encoded(np.asarray(page()) / 255)
    assert np.abs(pixels(content) - expected[..., None]).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": struct.pack(">L", 45_455), "cHRM": struct.pack(">8L", *SRGB)},
        {"gAMA": struct.pack(">L", 100_000), "sRGB": b"\0"},
        {"gAMA": bytes(4)},
        {"gAMA": struct.pack(">L", 45_455), "cHRM": bytes(32)},
        {"gAMA": struct.pack(">L", 45_455), "cHRM": struct.pack(">8L", *[33_000] * 8)},
        {"gAMA": b"\xff\xff\xff\xff", "cHRM": b"\xff" * 32},
        {"cHRM": struct.pack(">8L", *SWAPPED_PRIMARIES)},
    ],
)
def test_figures_that_say_srgb_or_nothing_change_no_pixel(chunks: dict[str, bytes]) -> None:
    content = with_chunks(saved(Image.new("RGB", (8, 8), COLOUR), "PNG"), **chunks)
    assert (pixels(content) == COLOUR).all()
