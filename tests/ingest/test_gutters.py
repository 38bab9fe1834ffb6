"""Pages that are drawn here: gutters of many kinds, and pictures that only look like pages."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.ingest.gutters import Box, panels

WIDTH, HEIGHT = 600, 850
FRAMES = ((20, 20, 260, 580), (280, 20, 540, 290), (280, 310, 540, 580), (560, 20, 830, 580))
"""Top, left, bottom and right of the panels of most pages here."""


def art(height: int, width: int, number: int) -> NDArray[np.uint8]:
    """A painting: coarse colours, some of them light and dark, with detail over them."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(20, 236, (6, 6, 3), dtype=np.uint8)
    rgb = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(rgb + rng.integers(-15, 16, rgb.shape), 0, 255).astype(np.uint8)


def page(
    frames: tuple[tuple[int, int, int, int], ...], gutter: int = 255, border: int = 0
) -> NDArray[np.uint8]:
    rgb = np.full((HEIGHT, WIDTH, 3), gutter, np.uint8)
    for number, (top, left, bottom, right) in enumerate(frames):
        rgb[top:bottom, left:right] = art(bottom - top, right - left, number)
        if border:
            cv2.rectangle(rgb, (left, top), (right - 1, bottom - 1), (0, 0, 0), border)
    return rgb


def found(rgb: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    return [(box.top, box.left, box.bottom, box.right) for box in panels(rgb)]


def agree(boxes: list[tuple[int, int, int, int]], expected: object, within: int = 4) -> None:
    assert len(boxes) == len(np.asarray(expected))
    assert np.abs(np.asarray(boxes) - np.asarray(expected)).max() <= within


@pytest.mark.parametrize("border", [0, 3])
@pytest.mark.parametrize("gutter", [255, 244, 0, 12])
def test_finds_panels_between_white_and_black_gutters(gutter: int, border: int) -> None:
    agree(found(page(FRAMES, gutter, border)), FRAMES)


def test_finds_panels_that_bleed() -> None:
    """They run to the page's edge, and have no margin there."""
    frames = ((0, 0, 260, 600), (280, 0, 540, 290), (280, 310, 540, 600), (560, 0, 850, 600))
    agree(found(page(frames)), frames)


@pytest.mark.parametrize("scale", [0.5, 1, 3.2])
def test_finds_them_at_any_size(scale: float) -> None:
    rgb = page(FRAMES)
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    scaled = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    agree(found(scaled), np.array(FRAMES) * scale, within=round(6 * max(1, scale)))


def test_a_balloon_over_a_gutter_does_not_join_two_panels() -> None:
    rgb = page(FRAMES, border=2)
    cv2.ellipse(rgb, (120, 270), (40, 30), 0, 0, 360, (255, 255, 255), -1)
    cv2.ellipse(rgb, (120, 270), (40, 30), 0, 0, 360, (0, 0, 0), 2)
    cv2.putText(rgb, "WHAT", (95, 275), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    agree(found(rgb), FRAMES, within=6)


def test_divides_along_a_slanted_gutter() -> None:
    rgb = page(((20, 20, 830, 580),))
    gutter = np.array([[20, 440], [580, 400], [580, 418], [20, 458]])
    cv2.fillPoly(rgb, [gutter], (255, 255, 255))
    agree(found(rgb), ((20, 20, 440, 580), (418, 20, 830, 580)), within=5)


def test_an_illustration_is_no_page() -> None:
    assert panels(art(HEIGHT, WIDTH, 1)) == []
    assert panels(page(((30, 30, 820, 570),))) == []  # with a margin around it
    light = art(HEIGHT, WIDTH, 2)
    light[:300] = 250  # a white sky
    assert len(panels(light)) <= 1


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 3), (300, 300)])
def test_an_empty_sheet_has_no_panels(size: tuple[int, int], value: int) -> None:
    assert panels(np.full((*size, 3), value, np.uint8)) == []


def test_lettering_and_specks_are_no_panels() -> None:
    rgb = page(FRAMES[1:])
    cv2.putText(rgb, "CHAPTER ONE", (150, 120), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2)
    agree(found(rgb), FRAMES[1:])


def test_a_box_gives_its_part_of_a_picture() -> None:
    rgb = art(20, 30, 0)
    box = Box(2, 5, 12, 25)
    assert (box.of(rgb) == rgb[2:12, 5:25]).all()
    assert (box.height, box.width) == (10, 20)


def test_a_box_is_scaled_with_its_picture() -> None:
    box = Box(3, 5, 12, 25)
    assert box.scaled(2) == Box(6, 10, 24, 50)
    small = box.scaled(0.5)
    assert small == Box(1, 2, 6, 13)  # what it covers in part is in it
