"""Speed lines and highlights in the art, and what a scanner does to a page."""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking.params import InkingParams
from colorize.inking.regions import Regions
from colorize.inking.subpixel import SHIFT, fixed

BLUR = (0.2, 0.7)
"""Sigma of a scan's blur, in pixels."""
PAPER, INK = (235.0, 255.0), (0.0, 30.0)
"""Values of white paper and of black ink."""
GAMMA = (0.8, 1.2)
"""Exponent of the values between."""
NOISE = (0.0, 4.0)
"""Standard deviation in values of 0..255."""
JPEG = (60.0, 95.0)
"""Quality."""


def background(regions: Regions) -> NDArray[np.bool_]:
    """Guess the background (H, W): the regions that make up most of the picture's border."""
    number = regions.number
    border = np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]])
    share = np.bincount(border, minlength=len(regions)) / len(border)
    return np.asarray((share > 0.15)[number])


def speed(regions: Regions, rng: np.random.Generator, *, unit: float = 1.0) -> NDArray[np.uint8]:
    """Draw focus or speed lines behind the figures, (H, W) uint8: 255 is ink."""
    shape = regions.number.shape
    drawn = focus_lines(shape, rng) if rng.random() < 0.6 else speed_lines(shape, rng, unit=unit)
    drawn[~background(regions)] = 0
    return drawn


def focus_lines(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw lines that converge on a point, (H, W) uint8: 255 is ink."""
    height, width = shape
    reach = float(np.hypot(height, width))
    count = int(rng.integers(40, 110))
    centre = np.array([width, height]) * rng.uniform(0.35, 0.65, 2)
    turn = np.sort(rng.uniform(0, 2 * np.pi, count))
    inner = reach * rng.uniform(0.25, 0.4) * rng.uniform(0.85, 1.25, count)
    spread = rng.uniform(0.004, 0.03, count)
    angles = np.stack([turn, turn - spread, turn + spread], -1)  # (count, 3)
    radii = np.stack([inner, np.full(count, reach), np.full(count, reach)], -1)
    points = np.stack([np.cos(angles), np.sin(angles)], -1) * radii[..., None] + centre
    return _filled(shape, points)


def speed_lines(
    shape: tuple[int, ...], rng: np.random.Generator, *, unit: float = 1.0
) -> NDArray[np.uint8]:
    """Draw parallel strokes that thin out at both ends, (H, W) uint8: 255 is ink."""
    height, width = shape
    reach = float(np.hypot(height, width))
    count = int(rng.integers(15, 50))
    turn = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    middle = np.array([width, height]) / 2
    place = rng.uniform(-0.5, 0.5, (2, count)) * reach
    middle = middle + place[0, :, None] * along + place[1, :, None] * across  # (count, 2)
    length = reach * rng.uniform(0.1, 0.4, (count, 1))
    thick = unit * rng.uniform(0.3, 0.8, (count, 1))
    points = np.stack(
        [
            middle - along * length,
            middle + across * thick,
            middle + along * length,
            middle - across * thick,
        ],
        axis=1,
    )
    return _filled(shape, points)


def highlights(
    shape: tuple[int, ...], rng: np.random.Generator, *, unit: float = 1.0
) -> NDArray[np.uint8]:
    """Splash drops of correction white, (H, W) uint8: 255 is white."""
    height, width = shape
    white = np.zeros(shape, np.uint8)
    drops = int(rng.integers(8, 50))
    at = rng.normal(rng.uniform(0.2, 0.8, 2), 0.2, (drops, 2)) * [width, height]
    size = unit * rng.gamma(1.5, 0.6, drops)
    for (x, y), radius in zip(at, size, strict=True):
        left, top, reach = (int(v * (1 << SHIFT)) for v in (x, y, radius))
        cv2.circle(white, (left, top), reach, 255, -1, cv2.LINE_AA, SHIFT)
    return white


def scan(
    page: NDArray[np.uint8], rng: np.random.Generator, params: InkingParams
) -> NDArray[np.uint8]:
    """Print and scan a page (H, W) uint8: each effect by its chance, none moves a pixel."""
    blurred, encoded, toned, noisy = rng.random(4) < params.scan_chance
    if blurred:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), rng.uniform(*BLUR)))
    if toned:
        ink, paper = rng.uniform(*INK), rng.uniform(*PAPER)
        levels = np.linspace(0, 1, 256) ** rng.uniform(*GAMMA)
        page = np.rint(ink + (paper - ink) * levels).astype(np.uint8)[page]
    if noisy:
        deviation = rng.uniform(*NOISE)
        grain = rng.standard_normal(page.shape, np.float32) * np.float32(deviation)
        page = np.clip(np.rint(grain + page), 0, 255).astype(np.uint8)
    if encoded:
        quality = round(rng.uniform(*JPEG))
        _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
        page = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return page


def _filled(shape: tuple[int, ...], polygons: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Fill convex polygons (n, points, 2), x and y in pixels: (H, W) uint8, 255 is ink."""
    ink = np.zeros(shape, np.uint8)
    for polygon in fixed(polygons):
        cv2.fillConvexPoly(ink, polygon, 255, cv2.LINE_AA, SHIFT)
    return ink
