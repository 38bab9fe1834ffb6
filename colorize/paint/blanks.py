"""Finds what is white on an inked page whatever a network says: gutters, margins and balloons.

All of an inked page is white paper, so whiteness alone says nothing. A gutter reaches the border
of the page and is straight or narrow; a balloon is enclosed, of a simple form, and holds a block of
lettering. All else is left to the network.

Letters in shapes: h and w of the page.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from colorize.ingest import gutters
from colorize.ingest.gutters import Box
from colorize.paint.areas import Parts

PAPER = 225
"""Value from which a pixel is bare."""
SHADED, EVEN = 190, 12
"""Value from which it is so, too, where the range of values within 3 x 3 pixels is below that."""
BARE, BAREST = 0.97, 0.99
"""Share of an area that is bare, beside its marks, and of one with little lettering."""
VIVID = 48
"""Range of the channels of sRGB from which a layer is no white; up to half of it, it is."""
DARK, LIGHT = 190, 215
"""Highest channel of sRGB up to which a layer is no white, and from which it is."""
UNSURE, CONTRARY = 127, 64
"""Means of how white a network's layer is, of 255, from which it speaks for lettering, and below
which it speaks against a gutter."""
COARSE = 4
"""Pixels of the layer that are looked at as one."""

# Lengths in short sides of the page.
BLOTCH = 1 / 30
"""Colours of a layer are averaged over so much: smaller spots are the network's error."""
RUN = 1 / 10
"""A straight edge of a gutter is at least this long, at any slant."""
NARROW, LONG = 1 / 18, 0.4
"""A gutter that is not straight along the page's axes is at most so wide, and at least so long."""
LEAST = 1 / 120
"""A gutter touches so much of the page's border, at least."""
GLYPH = 1 / 250
"""A mark of lettering is at least this large; what is smaller is a dot."""
LEGIBLE = 1 / 100
"""Most signs of a lettering are at least this large."""
TOUCHING = 1 / 6
"""Signs that touch each other are at most this long together."""

PANELS = 0.5
"""Share of a page that its panels cover, at least, for what is outside of them to be a gutter."""

EDGE = 1 / 150
"""Boxes of panels may be too large by so much, in short sides of the page."""

APART = 0.6
"""Share of an area outside of all panels, at least, for that part of it to be a gutter, where boxes
of panels overlap: slanted gutters would end at the straight edges of these. Where none do, gutters
are straight, and any part outside is one: broken borders join it with panels."""

DOTTED = 0.02
"""Share of marks in a gutter, at most."""
BENT = 2.0
"""Pixels by which a straight edge may be bent."""
STRAIGHT, STRAIGHTEST = 0.8, 0.93
"""Share of straight edges in the outline of a gutter, and of one that has run into no panel."""
FEW, SIGNS, SOME, MANY = 4, 3, 4, 7
"""Signs of a lettering, at least: of a bold one, of one where the network's layer is white, of a
single line of signs in a balloon of a very simple form, and of any other."""
SLENDER = 2.5
"""Long side over short side of a single line of signs, at least: a face is not so slender."""
ALIKE = (0.5, 3.0)
"""Sizes of signs, in those of the large ones: features of a face differ more."""
MOST = 0.5
"""Share of the marks that are of such a size, at least."""
VARIED = 0.4
"""Standard deviation of those sizes, in their mean, at most: eyes, nose and mouth differ more."""
UNEVEN, WORDY = 0.25, 0.3
"""Standard deviation of the heights of words, in their mean, at most, and share of ink in their
hull, at least: letters that touch each other are bold, and features of a face leave more paper."""
PACKED = 0.25
"""Share of its signs' boxes in the hull of a lettering: features of a face lie far apart."""
INKED, BOLD = 0.1, 0.4
"""Share of ink in that hull, at least, and of bold lettering."""
DENSE = 0.3
"""Share of ink in the boxes of its signs, at least: lines that cross leave more paper."""
MASSIVE = 0.7
"""Share of ink in a box from which it holds a mass of ink and no signs that touch."""
LARGE = 1 / 50
"""Signs of bold lettering, such as sounds, are at least this large."""
SCREEN = 1 / 60
"""Side of the square over which ink of a screentone is averaged."""
SCREENED, MUCH = 0.2, 0.25
"""Share of ink from which a place is no paper, and share of such places in an area from which it
has run into a screentone."""
LETTERED = 0.08
"""Share of that hull in the balloon, at least."""
SOLID, SOLIDEST = 0.75, 0.85
"""Share of a balloon in its own convex hull, at least, and of one with little lettering."""


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


class Blanks(NamedTuple):
    """Where the layer under a page has to be white, 255, and 0 where nothing is known.

    Attributes:
        all: (h, w) uint8: gutters, margins and balloons.
        balloon: (h, w) uint8: balloons alone.
    """

    all: NDArray[np.uint8]
    balloon: NDArray[np.uint8]


def find(
    page: NDArray[np.uint8],
    parts: Parts,
    whitish: NDArray[np.uint8],
    panels: Sequence[Box] = (),
) -> Blanks:
    """Find gutters, margins and balloons.

    Args:
        page: (h, w), levelled: 0 is ink, 255 paper.
        parts: of the page.
        whitish: (h, w), how white the network's layer is. Where it is not, a gutter may have run
            into a panel, and a balloon needs more lettering.
        panels: of the page, as `gutters.panels` gives them.
    """
    blank = np.zeros(page.shape, np.uint8)
    clear = cv2.dilate(parts.ink.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    bare = _paper(page)
    outside = _outside(page.shape, panels)
    apart = APART if gutters.overlap(panels) else 0.0
    for numbers in (parts.open, parts.area):
        for number, at in _places(numbers, _on_border(numbers, min(page.shape))):
            seen = _Area(numbers[at] == number, at, clear, bare)
            least = STRAIGHTEST if numbers is parts.open else STRAIGHT
            _add_gutter(blank, seen, parts, whitish, outside, least, apart)
    touching, rims = _touching(parts)
    signs = np.concatenate([_signs(parts), touching])
    balloon = np.zeros(page.shape, np.uint8)
    # Signs that touch may part a balloon, and gaps may join it with what is beside it.
    for numbers in (parts.area, parts.open):
        owner = np.zeros(len(parts.boxes), np.int32)
        owner[parts.marks] = numbers
        owner[touching] = numbers.ravel()[rims]
        owner[0] = 0
        for number, at, lettering in _lettered(numbers, parts.boxes[signs], owner[signs]):
            across, down = np.maximum(lettering.hull[:, 0] - 1, 0).T
            if (blank[down, across] | balloon[down, across]).all():
                continue
            seen = _Area(numbers[at] == number, at, clear, bare)
            for box in parts.boxes[signs[owner[signs] == number]]:
                seen.mask[_inside(box, at)] = True  # what a sign encloses may be an area of its own
            mask = _without_screens(seen, parts.ink[at], lettering, min(page.shape))
            solid = SOLID if numbers is parts.area else SOLIDEST
            seen = seen._replace(mask=mask)
            _add_balloon(balloon, seen, whitish, lettering, min(page.shape), solid)
    return Blanks(blank | balloon, balloon)


def _lettered(
    numbers: NDArray[np.int32], boxes: NDArray[np.int32], owner: NDArray[np.int32]
) -> Iterator[tuple[int, tuple[slice, slice], "_Lettering"]]:
    """Give the areas of a page (h, w) that hold lettering, the places of these, and it.

    Args:
        numbers: (h, w), of areas.
        boxes: (n, 5), of signs.
        owner: (n,), numbers of the areas that these lie in.
    """
    found = {}
    count = np.bincount(owner)
    for number in np.flatnonzero(count >= SIGNS).tolist():
        if lettering := _lettering(boxes[owner == number], min(numbers.shape)):
            found[number] = lettering
    for number, at in _places(numbers, list(found)):
        yield number, at, found[number]


def _places(
    numbers: NDArray[np.int32], wanted: list[int]
) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Give the smallest parts of a page (h, w) that hold some areas, by their numbers."""
    table = np.zeros(int(numbers.max()) + 1, np.int32)
    table[wanted] = np.arange(1, len(wanted) + 1)
    found = find_objects(np.take(table, numbers), len(wanted)) if wanted else []
    return zip(wanted, found, strict=True)


class _Area(NamedTuple):
    """An area in the smallest part of a page that holds it.

    Attributes:
        mask: (rows, columns), true in the area.
        at: that part of the page.
        clear: (h, w), what is neither ink nor beside it.
        paper: (h, w), bare paper.
    """

    mask: NDArray[np.bool_]
    at: tuple[slice, slice]
    clear: NDArray[np.bool_]
    paper: NDArray[np.bool_]

    def bare(self) -> float:
        """Share of bare paper, beside its marks."""
        values = self.paper[self.at][self.mask & self.clear[self.at]]
        return float(values.mean()) if len(values) else 0.0


def _paper(page: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find bare paper (h, w): light, or a little darker but even, as a page badly lit is."""
    ranges = cv2.morphologyEx(page, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return (page >= PAPER) | ((page >= SHADED) & (ranges < EVEN))


def _outside(size: tuple[int, ...], panels: Sequence[Box]) -> NDArray[np.bool_]:
    """Find what lies outside of all panels of a page (h, w), if these cover much of it."""
    covered = sum(box.height * box.width for box in panels)
    outside = np.full(size, covered >= PANELS * size[0] * size[1])
    edge = round(min(size) * EDGE)

    def within(first: int, last: int, full: int) -> slice:  # at the page's border there is no edge
        return slice(
            first + edge if first > edge else 0, last - edge if last < full - edge else full
        )

    for box in panels:
        rows, columns = within(box.top, box.bottom, size[0]), within(box.left, box.right, size[1])
        outside[rows, columns] = False
    return outside


def _on_border(numbers: NDArray[np.int32], short: int) -> list[int]:
    """Numbers of areas along the page's border."""
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    found, count = np.unique(border, return_counts=True)
    return [int(number) for number in found[(found > 0) & (count >= short * LEAST)]]


def _add_gutter(
    blank: NDArray[np.uint8],
    seen: _Area,
    parts: Parts,
    whitish: NDArray[np.uint8],
    outside: NDArray[np.bool_],
    least: float,
    apart: float,
) -> None:
    """Mark an area along the border of the page (h, w) in ``blank``, if it is a gutter.

    Args:
        blank: (h, w), to mark it in.
        seen: the area.
        parts: of the page.
        whitish: (h, w), how white the network's layer is.
        outside: (h, w), outside of all panels.
        least: share of straight edges that it must have.
        apart: share of it outside of all panels from which that part is a gutter.
    """
    mask, at, short = seen.mask, seen.at, min(blank.shape)
    marked = blank[at]
    if outside[at][mask].mean() >= apart:
        marked[mask & outside[at]] = 255
    if seen.bare() < BARE or (parts.marks[at][mask] > 0).mean() > DOTTED:
        return
    room = parts.room[at]
    straight = _straight(mask & (parts.open[at] > 0), room[mask].max(), short)
    if straight < least:
        return
    if straight < STRAIGHTEST or whitish[at][mask].mean() < CONTRARY:
        wide = mask & (room > short * NARROW / 2)
        wide = mask & _grown(wide, short * NARROW / 2 + 2)
        marked[wide] = cv2.max(marked, whitish[at])[wide]
        mask = mask & ~wide
    marked[mask] = 255


def _straight(mask: NDArray[np.bool_], room: float, short: int) -> float:
    """Share of long straight edges in the outline of an area; 1 if it is narrow and long."""
    widest = 2 * float(room)
    if widest <= short * NARROW and int(mask.sum()) >= widest * short * LONG:
        return 1.0
    padded = np.pad(mask.view(np.uint8), 1)
    outlines, _ = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    total = straight = 0.0
    for outline in outlines:
        if len(outline) >= short * RUN / 2:
            corners = cv2.approxPolyDP(outline, BENT, closed=True)[:, 0].astype(np.float32)
            lengths = np.hypot(*(corners - np.roll(corners, 1, axis=0)).T)
            total += float(lengths.sum())
            straight += float(lengths[lengths >= short * RUN].sum())
    return straight / max(1.0, total)


def _grown(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Add to a mask (h, w) what is within a radius in pixels of it."""
    away = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(away <= radius)


def _signs(parts: Parts) -> NDArray[np.int64]:
    """Numbers of the marks that are as large as signs of lettering."""
    there = np.zeros(len(parts.boxes), bool)
    there[parts.marks] = True
    there[0] = False
    sides = parts.boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    return np.flatnonzero(there & (sides >= min(parts.marks.shape) * GLYPH))


def _touching(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find signs that touch each other, and so are lines to `areas.part`, in one area each.

    Returns:
        (n,) their numbers, and (n,) where the areas around them are, in the flat page.
    """
    width, height, ink = parts.boxes[:, 2:].T
    share = ink / np.maximum(width * height, 1)
    wanted = np.maximum(width, height) <= min(parts.ink.shape) * TOUCHING
    wanted &= (share >= DENSE) & (share <= MASSIVE)
    wanted[parts.marks] = False
    found, around = [], []
    for number in np.flatnonzero(wanted).tolist():
        left, top, wide, high = parts.boxes[number, :4].tolist()
        at = slice(max(0, top - 1), top + high + 1), slice(max(0, left - 1), left + wide + 1)
        rim = _rim(parts.area[at])
        if not _rim(parts.ink[at]).any() and (rim == rim[0]).all():
            found.append(number)
            around.append(at[0].start * parts.area.shape[1] + at[1].start)
    return np.array(found, np.int64), np.array(around, np.int64)


def _rim(plane: NDArray[Any]) -> NDArray[Any]:
    """Values along the four sides of a plane, corners twice."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _inside(box: NDArray[np.int32], at: tuple[slice, slice]) -> tuple[slice, slice]:
    """Give the place of a box in a part of a page."""
    left, top, width, height = box[:4].tolist()
    top, left = top - at[0].start, left - at[1].start
    return slice(max(0, top), max(0, top + height)), slice(max(0, left), max(0, left + width))


class _Lettering(NamedTuple):
    """Signs of one size that lie together.

    Attributes:
        signs: number of them.
        size: of the large ones, in pixels.
        hull: (n, 1, 2) int32, the convex hull of their boxes.
        ink: share of ink in that hull.
        slender: its long side over its short one, along the page's axes.
    """

    signs: int
    size: float
    hull: NDArray[np.int32]
    ink: float
    slender: float


def _lettering(signs: NDArray[np.int32], short: int) -> _Lettering | None:
    """Take marks (n, 5), given by their boxes, for lettering; None if they are none.

    Signs are of one size, or, where letters touch each other in words, of one height.
    """
    width, height = signs[:, 2:4].T
    found = _of_one_size(
        signs, np.maximum(width, height), np.ones(len(signs)), short, VARIED, INKED
    )
    for size, along in ((height, width), (width, height)):
        if found is None:
            count = np.maximum(1, np.rint(along / np.maximum(size, 1)))
            found = _of_one_size(signs, size, count, short, UNEVEN, WORDY)
    return found


def _of_one_size(
    signs: NDArray[np.int32],
    sizes: NDArray[np.int32],
    count: NDArray[np.float64],
    short: int,
    varied: float,
    inked: float,
) -> _Lettering | None:
    """Take marks for lettering by their sizes.

    Args:
        signs: (n, 5), boxes of the marks.
        sizes: (n,), in pixels.
        count: (n,), how many signs each mark stands for.
        short: pixels of the page's short side.
        varied: see `VARIED`.
        inked: see `INKED`.
    """
    large = float(np.sort(sizes)[3 * (len(sizes) - 1) // 4])
    low, high = ALIKE
    alike = sizes >= low * large
    signs = signs[alike]
    letters = round(float(count[alike].sum()))
    if (
        sizes.max() > high * large
        or large < short * LEGIBLE
        or letters < SIGNS
        or alike.mean() < MOST
        or sizes[alike].std() > varied * sizes[alike].mean()
    ):
        return None
    left, top, width, height, ink = signs.T
    corners = [(x, y) for x in (left, left + width) for y in (top, top + height)]
    hull = cv2.convexHull(np.concatenate(corners, axis=1).T.astype(np.int32))
    size, boxes = cv2.contourArea(hull), int((width * height).sum())
    if boxes < PACKED * size or ink.sum() < max(inked * size, DENSE * boxes):
        return None
    ink_share = float(ink.sum() / size)
    narrow, long = sorted(np.ptp(hull[:, 0], axis=0).tolist())
    return _Lettering(letters, large, np.asarray(hull, np.int32), ink_share, long / narrow)


def _without_screens(
    seen: _Area, ink: NDArray[np.bool_], lettering: _Lettering, short: int
) -> NDArray[np.bool_]:
    """Leave out of an area what is inked all over, and what lies beyond that from its lettering.

    Args:
        seen: the area.
        ink: (rows, columns), in the part of the page that holds the area.
        lettering: in the area.
        short: pixels of the page's short side.

    Returns:
        (rows, columns), true in what is left.
    """
    rows, columns = seen.at
    inside = np.zeros(ink.shape, np.uint8)
    cv2.fillConvexPoly(inside, lettering.hull - [columns.start, rows.start], 1)
    side = 2 * round(short * SCREEN / 2) + 1
    around = np.where(inside > 0, 0, ink.view(np.uint8) * np.uint8(255))
    screened = cv2.blur(around, (side, side)) > 255 * SCREENED
    if (screened & seen.mask).sum() < MUCH * seen.mask.sum():
        return seen.mask
    core = seen.mask & ~screened
    _, pieces = cv2.connectedComponents(core.view(np.uint8), connectivity=4)
    counts = np.bincount(pieces[(inside > 0) & core])
    if len(counts) < 2:
        return seen.mask
    return seen.mask & _grown(pieces == 1 + counts[1:].argmax(), side)


def _add_balloon(
    blank: NDArray[np.uint8],
    seen: _Area,
    whitish: NDArray[np.uint8],
    lettering: _Lettering,
    short: int,
    solid: float,
) -> None:
    """Mark an area of the page (h, w), and all that it encloses, if it is a balloon.

    Args:
        blank: (h, w), to mark it in.
        seen: the area.
        whitish: (h, w), how white the network's layer is.
        lettering: in the area.
        short: pixels of the page's short side.
        solid: share of the area in its convex hull, at least, where nothing asks for more.
    """
    rows, columns = seen.at
    inside = np.zeros(seen.mask.shape, np.uint8)
    cv2.fillConvexPoly(inside, lettering.hull - [columns.start, rows.start], 255)
    least, bare = MANY, BARE
    if cv2.mean(whitish[seen.at], inside)[0] >= UNSURE:
        least = SIGNS
    elif lettering.ink >= BOLD and lettering.size >= short * LARGE:
        least, bare, solid = FEW, BAREST, SOLIDEST
    elif lettering.signs < MANY and lettering.slender >= SLENDER:
        least, bare, solid = SOME, BAREST, SOLIDEST
    outlines, _ = cv2.findContours(
        seen.mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    outline = max(outlines, key=cv2.contourArea)
    size = cv2.contourArea(outline)
    if (
        lettering.signs >= least
        and cv2.contourArea(lettering.hull) >= LETTERED * size
        and size >= solid * cv2.contourArea(cv2.convexHull(outline))
        and seen.mask.sum() >= SOLID * size
        and seen.bare() >= bare
    ):
        cv2.drawContours(blank, [outline], -1, 255, cv2.FILLED, offset=(columns.start, rows.start))
