"""Outlines of a coloured picture, as an artist's pen would draw them.

Three extractors find lines, each in its own way:

- *XDoG*, the extended difference of Gaussians (Winnemoeller, Kyprianidis, Olsen 2012), relative to
  the brightness around, so that dark areas are not filled: what is black is decided elsewhere;
- *the maximum filter*: how far a pixel lies below the brightest one near it;
- *dark outlines*: what a morphological closing removes, which the outlines of cel art are.

The first two are blended at a random ratio, the third is laid over them, and so are the borders of
colour regions, where hues of one brightness meet. All work on a picture whose noise is smoothed
away between edges, and are reduced by area from twice the size.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking.regions import Regions

OVERSAMPLING = 2
OUTLINE = (28, 60)
"""Depth in luma at which a dark outline begins, and depth from there to full ink."""
BLACK = (170, 45)
"""Darkness, 255 less luma, at which a bold stroke counts as black, and from there to full ink."""
FOUND = 40
"""Ink from which a pixel belongs to a line."""
SHARP = 18
"""Change in 8-bit L, a and b together, within two pixels, that is an edge."""
FLOOR = 0.08
"""Added to the brightness around a pixel, so that noise in the dark draws no lines."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How lines are drawn in one picture.

    Attributes:
        sigma: of the finer Gaussian of XDoG, in units.
        spread: the coarser Gaussian's sigma as a multiple of it.
        threshold: contrast, relative to the surroundings, at which a line begins.
        softness: contrast from there to a full line.
        blend: share of XDoG; the rest is the maximum filter's.
        outlines: strength of dark outlines that the picture has already, 0..1.
        borders: strength of the lines between colour regions, 0..1.
        luma: share of luma in the brightness that is looked at; the rest is the darkest channel's,
            in which skin stands out from white.
        weight: growth of lines beyond what was found, in pixels of twice the size; 0, 1 or 2.
        darkness: of a full line, 0..1.
        shortest: area of the smallest line that stays, in squared units.
    """

    sigma: float = 0.8
    spread: float = 1.8
    threshold: float = 0.05
    softness: float = 0.07
    blend: float = 0.6
    outlines: float = 1.0
    borders: float = 0.8
    luma: float = 0.5
    weight: int = 0
    darkness: float = 1.0
    shortest: float = 14.0

    @classmethod
    def draw(cls, rng: np.random.Generator, blend: tuple[float, float]) -> "Pen":
        """Choose a pen at random; ``blend`` is the least and the largest share of XDoG."""
        return cls(
            sigma=rng.uniform(0.5, 0.9),
            spread=rng.uniform(1.6, 2.4),
            threshold=rng.uniform(0.04, 0.08),
            softness=rng.uniform(0.04, 0.12),
            blend=rng.uniform(*blend),
            outlines=rng.uniform(0.6, 1.0),
            borders=rng.uniform(0.5, 1.0) if rng.random() < 0.7 else 0.0,
            luma=rng.uniform(0.2, 0.8),
            weight=int(rng.choice(3, p=[0.75, 0.2, 0.05])),
            darkness=rng.uniform(0.8, 1.0),
            shortest=rng.uniform(9.0, 24.0),
        )


def extract(
    rgb: NDArray[np.uint8], regions: Regions, pen: Pen, *, unit: float = 1.0
) -> NDArray[np.uint8]:
    """Find the lines of a picture.

    Args:
        rgb: (H, W, 3) uint8 sRGB.
        regions: its colour regions.
        pen: how lines are drawn.
        unit: pixels that a thin line is wide.

    Returns:
        (H, W) uint8: the ink's share of each pixel, 255 being all of it.
    """
    grey = brightness(rgb, pen.luma)
    calm = np.asarray(cv2.bilateralFilter(grey, 5, 22, 1.6 * unit), np.uint8)
    bright = calm * np.float32(1 / 255)
    contrast = cv2.addWeighted(
        xdog(bright, pen.sigma * unit, pen.spread),
        pen.blend,
        below_maximum(bright, unit),
        1 - pen.blend,
        0,
    )
    size = (grey.shape[1] * OVERSAMPLING, grey.shape[0] * OVERSAMPLING)
    fine = _ramp(
        cv2.resize(contrast, size, interpolation=cv2.INTER_CUBIC), pen.threshold, pen.softness
    )
    outlines = cv2.convertScaleAbs(dark_outlines(calm, unit), alpha=pen.outlines)
    drawn = cv2.max(fine, cv2.resize(outlines, size, interpolation=cv2.INTER_LINEAR))
    if pen.weight:
        tip = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen.weight + 1,) * 2)
        drawn = cv2.dilate(drawn, tip)
    ink = np.asarray(cv2.resize(drawn, grey.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    if pen.borders:
        ink = _with_borders(ink, borders(regions, unit), pen.borders, unit)
    return _without_specks(ink, pen.shortest * unit**2, pen.darkness)


def brightness(rgb: NDArray[np.uint8], luma: float) -> NDArray[np.uint8]:
    """Mix luma, by its share, with the darkest channel: (H, W, 3) uint8 -> (H, W) uint8."""
    red, green, blue = cv2.split(rgb)
    darkest = cv2.min(cv2.min(red, green), blue)
    mixed = cv2.addWeighted(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), luma, darkest, 1 - luma, 0)
    return np.asarray(mixed, np.uint8)


def borders(regions: Regions, unit: float) -> NDArray[np.uint8]:
    """Ink (H, W) uint8 where two regions meet at an edge that is there, not in a soft blend."""
    change = cv2.morphologyEx(regions.smooth, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    lightness, a, b = cv2.split(change)
    sharp = cv2.add(cv2.add(a, b), lightness) > SHARP
    border = regions.border * np.uint8(255)
    border *= sharp
    return np.asarray(cv2.GaussianBlur(border, (0, 0), 0.6 * unit), np.uint8)


def xdog(bright: NDArray[np.float32], sigma: float, spread: float) -> NDArray[np.float32]:
    """Contrast (H, W) of dark lines and of the dark sides of edges, 0 and up.

    Args:
        bright: (H, W) float32 in 0..1.
        sigma: of the finer Gaussian, in pixels.
        spread: the coarser one's sigma as a multiple of it.
    """
    near = cv2.GaussianBlur(bright, (0, 0), sigma)
    around = cv2.GaussianBlur(bright, (0, 0), sigma * spread)
    return np.asarray((around - near) / (around + FLOOR), np.float32)


def below_maximum(bright: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """How far (H, W) a pixel lies below the brightest of its neighbourhood, on XDoG's scale."""
    side = 2 * round(unit) + 1
    top = cv2.dilate(bright, np.ones((side, side), np.uint8))
    return np.asarray(0.5 * (top - bright) / (top + FLOOR), np.float32)


def dark_outlines(grey: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """Ink (H, W) uint8 of dark strokes that the picture has already: thin ones, and bold black."""
    fine, bold = 2 * round(1.5 * unit) + 3, 2 * round(3 * unit) + 7
    tip = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (fine, fine))
    thin = _ramp(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, tip), *OUTLINE)
    depth = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((bold, bold), np.uint8))
    black = cv2.min(_ramp(depth, *OUTLINE), _ramp(255 - grey, *BLACK))
    return np.asarray(cv2.max(thin, black), np.uint8)


def _ramp(
    values: NDArray[np.integer | np.floating], start: float, width: float
) -> NDArray[np.uint8]:
    """Ink of contrast: none up to ``start``, 255 from ``start + width`` on."""
    scale = 255 / width
    ink = cv2.addWeighted(values, scale, values, 0, -scale * start, dtype=cv2.CV_8U)
    return np.asarray(ink, np.uint8)


def _with_borders(
    ink: NDArray[np.uint8], found: NDArray[np.uint8], strength: float, unit: float
) -> NDArray[np.uint8]:
    """Add borders to lines, both (H, W) uint8, where no line is near."""
    side = 2 * round(2 * unit) + 1
    near = cv2.dilate(ink, np.ones((side, side), np.uint8))
    free = cv2.addWeighted(near, -3, near, 0, 1.5 * 255, dtype=cv2.CV_8U)
    # A border one pixel wide is blurred to half of its ink.
    return np.asarray(cv2.max(ink, cv2.multiply(found, free, scale=2 * strength / 255)), np.uint8)


def _without_specks(ink: NDArray[np.uint8], area: float, darkness: float) -> NDArray[np.uint8]:
    """Remove connected lines of an area in pixels below ``area``; dilute the others."""
    found = (ink > FOUND).view(np.uint8)
    _, number, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    share = np.where(stats[:, cv2.CC_STAT_AREA] < area, 0, darkness * 256).astype(np.uint16)
    share[0] = 0
    left: NDArray[np.uint16] = share[number]
    left *= ink
    return (left >> 8).astype(np.uint8)
