"""Copies are found, and pictures of one style are not taken for copies."""

import io
from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.imaging.decode import decode
from colorize.ingest import copies
from colorize.ingest.framing import square
from colorize.sources import sample

RGB = NDArray[np.uint8]
SIDE = 128


@pytest.fixture(scope="module")
def characters() -> list[RGB]:
    drawn = sample.pictures(count=60, side=SIDE, seed=1)
    return [decode(picture.content, max_pixels=10**6) for picture in drawn]


def jpeg(rgb: RGB) -> RGB:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=50)
    return decode(out.getvalue(), max_pixels=10**6)


def halved(rgb: RGB) -> RGB:
    small = cv2.resize(rgb, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)
    return square(small, side=SIDE, framing="crop")


def cropped(rgb: RGB) -> RGB:
    return square(rgb[2:, 1:-3], side=SIDE, framing="crop")


def is_found(one: RGB, other: RGB) -> bool:
    index = copies.Index(np.array([copies.perceptual_hash(one)], np.uint64))
    asked = np.array([copies.perceptual_hash(other)], np.uint64)
    return len(index.near(asked)) == 1 and copies.alike(one, other)


@pytest.mark.parametrize(("change", "share"), [(jpeg, 0.95), (halved, 0.95), (cropped, 0.8)])
def test_copies_are_found(
    characters: list[RGB], change: Callable[[RGB], RGB], share: float
) -> None:
    assert np.mean([is_found(rgb, change(rgb)) for rgb in characters]) >= share


def test_characters_of_one_style_are_no_copies(characters: list[RGB]) -> None:
    assert not any(is_found(one, other) for one, other in combinations(characters, 2))


def test_repeated_keeps_the_first() -> None:
    digests = np.array([[1, 1], [1, 2], [1, 1], [2, 1], [1, 2], [1, 1]], np.uint64)
    assert copies.repeated(digests).tolist() == [False, False, True, False, True, True]


def test_the_index_finds_what_an_exhaustive_search_finds(rng: np.random.Generator) -> None:
    hashes = rng.integers(0, 1 << 64, 300, dtype=np.uint64)
    near = hashes.copy()
    for row, bits in enumerate(rng.integers(0, 20, 300)):
        for bit in rng.choice(64, bits, replace=False):
            near[row] ^= np.uint64(1) << np.uint64(bit)
    apart = np.bitwise_count(near[:, None] ^ hashes[None])
    expected = np.argwhere(apart <= copies.REACH)
    np.testing.assert_array_equal(copies.Index(hashes).near(near), expected)
    assert 100 < len(expected) < 300


def test_an_empty_index() -> None:
    nothing = np.empty(0, np.uint64)
    assert copies.Index(nothing).near(np.ones(3, np.uint64)).shape == (0, 2)
    assert copies.Index(np.ones(3, np.uint64)).near(nothing).shape == (0, 2)


def test_flat_pictures_do_not_stop_the_comparison() -> None:
    white, red = (np.full((SIDE, SIDE, 3), c, np.uint8) for c in (255, (255, 0, 0)))
    assert not copies.alike(white, red)
