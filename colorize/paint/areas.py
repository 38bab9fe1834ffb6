"""Parts an inked page into the areas between its lines.

Lines have gaps, through which a flood fill would run: so an area is where a ball of the width of a
gap can roll (trapped-ball segmentation: Zhang, Chen, Zhang, Hu, Wang: Vectorizing cartoon
animations, 2009), and what lies beside it. Dots, lettering and other small marks part nothing.

Letters in shapes: h and w of the page.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# Lengths in short sides of the page.
STROKE = 1 / 60
"""A line is at most this wide; what is wider is an area of its own, or black."""
GAP = 1 / 60
"""A gap in a line up to this width is closed."""
SIGN = 1 / 18
"""Marks up to this size part nothing: dots of a screen, signs of lettering, eyes."""

AROUND = 1 / 120
"""Side of the square in which pale marks are counted."""

CONTRAST, PALE = 60, 16
"""How much darker than what is around it a line is, in values of 0..255, and one that shrinking
made pale."""
CROWDED = 0.5
"""Share of pale marks in a square from which they are a screentone and no line."""
BLACK = 70
"""Value up to which a pixel is ink, however large the area."""

SMALLEST = 12
"""Pixels of the least area."""


class Parts(NamedTuple):
    """A page, parted by its lines.

    Attributes:
        ink: (h, w) bool: lines, lettering, dots and blacks.
        open: (h, w) int32: numbers of connected areas, gaps being open; 0 on lines and blacks.
        area: (h, w) int32: the area of each pixel, gaps being closed; that of ink as well.
        room: (h, w) float32: distance in pixels to the nearest line or black.
        marks: (h, w) int32: numbers of the marks that part nothing; 0 elsewhere.
        boxes: (marks, 5) int32: left, top, width, height and pixels of each mark.
    """

    ink: NDArray[np.bool_]
    open: NDArray[np.int32]
    area: NDArray[np.int32]
    room: NDArray[np.float32]
    marks: NDArray[np.int32]
    boxes: NDArray[np.int32]


def part(page: NDArray[np.uint8]) -> Parts:
    """Part a page (h, w), levelled: 0 is ink, 255 paper."""
    short = min(page.shape)
    sign = max(3.0, short * SIGN)
    window = np.ones((max(3, 2 * round(short * STROKE / 2) + 1),) * 2, np.uint8)
    darker = np.asarray(cv2.morphologyEx(page, cv2.MORPH_BLACKHAT, window), np.uint8)
    ink = ((darker > CONTRAST) | (page < BLACK)).view(np.uint8)
    ink = _with_pale(ink, darker, short)
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    small = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) <= sign
    small[0] = False
    is_mark = small[marks]
    free = (1 - ink) | is_mark.view(np.uint8)
    room = np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
    _, connected = cv2.connectedComponents(free, connectivity=4)
    area = _rolled(connected, room, max(1.5, short * GAP / 2))
    return Parts(
        ink=ink > 0,
        open=np.asarray(connected, np.int32),
        area=_with_cells(area, ink, sign**2),
        room=room,
        marks=np.asarray(marks * is_mark, np.int32),
        boxes=np.asarray(boxes, np.int32),
    )


def _with_pale(ink: NDArray[np.uint8], darker: NDArray[np.uint8], short: int) -> NDArray[np.uint8]:
    """Add thin lines that shrinking made pale, where they continue others (h, w)."""
    pale = ((darker > PALE) | (ink > 0)).view(np.uint8)
    side = 2 * round(short * AROUND / 2) + 1
    crowded = cv2.blur(pale * np.uint8(255), (side, side)) > 255 * CROWDED
    pale = np.where(crowded, ink, pale)
    _, marks = cv2.connectedComponents(pale, connectivity=8)
    strong = np.zeros(int(marks.max()) + 1, bool)
    strong[marks[ink > 0]] = True
    strong[0] = False
    return np.asarray(strong[marks].view(np.uint8), np.uint8)


def nearest(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find for each pixel the nearest one where the mask (h, w) is true.

    Returns:
        (h * w,): indices into the flat picture.
    """
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(mask)
    index = np.zeros(int(labels.max()) + 1, np.int64)
    index[labels.ravel()[places]] = places
    found: NDArray[np.int64] = index[labels.ravel()]
    return found


def _rolled(
    connected: NDArray[np.int32], room: NDArray[np.float32], radius: float
) -> NDArray[np.int32]:
    """Number the places where a ball rolls; every pixel belongs to the nearest of its own area."""
    core = room > radius
    if not core.any():
        return connected
    _, near = cv2.distanceTransformWithLabels(
        (~core).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    area_of = np.zeros(int(near.max()) + 1, np.int32)
    area_of[near[core]] = connected[core]
    # What is too narrow for the ball is an area by itself.
    narrow = (connected > 0) & (connected != area_of[near])
    return np.where(narrow, connected + len(area_of), near).astype(np.int32)


def _with_cells(
    area: NDArray[np.int32], ink: NDArray[np.uint8], largest: float
) -> NDArray[np.int32]:
    """Give small areas that ink of any kind encloses, such as an iris, numbers of their own."""
    _, cells, boxes, _ = cv2.connectedComponentsWithStats(1 - ink, connectivity=4)
    pixels = boxes[:, cv2.CC_STAT_AREA]
    own = (pixels >= SMALLEST) & (pixels <= largest)
    own[0] = False
    return np.where(own[cells], cells + np.int32(area.max() + 1), area).astype(np.int32)
