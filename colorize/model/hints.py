"""Hints: points of a page whose colours the user names, as a network sees and learns them.

A network that takes hints gets a condition `NAME` of four planes. Training shows it hints that it
simulates, some of them false: their region then has another colour in the target too, so that the
network learns to obey, not only to be reassured.

Letters in shapes: H and W of the picture as the network sees it.
"""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.model.domains import Key, View

NAME = "hints"
CHANNELS = 4
"""Planes: L, a and b where there is a hint, else 0; and 1 where there is one."""

ABSENT = 0.4
"""Share of pictures without hints: what comes by itself is what most users see."""
MORE = 0.85
"""Chance that there is one hint more, up to `MOST`: 6.7 in the mean."""
MOST = 30
FALSE = 0.4
"""Share of pictures with hints in which the first one names a colour that is not the truth."""
FLATNESS = 8.0
"""Standard deviation at most, in values of 0..255, of the colours that a hint stands on."""
TOLERANCE = 12
"""By how much, in values of 0..255, neighbours in a recoloured region may differ."""
INEXACT = 3.0
"""Standard deviation of what is added to L, a and b: a user is not exact."""

DARKEST = 80
"""Value of a page, 0..255, below which its layer is not told from darkness."""

_RADII = (1, 4)
_PURPOSE = 0x68696E74
"""Of the generator that simulates."""


def plane(
    hints: Iterable[tuple[float, float, tuple[int, int, int], float]],
    height: int,
    width: int,
    *,
    lightness: bool,
) -> NDArray[np.float32]:
    """Draw the condition (H, W, 4) of hints; where discs overlap, the later one counts.

    Args:
        hints: of each, x and y as shares of the width and the height, the sRGB colour, and the
            radius of the disc that has it as a share of the shorter side.
        height: H.
        width: W.
        lightness: whether the L of hints counts, as on inked pages. A grey page has its own.
    """
    made = np.zeros((height, width, CHANNELS), np.float32)
    for x, y, color, share in hints:
        colour = lab.rgb_to_lab(np.array([[color]], np.uint8))[0, 0]
        centre = (
            min(width - 1, int(x * width)),
            min(height - 1, int(y * height)),
        )
        radius = max(1, round(share * min(height, width)))
        _stamp(made, centre, radius, colour, lightness=lightness)
    return made


def _stamp(
    plane: NDArray[np.float32],
    centre: tuple[int, int],
    radius: int,
    colour: NDArray[np.float32],
    *,
    lightness: bool,
) -> None:
    first = float(colour[0]) if lightness else lab.L_MAX / 2
    value = (first, float(colour[1]), float(colour[2]), 1.0)
    cv2.circle(plane, centre, radius, value, thickness=cv2.FILLED)


def simulate(view: View, key: Key) -> View:
    """Add hints to a view as training shows it, and recolour what a false one changes.

    Args:
        view: of any domain; hints stand on its truth, away from ink and edges.
        key: of all randomness.

    Returns:
        The view with the condition `NAME`. Page and truth differ from the given ones where the
        region of a false hint lies.
    """
    random = key.random(_PURPOSE)
    height, width = view.truth.shape[:2]
    made = np.zeros((height, width, CHANNELS), np.float32)
    places = _places(view) if random.random() >= ABSENT else np.empty(0, np.int64)
    if not places.size:
        return replace(view, conditions={**view.conditions, NAME: made})
    lightness = view.domain.gives_lightness
    count = min(int(random.geometric(1 - MORE)), MOST)
    chosen = [divmod(int(place), width) for place in random.choice(places, count)]
    truth = view.truth
    if random.random() < FALSE:
        truth = _recoloured(truth, chosen[0], random, lightness=lightness)
    for row, column in reversed(chosen):  # the false one last: it covers what is near
        radius = int(random.integers(*_RADII, endpoint=True))
        rgb = colour_at(truth, view.page, row, column, lightness=lightness)
        colour = lab.rgb_to_lab(rgb[None, None])[0, 0]
        colour += random.normal(0, INEXACT, 3).astype(np.float32)
        _stamp(made, (column, row), radius, colour, lightness=lightness)
    conditions = {**view.conditions, NAME: made}
    if truth is view.truth:
        return replace(view, conditions=conditions)
    page = truth if view.page is view.truth else view.page
    return replace(view, page=page, truth=truth, conditions=conditions)


def colour_at(
    truth: NDArray[np.uint8], page: NDArray[np.uint8], row: int, column: int, *, lightness: bool
) -> NDArray[np.uint8]:
    """Say which colour somebody names at a place who knows what the painted page should be.

    Args:
        truth: (H, W, 3) uint8 sRGB, that page.
        page: (H, W, 3) uint8, what is painted.
        row: of the place.
        column: likewise.
        lightness: whether the colour is that of a layer, as of inked pages: it is lighter than the
            truth by as much as the page's tone darkens it.

    Returns:
        (3,) uint8 sRGB.
    """
    mean = _near(truth, row, column, 1)
    if lightness:
        mean = 255 * mean / np.maximum(_near(page, row, column, 4), DARKEST)
    named: NDArray[np.uint8] = np.rint(mean.clip(0, 255)).astype(np.uint8)
    return named


def _near(rgb: NDArray[np.uint8], row: int, column: int, reach: int) -> NDArray[np.float64]:
    """Mean colour (3,) around a place."""
    rows = slice(max(0, row - reach), row + reach + 1)
    columns = slice(max(0, column - reach), column + reach + 1)
    mean: NDArray[np.float64] = rgb[rows, columns].mean((0, 1))
    return mean


def _places(view: View) -> NDArray[np.int64]:
    """Pixels, by their number, on which a hint may stand."""
    grey = cv2.cvtColor(view.truth, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.blur(grey, (5, 5))
    variance = cv2.blur(grey * grey, (5, 5)) - mean * mean
    good = variance <= FLATNESS**2
    if "ink" in view.masks:
        near = cv2.dilate(view.masks["ink"].view(np.uint8), np.ones((3, 3), np.uint8))
        good &= near == 0
    return np.flatnonzero(good)


def _recoloured(
    truth: NDArray[np.uint8],
    place: tuple[int, int],
    random: np.random.Generator,
    *,
    lightness: bool,
) -> NDArray[np.uint8]:
    """Give the region around a place another colour.

    Args:
        truth: (H, W, 3) uint8 sRGB.
        place: row and column.
        random: chooses the colour: another hue, and another L if that may change.
        lightness: whether it may.
    """
    height, width = truth.shape[:2]
    mask = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    row, column = place
    cv2.floodFill(truth.copy(), mask, (column, row), 0, (TOLERANCE,) * 3, (TOLERANCE,) * 3, flags)
    region = mask[1:-1, 1:-1].astype(bool)
    pixels = lab.rgb_to_lab(truth[region][None])[0]  # (n, 3)
    angle, chroma = random.uniform(0, 2 * np.pi), random.gamma(3.0, 10.0)
    wanted = chroma * np.array([np.cos(angle), np.sin(angle)])
    pixels[:, 1:] += (wanted - pixels[:, 1:].mean(0)).astype(np.float32)
    if lightness:
        pixels[:, 0] += np.float32(random.normal(0, 12))
        np.clip(pixels[:, 0], 0, lab.L_MAX, out=pixels[:, 0])
    made = truth.copy()
    made[region] = lab.lab_to_rgb(pixels[None], keep_lightness=True)[0]
    return made
