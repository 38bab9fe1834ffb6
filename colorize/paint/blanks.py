"""Finds what is white on an inked page whatever a network says: gutters, margins and balloons.

All of an inked page is white paper, so whiteness alone says nothing. A gutter reaches the border
of the page and is straight or narrow; a balloon is enclosed, of a simple form, and holds a block of
lettering. All else is left to the network.

Letters in shapes: h and w of the page.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.paint.areas import Parts

PAPER = 225
"""Value from which a pixel is bare."""
BARE = 0.97
"""Share of an area that is bare, beside its marks."""
DOTTED = 0.02
"""Share of marks in a gutter, at most."""
VIVID, DARK = 40, 190
"""Range of the channels of sRGB above which a layer is coloured, and highest channel below which it
is dark: there a gutter has run into a panel whose frame has a hole."""

# Lengths in short sides of the page.
RUN = 1 / 24
"""A straight edge is at least this long."""
NARROW, LONG = 1 / 18, 0.4
"""A gutter that is not straight along the page's axes is at most so wide, and at least so long."""
LEAST = 1 / 30
"""A balloon or gutter is at least as large as a square of this side."""
BLOTCH = 1 / 30
"""Coloured parts of a gutter up to half of this wide are the network's error."""
GLYPH = 1 / 250
"""A sign of lettering is at least this large; what is smaller is a dot."""

STRAIGHT = 0.7
"""Share of straight edges in the outline of a gutter."""
SIGNS, MANY_SIGNS = 4, 12
"""Marks of a lettering, at least, and of one in an area that the network colours."""
PACKED = 0.3
"""Share of its marks' boxes in the hull of a lettering: features of a face lie far apart."""
LETTERED = 0.08
"""Share of the lettering's hull in a balloon, at least."""
SOLID = 0.75
"""Share of a balloon in its own convex hull, at least."""


def coloured(layer: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark what is coloured or dark in a network's layer (h, w, 3) of sRGB, but for blotches."""
    red, green, blue = cv2.split(layer)
    highest, lowest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    marked = (highest < DARK) | (cv2.subtract(highest, lowest) > VIVID)
    side = max(3, 2 * round(min(marked.shape) * BLOTCH / 2) + 1)
    return np.asarray(cv2.blur(marked.view(np.uint8) * np.uint8(255), (side, side)) > 127)


def find(
    page: NDArray[np.uint8], parts: Parts, coloured: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find gutters, margins and balloons.

    Args:
        page: (h, w), levelled: 0 is ink, 255 paper.
        parts: of the page.
        coloured: (h, w), what the network is sure to be coloured, see `coloured`: there a gutter
            has run into a panel, and a balloon needs more lettering.

    Returns:
        (h, w) bool.
    """
    short = min(page.shape)
    blank = np.zeros(page.shape, np.uint8)
    clear = cv2.dilate(parts.ink.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    sides = parts.boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    for numbers in (parts.open, parts.area):
        for number in _on_border(numbers, short):
            mask = numbers == number
            if _is_gutter(page, mask, parts, clear, short):
                blank[mask & ~coloured] = 1
    signs = np.flatnonzero((sides >= short * GLYPH) & _is_mark(parts))
    owner = np.zeros(len(parts.boxes), np.int32)
    owner[parts.marks] = parts.area
    count = np.bincount(owner[signs])
    for number in np.flatnonzero(count >= SIGNS):
        boxes = parts.boxes[signs[owner[signs] == number]]
        mask = parts.area == number
        if count[number] >= MANY_SIGNS or coloured[mask].mean() < 0.5:
            _add_balloon(blank, page, mask, clear, boxes)
    return blank > 0


def _is_mark(parts: Parts) -> NDArray[np.bool_]:
    there = np.zeros(len(parts.boxes), bool)
    there[parts.marks] = True
    there[0] = False
    return there


def _on_border(numbers: NDArray[np.int32], short: int) -> list[int]:
    """Numbers of areas along the page's border."""
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    found, count = np.unique(border, return_counts=True)
    return [int(number) for number in found[(found > 0) & (count >= short * LEAST)]]


def _is_gutter(
    page: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    parts: Parts,
    clear: NDArray[np.bool_],
    short: int,
) -> bool:
    """Tell whether an area (h, w) at the page's border is bare and straight, or narrow and long."""
    pixels = int(mask.sum())
    if _bare(page, mask, clear) < BARE or int((parts.marks[mask] > 0).sum()) > DOTTED * pixels:
        return False
    widest = 2 * float(parts.room[mask].max())
    if widest <= short * NARROW and pixels >= widest * short * LONG:
        return True
    inside = mask & (parts.open > 0)
    run = max(3, round(short * RUN))
    total = straight = 0
    for plane in (inside, inside.T):
        rim = np.ascontiguousarray(plane[1:] ^ plane[:-1]).view(np.uint8)
        total += int(rim.sum())
        straight += int(cv2.morphologyEx(rim, cv2.MORPH_OPEN, np.ones((1, run), np.uint8)).sum())
    return straight >= STRAIGHT * total


def _bare(page: NDArray[np.uint8], mask: NDArray[np.bool_], clear: NDArray[np.bool_]) -> float:
    """Share of bare paper in an area (h, w), beside its marks."""
    values = page[mask & clear]
    return float((values >= PAPER).mean()) if len(values) else 0.0


def _add_balloon(
    blank: NDArray[np.uint8],
    page: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    boxes: NDArray[np.int32],
) -> None:
    """Mark an area (h, w) with these signs, and all that it encloses, if it is a balloon."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(contours, key=cv2.contourArea)
    size = cv2.contourArea(outline)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]])
    corners = np.concatenate(
        [corners, corners[:, [0, 1]] * [1, 0] + np.roll(corners, len(boxes), axis=0) * [0, 1]]
    )
    hull = cv2.contourArea(cv2.convexHull(corners.astype(np.int32)))
    packed = float((boxes[:, 2] * boxes[:, 3]).sum())
    solid = cv2.contourArea(cv2.convexHull(outline))
    if (
        packed >= PACKED * hull
        and hull >= LETTERED * size
        and size >= SOLID * solid
        and int(mask.sum()) + packed >= SOLID * size
        and _bare(page, mask, clear) >= BARE
    ):
        cv2.drawContours(blank, [outline], -1, 1, cv2.FILLED)
