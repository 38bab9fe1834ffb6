"""Flat colours under inked pages, of what a blotchy network gives, and with its worst answers."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.colour.lab import rgb_to_lab
from colorize.paint import flats

Lab = NDArray[np.float32]
SKIN, BLUE = (80, 15, 20), (60, 0, -40)


def page() -> NDArray[np.uint8]:
    """A page (1200, 840): gutters, two panels, a balloon with two columns of signs, a face."""
    made = np.full((1200, 840), 255, np.uint8)
    cv2.rectangle(made, (40, 40), (800, 560), 0, 3)
    cv2.rectangle(made, (40, 600), (800, 1160), 0, 3)
    cv2.ellipse(made, (220, 220), (120, 150), 0, 0, 360, 0, 3)
    for left in (180, 230):
        for top in range(130, 310, 30):
            cv2.rectangle(made, (left, top), (left + 22, top + 22), 0, 3)
            cv2.line(made, (left, top + 11), (left + 22, top + 11), 0, 3)
    cv2.ellipse(made, (560, 320), (130, 170), 0, 0, 360, 0, 3)
    for left in (500, 600):  # eyes, and a mouth
        cv2.ellipse(made, (left, 280), (18, 10), 0, 0, 360, 0, 3)
        cv2.circle(made, (left, 280), 6, 0, -1)
    cv2.ellipse(made, (555, 400), (30, 8), 0, 0, 180, 0, 3)
    return made


def truth(size: tuple[int, int] = (1200, 840)) -> Lab:
    """What the layer under that page should be."""
    made = np.empty((1200, 840, 3), np.float32)
    made[:] = (100, 0, 0)
    made[40:560, 40:800], made[600:1160, 40:800] = BLUE, SKIN
    mask = np.zeros((1200, 840), np.uint8)
    cv2.ellipse(mask, (560, 320), (130, 170), 0, 0, 360, 2, -1)
    cv2.ellipse(mask, (220, 220), (120, 150), 0, 0, 360, 1, -1)
    made[mask == 2], made[mask == 1] = SKIN, (100, 0, 0)
    shrunk = cv2.resize(made, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


def seen(rng: np.random.Generator) -> Lab:
    """The same as a network sees it: at a quarter of (364, 256), blotchy and dull."""
    small = truth((91, 64)) + rng.normal(0, 4, (91, 64, 3)).astype(np.float32)
    small = 0.85 * small + 0.15 * small.mean((0, 1))
    full = cv2.resize(small, (256, 364), interpolation=cv2.INTER_CUBIC)
    full[..., 0] = full[..., 0].clip(0, 100)
    return np.asarray(full, np.float32)


def full(layer: NDArray[np.uint8]) -> Lab:
    """A layer in Lab, at the size of the page."""
    return rgb_to_lab(np.asarray(cv2.resize(layer, (840, 1200)), np.uint8))


BALLOON = (slice(120, 320), slice(170, 270))
GUTTER = (slice(570, 592), slice(0, 840))
MARGIN = (slice(0, 1200), slice(0, 34))


@pytest.mark.parametrize("snap", [True, False])
def test_white_is_white_and_nothing_runs_over_a_line(
    rng: np.random.Generator, *, snap: bool
) -> None:
    drawn, wanted = page(), truth()
    layer = full(flats.lay(drawn, seen(rng), snap=snap).rgb)
    for place in (BALLOON, GUTTER, MARGIN):
        assert np.hypot(*np.moveaxis(layer[place][..., 1:], -1, 0)).max() < 0.1
        assert layer[place][..., 0].min() > 99.9
    paper = drawn == 255
    error = np.sqrt(np.square(layer - wanted).sum(-1))
    assert np.median(error[paper]) < 14
    # Beside each line it is as it is further inside.
    assert np.percentile(error[paper], 99.5) < 30
    face = layer[250:262, 540:560].reshape(-1, 3)
    if snap:
        assert np.ptp(face, axis=0).max() < 1


def test_a_balloon_and_a_gutter_stay_white_whatever_is_said_of_them(
    rng: np.random.Generator,
) -> None:
    """The network tints all of the page like skin: the face takes it."""
    tinted = np.empty((364, 256, 3), np.float32)
    tinted[:] = (88, 6, 9)
    tinted += rng.normal(0, 2, tinted.shape)
    layer = full(flats.lay(page(), tinted).rgb)
    for place in (BALLOON, GUTTER, MARGIN):
        assert np.hypot(*np.moveaxis(layer[place][..., 1:], -1, 0)).max() < 0.1
    np.testing.assert_allclose(layer[350, 560], (88, 6, 9), atol=2)
    np.testing.assert_allclose(layer[900, 400], (88, 6, 9), atol=2)


def test_a_gap_in_a_line_is_closed() -> None:
    drawn = np.full((600, 600), 255, np.uint8)
    drawn[:, 298:302] = 0
    drawn[290:297, 298:302] = 255
    colours = np.empty((300, 300, 3), np.float32)
    colours[:, :150], colours[:, 150:] = BLUE, SKIN
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    np.testing.assert_allclose(layer[100, 280], BLUE, atol=1)
    np.testing.assert_allclose(layer[293, 285], BLUE, atol=1)
    np.testing.assert_allclose(layer[293, 315], SKIN, atol=1)


def test_an_even_gradient_stays_and_noise_goes(rng: np.random.Generator) -> None:
    drawn = np.full((600, 600), 255, np.uint8)
    cv2.rectangle(drawn, (50, 50), (550, 550), 0, 4)
    ramp = np.zeros((150, 150, 3), np.float32)
    ramp[..., 0] = np.linspace(30, 70, 150)[:, None]
    ramp[..., 2] = 30
    noisy = ramp + rng.normal(0, 3, ramp.shape).astype(np.float32)
    layer = rgb_to_lab(flats.lay(drawn, noisy).rgb)
    for row in (100, 300, 500):
        np.testing.assert_allclose(layer[row, 300], ramp[row // 4, 75], atol=4)
    assert layer[300, 80:520].std(axis=0).max() < 1


def test_things_of_one_area_that_differ_keep_their_colours() -> None:
    drawn = np.full((400, 400), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (380, 380), 0, 4)
    colours = np.empty((200, 200, 3), np.float32)
    colours[:] = (50, 60, 40)
    colours[60:140, 60:140] = (50, -50, 40)
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    np.testing.assert_allclose(layer[200, 200], (50, -50, 40), atol=2)
    np.testing.assert_allclose(layer[60, 60], (50, 60, 40), atol=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (90, 3), (40, 40)])
@pytest.mark.parametrize("value", [0, 130, 255])
def test_pages_with_nothing_on_them(size: tuple[int, int], value: int) -> None:
    colours = np.full((*size, 3), 40, np.float32)
    layer = flats.lay(np.full(size, value, np.uint8), colours).rgb
    assert (layer.shape, layer.dtype) == ((*size, 3), np.uint8)


def test_black_has_no_colour() -> None:
    drawn = np.full((400, 400), 255, np.uint8)
    cv2.circle(drawn, (200, 200), 100, 0, -1)
    colours = np.empty((200, 200, 3), np.float32)
    colours[:] = SKIN
    layer = flats.lay(drawn, colours).rgb
    assert (layer[150:250, 150:250] == 255).all()
    np.testing.assert_allclose(rgb_to_lab(layer)[50, 50], SKIN, atol=1)
    np.testing.assert_allclose(rgb_to_lab(layer)[200, 101], SKIN, atol=1)


def test_a_wide_margin_around_panels_is_white_though_the_network_tints_it() -> None:
    drawn = np.full((900, 700), 255, np.uint8)
    for top, left in ((60, 60), (60, 350), (460, 60), (460, 350)):
        drawn[top : top + 380, left : left + 270] = 0
        drawn[top + 4 : top + 376, left + 4 : left + 266] = 255
        drawn[top + 100 : top + 200, left + 80 : left + 180] = 90
    tinted = np.empty((64, 50, 3), np.float32)
    tinted[...] = 70, -12, -10
    laid = flats.lay(drawn, tinted, snap=True).rgb
    scale = len(laid) / 900
    for row, column in ((30, 350), (450, 200), (300, 670), (300, 340)):
        assert laid[round(row * scale), round(column * scale)].min() >= 250, (row, column)
    assert laid[round(400 * scale), round(200 * scale)].min() < 220
