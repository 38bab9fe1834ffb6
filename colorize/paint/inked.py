"""Inked pages: how they are told from grey ones, and how much of their screentone stays.

An inked page is paper and black, and its screentone is dots or lines of both: it is edges nearly
everywhere. A grey page has mid-tones that are smooth.

Letters in shapes: H and W of the page.
"""

from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking import layer

Kind: TypeAlias = Literal["grey", "ink"]
Choice: TypeAlias = Literal["auto", "grey", "ink"]
CHOICES: tuple[Choice, ...] = get_args(Choice)

PAPER = 235
"""Value of a levelled page from which a pixel is bare paper."""
MIDDLE = (50, 225)
"""Between these values is a mid-tone."""
SMOOTH = 24
"""Range of values within 3 x 3 pixels below which a mid-tone is smooth: no line, no dot."""
SMOOTH_SHARE = 0.15
"""Share of smooth mid-tones in what is not paper from which a page is grey. Scans of printed manga
have less than 0.01; pages of a painted comic, turned grey, 0.19 to 0.9."""
EDGE = 100
"""Range of values within 3 x 3 pixels from which there is an edge of ink."""
EDGES = 0.3
"""Pixels at such edges for each that is not paper from which a page is inked. Scans of printed
manga have 1.1 to 1.3; drawn characters without mid-tones, turned grey, 0.07 to 0.2."""

# Lengths in short sides of the page, and least values in pixels.
DOT = (1 / 130, 5)
"""Marks up to this long are dots of a screentone where they are many, and so are holes in ink."""
APART = (1 / 240, 3)
"""Half of the distance of such dots, at most."""
AREA = (1 / 60, 10)
"""A screentone is at least as large as a square of this side."""
AROUND = (1 / 400, 2)
"""Standard deviation of the means in which dots become even."""
INK = 110
"""Value up to which a pixel may be a line in a screentone."""
DEEP = 80.0
"""Mean value below which a screentone is holes in ink, where only thick lines are told apart."""
CONTRAST, LEAST_CONTRAST = 0.35, 4.0
"""A dot differs from the mean around it by so many standard deviations, and so many values more."""
BAND_PIXELS = 12_000_000
"""Pixels of a page that are looked at together, about: a dozen planes of them are held."""
BESIDE = 0.1
"""Rows beside a band that are looked at as well, in short sides of the page."""
BRIDGE = 5
"""Ink at least so many pixels wide in a screen of holes is a line."""


def values(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a page (H, W, 3) as ink on paper: (H, W) uint8 grey of the same luma."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def levelled(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring ink to black and paper to white, as `inking.layer.levelled` does: (H, W) uint8."""
    return np.rint(255 * layer.levelled(page)).astype(np.uint8)


def looks_inked(page: NDArray[np.uint8]) -> bool:
    """Tell whether a page (H, W) uint8, which is `levelled`, is ink on paper.

    A page of one value is not.
    """
    drawn = page < PAPER
    if not drawn.any() or not (page >= PAPER).any():
        return False
    ranges = cv2.morphologyEx(page, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    smooth = (page > MIDDLE[0]) & (page < MIDDLE[1]) & (ranges < SMOOTH)
    total = int(drawn.sum())
    edges = int((ranges > EDGE).sum())
    return int(smooth.sum()) < SMOOTH_SHARE * total and edges >= EDGES * total


def descreened(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace a screentone of dots by the grey that it is from afar.

    Dots may be black ones on paper or white ones in ink. Lines, lettering and blacks stay as they
    are, and so do screens of lines.

    Args:
        page: (H, W) uint8.

    Returns:
        (H, W) uint8.
    """
    height, width = page.shape
    short = min(page.shape)
    rows = max(1, BAND_PIXELS // width)
    if height <= rows:
        return _even(page, short)
    beside = round(short * BESIDE)
    even = np.empty_like(page)
    for top in range(0, height, rows):
        first = max(0, top - beside)
        band = _even(page[first : top + rows + beside], short)
        even[top : top + rows] = band[top - first : top - first + rows]
    return even


def _even(page: NDArray[np.uint8], short: int) -> NDArray[np.uint8]:
    """Replace the dots of some rows of a page whose short side is ``short``."""
    window = (2 * round(_length(AROUND, short) * 2) + 1,) * 2
    values = page.astype(np.float32)
    local = np.asarray(cv2.blur(values, window), np.float32)
    square = np.asarray(cv2.blur(values * values, window), np.float32) - local * local
    margin = LEAST_CONTRAST + CONTRAST * np.sqrt(square.clip(0, None))
    ink = (values < local - margin).view(np.uint8)
    black = _dots(ink, short)
    white = _dots((values > local + margin).view(np.uint8), short)
    light, dark = _toned(black, short), _toned(white, short)
    toned = light | dark
    if not toned.any():
        return page
    black_ink = (page < INK).view(np.uint8)
    thick = cv2.morphologyEx(black_ink, cv2.MORPH_OPEN, np.ones((BRIDGE, BRIDGE), np.uint8))
    among = cv2.bitwise_and(black_ink, cv2.bitwise_and(ink, 1 - black))
    lines = np.where(local < DEEP, thick, among)
    rim = cv2.dilate(lines.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    within = ((toned > 0) & ~rim).astype(np.float32)
    sigma = _length(AROUND, short)

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)

    even = mean(page * within) / np.maximum(mean(within), np.finfo(np.float32).eps)
    return np.where(within > 0, np.rint(even), page).astype(np.uint8)


def _length(of: tuple[float, float], short: int) -> float:
    share, least = of
    return max(least, short * share)


def _dots(mask: NDArray[np.uint8], short: int) -> NDArray[np.uint8]:
    """Keep what is small of a mask (H, W)."""
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    longest = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = longest <= _length(DOT, short)
    small[0] = False
    return np.asarray(np.take(small.view(np.uint8), np.asarray(marks, np.int32)), np.uint8)


def _toned(dots: NDArray[np.uint8], short: int) -> NDArray[np.uint8]:
    """Mark the areas (H, W) that dots fill."""
    radius = round(_length(APART, short))
    square = np.ones((2 * radius + 1,) * 2, np.uint8)
    filled = cv2.morphologyEx(dots, cv2.MORPH_CLOSE, square)
    _, areas, boxes, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    large = boxes[:, cv2.CC_STAT_AREA] >= _length(AREA, short) ** 2
    large[0] = False
    return np.asarray(np.take(large.view(np.uint8), np.asarray(areas, np.int32)), np.uint8)
