"""Copies are found, and pictures of one style are not taken for copies."""

import io
import time
import tracemalloc
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
from colorize.sources import characters

RGB = NDArray[np.uint8]
SIDE = 128


@pytest.fixture(scope="module")
def people() -> list[RGB]:
    drawn = characters.pictures(count=60, side=SIDE, seed=1)
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
    return len(index.nearest(asked, 9)) == 1 and copies.alike(one, other)


@pytest.mark.parametrize(("change", "share"), [(jpeg, 0.95), (halved, 0.95), (cropped, 0.8)])
def test_copies_are_found(people: list[RGB], change: Callable[[RGB], RGB], share: float) -> None:
    assert np.mean([is_found(rgb, change(rgb)) for rgb in people]) >= share


def test_characters_of_one_style_are_no_copies(people: list[RGB]) -> None:
    assert not any(is_found(one, other) for one, other in combinations(people, 2))


def test_repeated_keeps_the_first() -> None:
    digests = np.array([[1, 1], [1, 2], [1, 1], [2, 1], [1, 2], [1, 1]], np.uint64)
    assert copies.repeated(digests).tolist() == [False, False, True, False, True, True]


def alike_hashes(rng: np.random.Generator, count: int, bits: int) -> NDArray[np.uint64]:
    """Hashes of which each differs by up to so many bits from one of twenty, some of them equal."""
    hashes = rng.choice(rng.integers(0, 1 << 64, 20, dtype=np.uint64), count)
    for row, flipped in enumerate(rng.integers(0, bits + 1, count)):
        for bit in rng.choice(64, flipped, replace=False):
            hashes[row] ^= np.uint64(1) << np.uint64(bit)
    return hashes


@pytest.mark.parametrize("most", [1, 3, 10_000])
@pytest.mark.parametrize("bits", [0, 3, 20])
def test_the_index_finds_what_an_exhaustive_search_finds(
    rng: np.random.Generator, most: int, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_CANDIDATES", 500)  # many blocks
    hashes = alike_hashes(rng, 500, bits)
    known, asked = hashes[:300], hashes[300:]
    apart = np.bitwise_count(asked[:, None] ^ known[None]).astype(int)
    expected = [
        (row, other)
        for row in range(len(asked))
        for other in np.argsort(apart[row], kind="stable")[:most]
        if apart[row, other] <= copies.REACH
    ]
    assert len(expected) > 50
    np.testing.assert_array_equal(copies.Index(known).nearest(asked, most), expected)


@pytest.mark.parametrize("bits", [0, 5], ids=["equal", "much alike"])
def test_thousands_of_pictures_that_look_alike_cost_little(
    rng: np.random.Generator, bits: int
) -> None:
    one = np.full(8000, rng.integers(0, 1 << 64, dtype=np.uint64))
    for row, flipped in enumerate(rng.integers(0, bits + 1, len(one))):
        for bit in rng.choice(64, flipped, replace=False):
            one[row] ^= np.uint64(1) << np.uint64(bit)
    tracemalloc.start()
    started = time.process_time()
    index = copies.Index(one)
    found = sum(len(index.nearest(one[n : n + 512], 32)) for n in range(0, len(one), 512))
    took, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == len(one) * 32
    assert peak < 150e6
    assert took < 20


def test_an_empty_index() -> None:
    nothing = np.empty(0, np.uint64)
    assert copies.Index(nothing).nearest(np.ones(3, np.uint64), 9).shape == (0, 2)
    assert copies.Index(np.ones(3, np.uint64)).nearest(nothing, 9).shape == (0, 2)


def test_flat_pictures_do_not_stop_the_comparison() -> None:
    white, red = (np.full((SIDE, SIDE, 3), c, np.uint8) for c in (255, (255, 0, 0)))
    assert not copies.alike(white, red)
