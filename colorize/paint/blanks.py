"""Finds what is white on an inked page whatever a network says: gutters, margins and balloons.

All of an inked page is white paper, so whiteness alone says nothing. A gutter reaches the border
of the page and is straight or narrow; a balloon is enclosed, of a simple form, and holds a block of
lettering. All else is left to the network.

Letters in shapes: h and w of the page.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.ingest import gutters
from colorize.paint.areas import Parts

PAPER = 225
"""Value from which a pixel is bare."""
BARE = 0.97
"""Share of an area that is bare, beside its marks."""
VIVID = 48
"""Range of the channels of sRGB from which a layer is no white; up to half of it, it is."""
DARK, LIGHT = 190, 215
"""Highest channel of sRGB up to which a layer is no white, and from which it is."""
UNSURE, CONTRARY = 127, 64
"""Means of how white a network's layer is, of 255, below which it speaks against a balloon, and
against a gutter."""
COARSE = 4
"""Pixels of the layer that are looked at as one."""

# Lengths in short sides of the page.
BLOTCH = 1 / 30
"""Colours of a layer are averaged over so much: smaller spots are the network's error."""
RUN = 1 / 24
"""A straight edge of a gutter is at least this long."""
NARROW, LONG = 1 / 18, 0.4
"""A gutter that is not straight along the page's axes is at most so wide, and at least so long."""
LEAST = 1 / 30
"""A gutter touches so much of the page's border, at least."""
GLYPH = 1 / 250
"""A mark of lettering is at least this large; what is smaller is a dot."""
LEGIBLE = 1 / 100
"""Most signs of a lettering are at least this large."""

PANELS = 0.5
"""Share of a page that its panels cover, at least, for what is outside of them to be a gutter."""

APART = 0.6
"""Share of an area outside of all panels, at least, for that part of it to be a gutter. Slanted
gutters have less outside of the panels' boxes, and would end at the straight edges of these."""

DOTTED = 0.02
"""Share of marks in a gutter, at most."""
STRAIGHT, STRAIGHTEST = 0.7, 0.85
"""Share of straight edges in the outline of a gutter, and of one that has run into no panel."""
SIGNS, MANY_SIGNS = 5, 8
"""Signs of a lettering, at least, and of one in an area that the network colours."""
ALIKE = (0.5, 3.0)
"""Sizes of signs, in those of the large ones: features of a face differ more."""
MOST = 0.5
"""Share of the marks that are of such a size, at least."""
PACKED = 0.25
"""Share of its signs' boxes in the hull of a lettering: features of a face lie far apart."""
INKED = 0.12
"""Share of ink in that hull, at least."""
LETTERED = 0.08
"""Share of that hull in the balloon, at least."""
SOLID = 0.75
"""Share of a balloon in its own convex hull, at least."""


def whitish(layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tell how white a network's layer (h, w, 3) of sRGB is around each pixel: (h, w), 255 most."""
    height, width = layer.shape[:2]
    size = max(1, width // COARSE), max(1, height // COARSE)
    side = 2 * round(min(size) * BLOTCH / 2) + 1
    small = cv2.blur(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), (side, side))
    highest, lowest = small.max(axis=2).astype(np.float32), small.min(axis=2).astype(np.float32)
    colourless = np.clip(2 * (1 - (highest - lowest) / VIVID), 0, 1)
    light = np.clip((highest - DARK) / (LIGHT - DARK), 0, 1)
    white = np.rint(255 * np.minimum(colourless, light)).astype(np.uint8)
    return np.asarray(cv2.resize(white, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def find(page: NDArray[np.uint8], parts: Parts, whitish: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find gutters, margins and balloons.

    Args:
        page: (h, w), levelled: 0 is ink, 255 paper.
        parts: of the page.
        whitish: (h, w), how white the network's layer is. Where it is not, a gutter may have run
            into a panel, and a balloon needs more lettering.

    Returns:
        (h, w): 255 where the layer has to be white, 0 where nothing is known.
    """
    short = min(page.shape)
    blank = np.zeros(page.shape, np.uint8)
    clear = cv2.dilate(parts.ink.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    outside = _outside(page)
    for numbers in (parts.open, parts.area):
        for number in _on_border(numbers, short):
            mask = numbers == number
            if outside[mask].mean() >= APART:
                blank[mask & outside] = 255
            if (
                _bare(page, mask, clear) >= BARE
                and (parts.marks[mask] > 0).mean() <= DOTTED
                and (straight := _straight(mask, parts, short)) >= STRAIGHT
            ):
                sure = mask
                if straight < STRAIGHTEST or whitish[mask].mean() < CONTRARY:
                    wide = mask & (parts.room > short * NARROW / 2)
                    wide = mask & _grown(wide, short * NARROW / 2 + 2)
                    blank[wide] = cv2.max(blank, whitish)[wide]
                    sure = mask & ~wide
                blank[sure] = 255
    sides = parts.boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    signs = np.flatnonzero((sides >= short * GLYPH) & _is_mark(parts))
    owner = np.zeros(len(parts.boxes), np.int32)
    owner[parts.marks] = parts.area
    count = np.bincount(owner[signs])
    for number in np.flatnonzero(count >= SIGNS).tolist():
        mask = parts.area == number
        least = MANY_SIGNS if whitish[mask].mean() < UNSURE else SIGNS
        if count[number] >= least:
            boxes = parts.boxes[signs[owner[signs] == number]]
            _add_balloon(blank, page, mask, clear, boxes, least)
    return blank


def _outside(page: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find what lies outside of all panels of a page (h, w) that are parted by straight gutters."""
    boxes = gutters.panels(page)
    outside = np.full(
        page.shape, sum(box.height * box.width for box in boxes) >= PANELS * page.size
    )
    for box in boxes:
        outside[box.top : box.bottom, box.left : box.right] = False
    return outside


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


def _straight(mask: NDArray[np.bool_], parts: Parts, short: int) -> float:
    """Share of straight edges in the outline of an area (h, w); 1 if it is narrow and long."""
    widest = 2 * float(parts.room[mask].max())
    if widest <= short * NARROW and int(mask.sum()) >= widest * short * LONG:
        return 1.0
    inside = mask & (parts.open > 0)
    run = max(3, round(short * RUN))
    total = straight = 0
    for plane in (inside, inside.T):
        rim = np.ascontiguousarray(plane[1:] ^ plane[:-1]).view(np.uint8)
        if not rim.any():
            continue
        total += int(rim.sum())
        straight += int(cv2.morphologyEx(rim, cv2.MORPH_OPEN, np.ones((1, run), np.uint8)).sum())
    return straight / max(1, total)


def _grown(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Add to a mask (h, w) what is within a radius in pixels of it."""
    away = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(away <= radius)


def _bare(page: NDArray[np.uint8], mask: NDArray[np.bool_], clear: NDArray[np.bool_]) -> float:
    """Share of bare paper in an area (h, w), beside its marks."""
    values = page[mask & clear]
    return float((values >= PAPER).mean()) if len(values) else 0.0


def _add_balloon(
    blank: NDArray[np.uint8],
    page: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    signs: NDArray[np.int32],
    least: int,
) -> None:
    """Mark an area (h, w), and all that it encloses, if it is a balloon.

    Args:
        blank: (h, w), to mark it in.
        page: (h, w).
        mask: (h, w), the area.
        clear: (h, w), what is neither ink nor beside it.
        signs: (n, 5), boxes of its marks.
        least: signs that it must have.
    """
    sides = signs[:, 2:4].max(axis=1)
    large = float(np.quantile(sides, 0.75))
    low, high = ALIKE
    if sides.max() > high * large or large < min(page.shape) * LEGIBLE:
        return
    alike = sides >= low * large
    signs = signs[alike]
    if len(signs) < least or alike.mean() < MOST:
        return
    left, top, width, height, ink = signs.T
    corners = [(x, y) for x in (left, left + width) for y in (top, top + height)]
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(corners, axis=1).T.astype(np.int32)))
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(contours, key=cv2.contourArea)
    size = cv2.contourArea(outline)
    if (
        (width * height).sum() >= PACKED * hull
        and ink.sum() >= INKED * hull
        and hull >= LETTERED * size
        and size >= SOLID * cv2.contourArea(cv2.convexHull(outline))
        and mask.sum() >= SOLID * size
        and _bare(page, mask, clear) >= BARE
    ):
        cv2.drawContours(blank, [outline], -1, 255, cv2.FILLED)
