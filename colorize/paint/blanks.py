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
COLOURED = 30.0
"""Chroma from which the network is so sure of a colour that straight edges do not outweigh it."""

# Lengths in short sides of the page.
RUN = 1 / 24
"""A straight edge is at least this long."""
NARROW, LONG = 1 / 18, 0.4
"""A gutter that is not straight along the page's axes is at most so wide, and at least so long."""
LEAST = 1 / 30
"""A balloon or gutter is at least as large as a square of this side."""
GLYPH = 1 / 250
"""A sign of lettering is at least this large; what is smaller is a dot."""

STRAIGHT = 0.7
"""Share of straight edges in the outline of a gutter."""
SIGNS = 4
"""Marks of a lettering, at least."""
PACKED = 0.3
"""Share of its marks' boxes in the hull of a lettering: features of a face lie far apart."""
LETTERED = 0.08
"""Share of the lettering's hull in a balloon, at least."""
SOLID = 0.75
"""Share of a balloon in its own convex hull, at least."""


def find(
    page: NDArray[np.uint8], parts: Parts, colours: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Find gutters, margins and balloons.

    Args:
        page: (h, w), levelled: 0 is ink, 255 paper.
        parts: of the page.
        colours: (areas, 3), L, a and b that the network gave to each area.

    Returns:
        (h, w) bool.
    """
    short = min(page.shape)
    blank = np.zeros(page.shape, np.uint8)
    rim = cv2.dilate(parts.ink.view(np.uint8), np.ones((3, 3), np.uint8))
    clear = rim == 0
    dots = np.zeros(len(parts.boxes), bool)
    sides = parts.boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    dots[1:] = sides[1:] < short * GLYPH
    for numbers in (parts.open, parts.area):
        bare = _bare(page, numbers, clear, dots[parts.marks]) & _large(numbers, short)
        for number in _on_border(numbers, bare):
            mask = numbers == number
            ab = colours[parts.area[mask & clear], 1:]
            sure = len(ab) and np.hypot(*np.median(ab, axis=0)) > COLOURED
            if not sure and _is_gutter(mask, parts, short):
                blank[mask] = 1
    signs = np.flatnonzero((sides >= short * GLYPH) & _is_mark(parts))
    owner = np.zeros(len(parts.boxes), np.int32)
    owner[parts.marks] = parts.area
    count = np.bincount(owner[signs], minlength=len(bare))
    for number in np.flatnonzero(bare & (count >= SIGNS)):
        _add_balloon(blank, parts.area == number, parts.boxes[signs[owner[signs] == number]])
    return blank > 0


def _is_mark(parts: Parts) -> NDArray[np.bool_]:
    there = np.zeros(len(parts.boxes), bool)
    there[parts.marks] = True
    there[0] = False
    return there


def _large(numbers: NDArray[np.int32], short: int) -> NDArray[np.bool_]:
    large: NDArray[np.bool_] = np.bincount(numbers.ravel()) >= (short * LEAST) ** 2
    return large


def _bare(
    page: NDArray[np.uint8],
    numbers: NDArray[np.int32],
    clear: NDArray[np.bool_],
    dots: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Tell which areas are bare paper but for signs: (areas,)."""
    count = int(numbers.max()) + 1
    total = np.bincount(numbers[clear], minlength=count)
    white = np.bincount(numbers[clear & (page >= PAPER)], minlength=count)
    dotted = np.bincount(numbers[dots], minlength=count)
    bare: NDArray[np.bool_] = (white >= BARE * total) & (dotted <= (1 - BARE) * total) & (total > 0)
    return bare


def _on_border(numbers: NDArray[np.int32], bare: NDArray[np.bool_]) -> list[int]:
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    found = np.unique(border)
    return [int(number) for number in found[found > 0] if bare[number]]


def _is_gutter(mask: NDArray[np.bool_], parts: Parts, short: int) -> bool:
    """Tell whether an area (h, w) at the page's border is straight, or narrow and long."""
    pixels = int(mask.sum())
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


def _add_balloon(
    blank: NDArray[np.uint8], mask: NDArray[np.bool_], boxes: NDArray[np.int32]
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
    ):
        cv2.drawContours(blank, [outline], -1, 1, cv2.FILLED)
