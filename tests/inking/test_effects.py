import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking import effects, regions
from colorize.inking.params import InkingParams


@pytest.fixture
def page() -> NDArray[np.uint8]:
    page = np.full((120, 90), 255, np.uint8)
    cv2.line(page, (10, 10), (80, 110), 0, 3)
    return page


def test_without_chance_a_scan_is_the_page(page: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(effects.scan(page, rng, InkingParams(scan_chance=0.0)), page)


def test_a_scan_keeps_paper_light_ink_dark_and_places(page: NDArray[np.uint8]) -> None:
    params = InkingParams(scan_chance=1.0)
    deep = cv2.erode((page == 0).view(np.uint8), np.ones((3, 3))).view(np.bool_)
    far = cv2.erode((page == 255).view(np.uint8), np.ones((9, 9))).view(np.bool_)
    for seed in range(30):
        scanned = effects.scan(page, np.random.default_rng(seed), params)
        assert (scanned.shape, scanned.dtype) == (page.shape, np.uint8)
        low, high = effects.PAPER
        assert low - 3 <= np.median(scanned[far]) <= high
        assert scanned[deep].mean() < effects.INK[1] + 40
        centres = [np.argwhere(picture < 128).mean(axis=0) for picture in (page, scanned)]
        assert np.abs(centres[0] - centres[1]).max() < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_speed_lines_stay_behind_the_figure(seed: int, figure: NDArray[np.uint8]) -> None:
    found = regions.segment(figure)
    drawn = effects.speed(found, np.random.default_rng(seed))
    assert drawn.any()
    assert not drawn[50:100, 60:100].any()  # the face


def test_focus_lines_leave_their_centre_free() -> None:
    for seed in range(10):
        drawn = effects.focus_lines((200, 200), np.random.default_rng(seed))
        assert not drawn[95:105, 95:105].any()
        assert drawn.mean() > 5
