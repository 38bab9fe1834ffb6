from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking import lines, regions
from colorize.inking.lines import Pen

NEAR = np.ones((9, 9), np.uint8)


def extract(rgb: NDArray[np.uint8], pen: Pen, unit: float = 1.0) -> NDArray[np.uint8]:
    return lines.extract(rgb, regions.segment(rgb, unit=unit), pen, unit=unit)


def outlined(
    thickness: int, inside: tuple[int, int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A disc with a black outline on white, and where the outline is."""
    rgb = np.full((120, 120, 3), 255, np.uint8)
    cv2.circle(rgb, (60, 60), 40, inside, -1)
    cv2.circle(rgb, (60, 60), 40, (0, 0, 0), thickness)
    ring = np.zeros(rgb.shape[:2], np.uint8)
    cv2.circle(ring, (60, 60), 40, 1, thickness)
    return rgb, ring.view(np.bool_)


@pytest.mark.parametrize("thickness", [1, 2, 3, 5])
@pytest.mark.parametrize("inside", [(255, 255, 255), (240, 200, 170), (90, 120, 200)])
def test_outlines_are_found_with_their_thickness(
    thickness: int, inside: tuple[int, int, int]
) -> None:
    rgb, ring = outlined(thickness, inside)
    for seed in range(12):
        ink = extract(rgb, Pen.draw(np.random.default_rng(seed), (0.2, 1.0)))
        assert (ink[ring] > 60).mean() > 0.97, seed
        away = ~cv2.dilate(ring.view(np.uint8), NEAR).view(np.bool_)
        assert (ink[away] == 0).all(), seed
    ink = extract(rgb, Pen())
    assert ink.sum() / 255 == pytest.approx(ring.sum(), rel=0.35, abs=350)


@pytest.mark.parametrize("colour", [0, 90, 255])
def test_a_flat_picture_has_none(colour: int) -> None:
    assert not extract(np.full((40, 50, 3), colour, np.uint8), Pen()).any()


def test_a_soft_gradient_and_slight_noise_have_none(rng: np.random.Generator) -> None:
    ramp = np.linspace(40, 220, 200, dtype=np.float32)
    gradient = np.broadcast_to(ramp[None, :, None], (150, 200, 3))
    rgb = (gradient + rng.normal(0, 2, gradient.shape)).astype(np.uint8)
    for seed in range(8):
        ink = extract(rgb, Pen.draw(np.random.default_rng(seed), (0.2, 1.0)))
        assert (ink > 0).mean() < 0.002


def test_art_without_outlines_gets_lines_where_colours_meet() -> None:
    rgb = np.full((100, 100, 3), (150, 210, 235), np.uint8)
    rgb[30:70, 30:70] = (200, 60, 60)
    ink = extract(rgb, Pen())
    edge = np.zeros((100, 100), np.uint8)
    cv2.rectangle(edge, (30, 30), (69, 69), 1, 1)
    found = cv2.dilate(ink, np.ones((3, 3), np.uint8))[edge > 0]
    assert (found > 60).mean() > 0.95
    assert not ink[40:60, 40:60].any()
    assert not ink[:25].any()


def test_colours_of_one_brightness_are_parted_by_borders_alone() -> None:
    rgb = np.full((60, 60, 3), (200, 100, 0), np.uint8)
    rgb[:, 30:] = (0, 179, 105)  # the same luma
    with_borders = extract(rgb, Pen(luma=1.0, borders=1.0))
    assert (with_borders[5:-5, 28:32].max(axis=1) > 100).all()
    assert not extract(rgb, Pen(luma=1.0, borders=0.0)).any()


def test_specks_are_left_out_and_strokes_stay() -> None:
    rgb = np.full((80, 80, 3), 255, np.uint8)
    rgb[20:22, 20:22] = 0
    cv2.line(rgb, (10, 60), (70, 60), (0, 0, 0), 1)
    ink = extract(rgb, Pen(shortest=24.0))
    assert not ink[10:32, 10:32].any()
    assert ink[60, 15:65].min() > 60


def test_lines_keep_their_share_of_a_larger_picture() -> None:
    rgb, _ = outlined(2, (240, 200, 170))
    large = cv2.resize(rgb, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    share = [
        extract(picture, Pen(), unit).mean()
        for picture, unit in ((rgb, 1.0), (np.asarray(large, np.uint8), 3.0))
    ]
    assert 0.5 < share[1] / share[0] < 1.5


def test_darkness_is_that_of_the_darkest_line() -> None:
    rgb, _ = outlined(3, (255, 255, 255))
    assert extract(rgb, Pen(darkness=1.0)).max() == 255
    assert extract(rgb, Pen(darkness=0.5)).max() == pytest.approx(127, abs=1)


def test_pens_differ() -> None:
    pens = {Pen.draw(np.random.default_rng(seed), (0.2, 1.0)) for seed in range(10)}
    assert len(pens) == 10


def test_a_pen_blends_as_much_as_it_is_told() -> None:
    for seed in range(10):
        default, blended = (
            Pen.draw(np.random.default_rng(seed), blend) for blend in ((0.2, 1.0), (0.6, 0.7))
        )
        assert 0.6 <= blended.blend <= 0.7
        assert replace(blended, blend=default.blend) == default
