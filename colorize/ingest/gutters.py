"""Finds the panels of a page by the gutters between them.

The page is divided along rows, then columns, that have the colour of paper or of black from side
to side, and its parts again (recursive XY cut: Nagy and Seth, "Hierarchical representation of
optically scanned documents", 1984). A balloon may bridge a gutter. What no straight cut divides is
divided along slanted gutters, by connected components.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SEEN = 560
"""Pixels of the shorter side at which a page is looked at, unless it is smaller."""
WHITE, BLACK = 228, 24
"""From which value of the darkest channel a pixel is paper, and up to which of the lightest one it
is black."""
THINNEST = 3
"""Pixels of `SEEN` that a gutter is wide."""
BRIDGED = {"white": 0.9, "black": 0.98}
"""Share of a row or column that must have a gutter's colour. Balloons bridge white gutters; dark
art looks like black ones."""
SMALLEST = 0.1
"""Sides of a panel, in units of the page's shorter side."""
FULL = 0.8
"""Share of the page from which on a single panel is the page itself."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; its lower and right ends are not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Of its sides, the upright one."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Of its sides, the level one."""
        return self.right - self.left

    def scaled(self, scale: float) -> "Box":
        """The same part of a picture that is ``scale`` times as large, rounded outwards."""
        return Box(
            int(np.floor(self.top * scale)),
            int(np.floor(self.left * scale)),
            int(np.ceil(self.bottom * scale)),
            int(np.ceil(self.right * scale)),
        )

    def of(self, plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of an array (H, W, ...) that it covers."""
        return plane[self.top : self.bottom, self.left : self.right]


def panels(page: NDArray[np.uint8]) -> list[Box]:
    """Find the panels of a page (H, W, 3) or (H, W) uint8; none where it has no gutters.

    They come from top to bottom, and from left to right.
    """
    height, width = page.shape[:2]
    scale = min(1.0, SEEN / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = small.reshape(*small.shape[:2], -1)
    masks = {
        "white": np.asarray(small.min(axis=-1) >= WHITE, np.uint8),
        "black": np.asarray(small.max(axis=-1) <= BLACK, np.uint8),
    }
    least = max(2 * THINNEST, round(SMALLEST * min(size)))
    whole = Box(0, 0, size[1], size[0])
    found = [
        part
        for leaf in _cut(whole, masks, least)
        for part in _slanted(leaf, masks["white"], least)
        if min(part.height, part.width) >= least
    ]
    if not found or (len(found) == 1 and _area(found[0]) >= FULL * _area(whole)):
        return []
    across, down = width / size[0], height / size[1]
    return [
        Box(
            int(np.ceil(box.top * down)),
            int(np.ceil(box.left * across)),
            int(box.bottom * down),
            int(box.right * across),
        )
        for box in found
    ]


def _area(box: Box) -> int:
    return box.height * box.width


def _cut(box: Box, masks: dict[str, NDArray[np.uint8]], least: int) -> Iterator[Box]:
    """Divide a box along straight gutters, and trim what is left of them around each part.

    A gutter is clear at both ends. A row through panels that are nearly empty is not: there are
    their borders.
    """
    box = _trimmed(box, masks)
    for axis in (1, 0):  # rows, then columns
        clear = np.zeros(box.height if axis else box.width, bool)
        for colour, mask in masks.items():
            lines = box.of(mask) if axis else box.of(mask).T
            ends = np.concatenate([lines[:, :THINNEST], lines[:, -THINNEST:]], axis=1)
            clear |= _runs((lines.mean(axis=1) >= BRIDGED[colour]) & ends.all(axis=1))
        spans = _spans(~clear)
        if not spans:
            return
        if spans != [(0, len(clear))]:
            for start, stop in spans:
                if stop - start >= least:
                    part = (
                        Box(box.top + start, box.left, box.top + stop, box.right)
                        if axis
                        else Box(box.top, box.left + start, box.bottom, box.left + stop)
                    )
                    yield from _cut(part, masks, least)
            return
    yield box


def _trimmed(box: Box, masks: dict[str, NDArray[np.uint8]]) -> Box:
    """Take margins away that are of one colour; a box of nothing else stays."""
    for mask in masks.values():
        drawn = box.of(mask) == 0
        rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
        if rows.size:
            box = Box(
                box.top + int(rows[0]),
                box.left + int(columns[0]),
                box.top + int(rows[-1]) + 1,
                box.left + int(columns[-1]) + 1,
            )
    return box


def _runs(clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep what is as long as a gutter is wide, or at an end."""
    kept = np.zeros_like(clear)
    for start, stop in _spans(clear):
        if stop - start >= THINNEST or start == 0 or stop == len(clear):
            kept[start:stop] = True
    return kept


def _spans(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _slanted(box: Box, white: NDArray[np.uint8], least: int) -> list[Box]:
    """Divide a box along slanted white gutters, if that gives parts beside each other."""
    inside = box.of(white)
    opened = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((THINNEST, THINNEST), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(1 - opened, connectivity=4)
    parts = [
        Box(int(y), int(x), int(y + h), int(x + w))
        for x, y, w, h, area in stats[1:]
        if min(w, h) >= least and area >= 0.4 * w * h
    ]
    covered = sum(map(_area, parts))
    if len(parts) < 2 or covered < 0.6 * _area(box) or overlap(parts) > 0.15 * covered:
        return [box]
    parts.sort(key=lambda part: (part.top, part.left))
    return [
        Box(box.top + p.top, box.left + p.left, box.top + p.bottom, box.left + p.right)
        for p in parts
    ]


def overlap(boxes: Sequence[Box]) -> int:
    """Count the pixels that boxes share, pair by pair."""
    return sum(
        max(0, min(a.bottom, b.bottom) - max(a.top, b.top))
        * max(0, min(a.right, b.right) - max(a.left, b.left))
        for n, a in enumerate(boxes)
        for b in boxes[:n]
    )
