"""Inked pages: how they are told from grey ones, and how much of their screentone stays.

An inked page is paper and black, and its screentone is dots or lines of both. A grey page has
mid-tones that are smooth.

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
have less than 0.01; pages of a painted comic, turned grey, mostly 0.3 to 0.8."""

DOT = 1 / 200
"""Marks up to this many short sides of a page long are dots of a screentone where they are many."""
AROUND = 1 / 60
"""Side, in short sides of the page, of the square in which dots are counted and averaged."""
DENSE = 0.08
"""Share of such a square that dots cover at least, where there is screentone."""


def values(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a page (H, W, 3) as ink on paper: (H, W) uint8 grey of the same luma."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def levelled(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring ink to black and paper to white, as `inking.layer.levelled` does: (H, W) uint8."""
    return np.rint(255 * layer.levelled(page)).astype(np.uint8)


def is_inked(page: NDArray[np.uint8]) -> bool:
    """Tell whether a page (H, W) uint8 is ink on paper.

    A page of one value is not.
    """
    page = levelled(page)
    drawn = page < PAPER
    if not drawn.any() or not (page >= PAPER).any():
        return False
    ranges = cv2.morphologyEx(page, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    smooth = (page > MIDDLE[0]) & (page < MIDDLE[1]) & (ranges < SMOOTH)
    return int(smooth.sum()) < SMOOTH_SHARE * int(drawn.sum())


def descreened(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace dots of screentone, black ones on paper, by the grey that they are from afar.

    Lines, lettering and blacks stay as they are, and so do screens of lines.

    Args:
        page: (H, W) uint8.

    Returns:
        (H, W) uint8.
    """
    short = min(page.shape)
    _, marks, boxes, _ = cv2.connectedComponentsWithStats((page < 128).view(np.uint8))
    longest = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = longest <= max(3.0, short * DOT)
    small[0] = False
    dots = small[marks]
    kernel = (max(3, 2 * round(short * AROUND / 2) + 1),) * 2
    dense = cv2.blur(dots.astype(np.float32), kernel) > DENSE
    # What is no dot, a line beside the tone, has no part in the mean.
    ink = (marks > 0) & ~dots
    rim = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    free = (~rim).astype(np.float32)
    total = cv2.blur(page * free, kernel)
    mean = total / np.maximum(cv2.blur(free, kernel), np.finfo(np.float32).eps)
    even = dense & ~rim
    return np.where(even, np.rint(mean), page).astype(np.uint8)
