"""The size at which the network sees a page."""

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.ingest.gutters import Box
from colorize.paint.scale import MOST, PANEL, SEEN_PIXELS, panels_of, side_of, sizes_of


def page(rows: int, columns: int, *, height: int = 900, width: int = 640) -> NDArray[np.uint8]:
    """White paper with grey panels and gutters of 20 pixels."""
    made = np.full((height, width), 255, np.uint8)
    tall, wide = (height - 20) // rows, (width - 20) // columns
    for row in range(rows):
        for column in range(columns):
            top, left = 20 + row * tall, 20 + column * wide
            made[top : top + tall - 20, left : left + wide - 20] = 90 + 30 * ((row + column) % 3)
    return made


def chosen(drawn: NDArray[np.uint8], side: int) -> int:
    """Short side of a page with the panels that are found on it."""
    return side_of(drawn.shape, side, panels_of(drawn))


def test_a_page_without_gutters_is_seen_as_trained() -> None:
    picture = np.random.default_rng(0).integers(0, 200, (900, 640), np.uint8)
    assert chosen(picture, 256) == 256


def test_small_panels_are_seen_larger() -> None:
    sides = [chosen(page(rows, columns), 100) for rows, columns in ((1, 1), (2, 1), (2, 2))]
    assert sides == sorted(set(sides))
    typical = np.sqrt((900 - 20) / 2 - 20) * np.sqrt((640 - 20) / 2 - 20)
    assert sides[-1] == pytest.approx(100 * PANEL * 640 / typical, rel=0.05)


def test_there_is_a_limit() -> None:
    assert chosen(page(6, 4), 100) == round(100 * MOST)


def test_the_size_of_the_scan_does_not_matter() -> None:
    small = page(3, 2)
    large = small.repeat(2, 0).repeat(2, 1)
    assert chosen(large, 100) == pytest.approx(chosen(small, 100), abs=6)
    sizes = [sizes_of(panels_of(drawn), drawn.shape, 100) for drawn in (small, large)]
    np.testing.assert_allclose(*sizes, atol=6)


@pytest.mark.parametrize("shape", [(1, 1), (3000, 200), (64, 64), (200, 3000)])
def test_strips_and_small_pictures_are_seen_as_trained(shape: tuple[int, int]) -> None:
    drawn = np.full(shape, 255, np.uint8)
    assert panels_of(drawn) == []
    assert chosen(drawn, 64) == 64


def test_a_strip_of_panels_is_one_picture() -> None:
    assert len(panels_of(page(4, 1, height=1900))) == 4
    assert panels_of(page(4, 1, height=1930)) == []


def test_a_square_panel_is_seen_as_trained() -> None:
    boxes = [Box(0, 0, 400, 400), Box(0, 0, 100, 100)]
    assert sizes_of(boxes, (1000, 800), 200) == [(200, 200), (100, 100)]
    assert sizes_of(boxes, (100, 80), 200) == [(200, 200), (200, 200)]


@pytest.mark.parametrize("long", [800, 1200])
def test_of_an_oblong_panel_the_short_side_counts_more(long: int) -> None:
    (flat,) = sizes_of([Box(0, 0, 400, long)], (2000, 1400), 200)
    (tall,) = sizes_of([Box(0, 0, long, 400)], (2000, 1400), 200)
    assert flat == tall[::-1]
    assert flat[1] / flat[0] == pytest.approx(long / 400, rel=0.02)
    assert 200 * (400 / long) ** 0.5 < flat[0] < 200
    assert flat[0] ** 3 * flat[1] == pytest.approx(200**4, rel=0.05)


def test_many_panels_share_the_pixels() -> None:
    boxes = [Box(0, 0, 300, 300)] * 40
    sizes = sizes_of(boxes, (2000, 1400), 256)
    total = sum(height * width for height, width in sizes)
    assert total == pytest.approx(SEEN_PIXELS, rel=0.02)
    assert sizes_of([], (2000, 1400), 256) == []


def test_panels_are_those_of_the_page_at_any_size_and_white() -> None:
    drawn = page(2, 2)
    boxes = panels_of(drawn)
    assert len(boxes) == 4
    assert abs(boxes[0].top - 20) <= 2
    assert abs(boxes[0].right - (20 + 310 - 20)) <= 2
    assert panels_of(drawn.astype(np.float32) * (100 / 255), white=100) == boxes
    large = panels_of(drawn.repeat(3, 0).repeat(3, 1))
    for small, big in zip(boxes, large, strict=True):
        assert abs(big.left - 3 * small.left) <= 6
        assert abs(big.bottom - 3 * small.bottom) <= 6
