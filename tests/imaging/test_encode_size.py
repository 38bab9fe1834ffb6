import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.imaging import encode

Encoded = Callable[..., bytes]


def decoded(content: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("quality", [*range(5, 100, 10), 98, 100])
def test_the_quality_of_a_jpeg_is_found(mode: str, quality: int, encoded: Encoded) -> None:
    pixels = np.full((16, 16) if mode == "L" else (16, 16, 3), 100, np.uint8)
    assert encode.jpeg_quality(encoded(pixels, "JPEG", quality=quality)) == quality


def test_of_what_is_no_jpeg_no_quality_is_found(encoded: Encoded) -> None:
    content = encoded(np.full((16, 16), 100, np.uint8), "JPEG")
    for wrong in (b"", b"\xff\xd8", content[:30], b"\x89PNG" + content, b"\xff\xd8" * 50):
        assert encode.jpeg_quality(wrong) is None


def test_a_jpeg_is_saved_near_the_quality_of_its_original(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (200, 200, 3)).astype(np.uint8)
    content = {
        quality: encode.encode(pixels, kind=".jpg", quality=quality)
        for quality in (None, 30, 80, 92, 99)
    }
    found = {quality: encode.jpeg_quality(file) for quality, file in content.items()}
    assert found == {None: 95, 30: 75, 80: 80, 92: 92, 99: 95}
    assert len(content[80]) < len(content[None]) / 2


@pytest.mark.parametrize("colours", [1, 2, 255, 256, 257])
def test_a_png_of_few_colours_has_a_palette_and_loses_nothing(
    colours: int, rng: np.random.Generator
) -> None:
    palette = rng.permutation(np.unique(rng.integers(0, 256, (2000, 3)), axis=0))[:colours]
    pixels = palette[rng.integers(0, colours, (70, 90))].astype(np.uint8)
    pixels.reshape(-1, 3)[:colours] = palette
    content = encode.encode(pixels, kind=".png")
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == ("P" if colours <= 256 else "RGB")
    np.testing.assert_array_equal(decoded(content), pixels)


def test_a_grey_png_is_one_and_loses_nothing(rng: np.random.Generator) -> None:
    grey = rng.integers(0, 256, (70, 90, 1)).astype(np.uint8)
    pixels = np.repeat(grey, 3, axis=2)
    content = encode.encode(pixels, kind=".png")
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == "L"
    np.testing.assert_array_equal(decoded(content), pixels)


def test_a_layer_keeps_its_alpha(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 2, (7, 9, 4)).astype(np.uint8) * 255
    np.testing.assert_array_equal(decoded(encode.encode(pixels, kind=".png")), pixels)


def test_a_png_written_fast_loses_nothing_and_is_as_small(rng: np.random.Generator) -> None:
    """A page with the grain of a scan, and one of few colours."""
    grain = rng.integers(-9, 10, (300, 200, 1))
    shades = np.linspace((60, 90, 140), (240, 220, 160), 200)
    pixels = (shades + grain).clip(0, 255).astype(np.uint8)
    fast, slow = (encode.encode(pixels, kind=".png", fast=fast) for fast in (True, False))
    np.testing.assert_array_equal(decoded(fast), pixels)
    assert fast != slow
    assert len(fast) < 1.1 * len(slow)
    few = np.repeat(rng.integers(0, 256, (70, 90, 1)).astype(np.uint8), 3, axis=2)
    assert encode.encode(few, kind=".png", fast=True) == encode.encode(few, kind=".png")


def test_a_layer_written_fast_keeps_its_alpha(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (70, 90, 4)).astype(np.uint8)
    np.testing.assert_array_equal(decoded(encode.encode(pixels, kind=".png", fast=True)), pixels)
