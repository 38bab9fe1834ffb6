import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.paint import paper

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(rgb.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)


def yellowed(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Old paper, the more so to the left."""
    share = np.linspace(0, 1, rgb.shape[1])[None, :, None]
    tint = np.array([250, 236, 205]) * (1 - share) + np.array([250, 246, 235]) * share
    return (rgb * tint / 255).astype(np.uint8)


def grainy(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grain = np.random.default_rng(0).normal(0, 6, rgb.shape)
    return (rgb + grain).clip(0, 255).astype(np.uint8)


def jpeg(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=50)
    return np.asarray(Image.open(out).convert("RGB"))


def pale(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (255 - (255 - rgb) * 0.6).astype(np.uint8)


def beside_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([rgb, grey(rgb), grey(rgb)], axis=1)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    "change", [grey, lambda x: yellowed(grey(x)), lambda x: jpeg(grainy(yellowed(grey(x))))]
)
def test_a_grey_page_is_grey_on_any_paper(
    drawing: Callable[..., NDArray[np.uint8]], number: int, change: Change
) -> None:
    assert not paper.is_coloured(change(drawing(number, 850, 600)))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("change", [pale, jpeg, beside_grey, lambda x: jpeg(grainy(yellowed(x)))])
def test_a_coloured_page_is_coloured(
    drawing: Callable[..., NDArray[np.uint8]], number: int, change: Change
) -> None:
    assert paper.is_coloured(change(drawing(number, 850, 600)))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (40, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_page_is_not_coloured(size: tuple[int, int], value: int) -> None:
    assert not paper.is_coloured(np.full((*size, 3), value, np.uint8))


@pytest.mark.parametrize(("white", "expected"), [(100, 50), (90, 50 / 0.9), (70, 50)])
def test_a_scan_is_levelled_and_a_dark_picture_is_not(white: float, expected: float) -> None:
    lightness = np.full((40, 40), white, np.float32)
    lightness[:10] = 50
    seen = paper.levelled(lightness)
    assert seen[0, 0] == pytest.approx(expected)
    assert seen[20, 0] == pytest.approx(white if white == 70 else 100)


def test_paper_of_a_dark_scan_is_found_with_its_grain() -> None:
    lightness = np.full((400, 300), 92, np.float32)
    lightness += np.random.default_rng(0).uniform(-1, 1, lightness.shape).astype(np.float32)
    lightness[100:300, 80:220] = 60
    white = paper.whiteness(lightness)
    assert white[:90].min() == 1
    assert white[110:290, 90:210].max() == 0


def test_highlights_and_grey_things_on_paper_keep_their_colour() -> None:
    lightness = np.full((600, 600), 60, np.float32)
    lightness[100, 100] = 100  # a glint
    lightness[300:600] = 100  # paper, and on it a thin grey staff and a thin black stroke
    lightness[350:550, 200:206] = 60
    lightness[350:550, 400:404] = 5
    white = paper.whiteness(lightness)
    assert white[:290].max() == 0
    assert white[360:540, 202:204].max() < 0.5
    assert white[360:540, 395:410].min() == 1


def test_a_soft_edge_between_paper_and_colour() -> None:
    lightness = np.full((300, 300), 100, np.float32)
    lightness[:, 150:] = cv2.blur(np.full((300, 150), 50, np.float32), (3, 3))
    white = paper.whiteness(lightness)
    assert set(np.unique(white.round(2))) >= {0, 1}
    assert len(np.unique(white.round(2))) > 2
