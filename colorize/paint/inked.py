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

DOT = 1 / 200
"""Marks up to this many short sides of a page long are dots of a screentone where they are many."""
AROUND = 1 / 120
"""Standard deviation, in short sides of the page, of the means in which dots become even."""
DENSE = 0.06
"""Share of the paper that dots cover at least, where there is screentone."""


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
    total = int(drawn.sum())
    edges = int((ranges > EDGE).sum())
    return int(smooth.sum()) < SMOOTH_SHARE * total and edges >= EDGES * total


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
    sigma = max(1.0, short * AROUND)

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)

    dense = mean(dots.astype(np.float32)) > DENSE
    # What is no dot, a line beside the tone, has no part in the mean.
    ink = (marks > 0) & ~dots
    rim = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    free = (~rim).astype(np.float32)
    even = mean(page * free) / np.maximum(mean(free), np.finfo(np.float32).eps)
    return np.where(dense & ~rim, np.rint(even), page).astype(np.uint8)
