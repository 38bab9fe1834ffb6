"""Lays flat colours under an inked page: each area between lines has its own.

A network decides at a quarter of the size at which it sees a page, so its colours are blotchy, run
over lines, turn with a screentone, and tint white balloons. Here an area settles on its most common
colour, where its colours agree, and keeps no more than an even gradient of light. Gutters, balloons
and all that is nearly white become white.

Letters in shapes: H and W of the page, h and w of the size worked at.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from colorize.colour import lab
from colorize.ingest.gutters import Box
from colorize.paint import areas, blanks
from colorize.paint.areas import Parts

PIXELS = 700_000
"""Pixels at most of a page while it is worked on."""

BLEED = 1.25
"""Pixels of the network's picture beside a line whose colours may be those of its other side."""
AGREE = 10.0
"""Distance in Lab below which areas that touch are one."""

SAMPLES = 1 << 16
"""Pixels of a page, about, that colours of areas are taken of."""
STIFF = 2e-4
"""Added to the variance of places, in shares of the page: small areas have no steep gradient."""
EXPLAINED = 0.3
"""Share of the variance of an area's light that a gradient explains at least, or there is none."""
SMALLEST = 12
"""Samples of an area below which their most common colour says little."""
LARGE = 150
"""Samples of an area from which it may have a gradient."""
BLOTCHY, MOTLEY = 35.0, 55.0
"""Root mean square distance from an area's own colour, in `OPPONENT`, below which the area
settles wholly, and above which not at all: it holds several things that no line separates."""
NEAR, SHIFTS = 25.0, 3
"""Standard deviation of the weight by distance in a mean shift, and its steps."""
FEWEST = 1e-3
"""Mean weight of the samples of an area below which their median stands."""

TONE = 1 / 60
"""Side of the square over which a screentone is averaged, in short sides of the page."""
TONED = 0.06
"""Share of ink beside lines from which a place is toned."""
MOSTLY = 0.6
"""Share of toned samples from which an area is toned; its colour is that of its toned part."""
OTHER = 0.1
"""How much samples of the other part count: with the tone the network changes hues."""

LIT = 0.65
"""Exponent of the highest channel of bare areas: what an artist leaves white is lit."""
BARE = 0.5, 0.9
"""Share of bare paper in an area up to which it is not lit, and from which it is."""
VIVID = 0.6
"""Saturation from which a colour is lit wholly; grey is not."""

WHITE_L, WHITE_CHROMA = 90.0, 8.0
"""An area whose colour is at least so light, and has no more chroma, is white."""
DEEP, DEEPEST = 7, 32
"""Side in pixels of a square under which there is no colour, its values being so low."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of sRGB."""
OPPONENT = np.array(
    [LUMA / 2, (np.array([0, 0, 1]) - LUMA) / 1.772, (np.array([1, 0, 0]) - LUMA) / 1.402],
    np.float32,
)
"""Of sRGB: half the luma, and the two differences of colour that JPEG has."""

RGB = NDArray[np.uint8]


class Settled(NamedTuple):
    """What each area has for a colour.

    Attributes:
        colour: (areas, 3) float32, sRGB of 0..255.
        light: (areas, 3) float32, the factor by which that is multiplied: in the middle of the
            page, and its change over the page's width and height.
        share: (areas,) float32 in 0..1: how much of that colour the area shall have.
    """

    colour: NDArray[np.float32]
    light: NDArray[np.float32]
    share: NDArray[np.float32]


class Flats(NamedTuple):
    """A layer of flat colours.

    Attributes:
        rgb: (h, w, 3) uint8 sRGB.
        blank: (h, w) uint8: 255 in gutters, margins and balloons, 0 where nothing is known.
        balloon: (h, w) uint8: the same of balloons alone.
    """

    rgb: RGB
    blank: NDArray[np.uint8]
    balloon: NDArray[np.uint8]


def lay(
    page: NDArray[np.uint8],
    colours: NDArray[np.float32],
    panels: Sequence[Box] = (),
    *,
    snap: bool = True,
) -> Flats:
    """Make the layer under a page of the colours that a network gave.

    Args:
        page: (H, W), levelled: 0 is ink, 255 paper.
        colours: L and ab of the layer, at the size at which the network saw the page.
        panels: of the page, as `gutters.panels` gives them.
        snap: settle each area; if not, only gutters, balloons and what is nearly white settle, and
            nothing runs over a line.

    Returns:
        The layer, at the page's size or a smaller one.
    """
    scale = min(1.0, (PIXELS / page.size) ** 0.5)
    if scale < 1:
        size = [max(1, round(length * scale)) for length in page.shape[::-1]]
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
        panels = [box.scaled(scale) for box in panels]
    height, width = page.shape
    parts = areas.part(page)
    bleed = BLEED * max(1.0, width / colours.shape[1])
    small = lab.lab_to_rgb(colours, keep_lightness=True)
    layer = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    layer = _from_inside(layer, parts, bleed)
    toned = _toned(page, parts)
    settled = _settle(layer, parts, toned)
    colour = lab.rgb_to_lab(np.rint(settled.colour.clip(0, 255)).astype(np.uint8))
    chroma = np.hypot(colour[:, 1], colour[:, 2])
    white = (colour[:, 0] >= WHITE_L) & (chroma <= WHITE_CHROMA) & (settled.share > 0)
    whitish = blanks.whitish(layer)
    found = blanks.find(page, parts, whitish, panels)
    blank = found.all
    settled.colour[white], settled.light[white] = 255, (1, 0, 0)
    gain = _gain(settled.colour, parts.area, toned)
    if not snap:
        settled.share[:], gain[:] = 0, 1
        blank = np.where(white[parts.area], cv2.max(found.all, whitish), found.all)
    layer = _mixed(layer, parts.area, settled, gain)
    layer = _whitened(layer, _under_lines(blank, parts))
    layer[cv2.dilate(page, np.ones((DEEP, DEEP), np.uint8)) <= DEEPEST] = 255
    return Flats(layer, _under_lines(found.all, parts), _under_lines(found.balloon, parts))


def _under_lines(blank: NDArray[np.uint8], parts: Parts) -> NDArray[np.uint8]:
    """Continue what is white (h, w) under half of the lines around it."""
    return np.where(parts.ink, cv2.dilate(blank, np.ones((5, 5), np.uint8)), blank)


def _whitened(layer: RGB, blank: NDArray[np.uint8]) -> RGB:
    """Mix a layer (h, w, 3) with white: all of it where ``blank`` (h, w) is 255."""
    flat = layer.reshape(-1, 3)
    flat[blank.ravel() == 255] = 255
    some = np.flatnonzero((blank > 0) & (blank < 255))
    share = blank.ravel()[some, None] / np.float32(255)
    flat[some] = np.rint(flat[some] + share * (255 - flat[some].astype(np.float32)))
    return layer


def _from_inside(layer: RGB, parts: Parts, bleed: float) -> RGB:
    """Give pixels beside a line, and under it, the colours of their area further away from it."""
    safe = parts.room > bleed
    if not safe.any():
        return layer
    near = areas.nearest(safe)
    area = parts.area.ravel()
    use = np.flatnonzero(~safe.ravel())
    use = use[area[near[use]] == area[use]]
    flat = layer.reshape(-1, 3)
    flat[use] = flat[near[use]]
    return layer


def _toned(page: NDArray[np.uint8], parts: Parts) -> NDArray[np.bool_]:
    """Tell where a screentone lies: (h, w)."""
    side = 2 * round(min(page.shape) * TONE / 2) + 1
    lines = parts.ink & (parts.marks == 0)
    page = np.where(cv2.dilate(lines.view(np.uint8), np.ones((3, 3), np.uint8)) > 0, 255, page)
    return np.asarray(cv2.blur(page, (side, side)) < 255 * (1 - TONED))


def _settle(layer: RGB, parts: Parts, toned: NDArray[np.bool_]) -> Settled:
    """Find the colours of areas; neighbours that are alike, no line being between, are one."""
    height, width = parts.area.shape
    count = int(parts.area.max()) + 1
    step = max(1, round((parts.area.size / SAMPLES) ** 0.5))
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    free = ~parts.ink[rows, columns]
    rows, columns = rows[free], columns[free]
    colours = layer[rows, columns].astype(np.float32)
    area = parts.area[rows, columns]
    size = np.bincount(area, minlength=count)
    means = _sums(area, colours, count) / np.maximum(size, 1)[:, None]
    group = _alike(parts, np.rint(means).astype(np.uint8), size >= SMALLEST)
    places = np.stack([columns / width - 0.5, rows / height - 0.5]).astype(np.float32)
    of = group[area]
    tone = toned[rows, columns]
    mostly = np.bincount(of, tone, count) > MOSTLY * np.bincount(of, minlength=count)
    weight = np.where(tone == mostly[of], np.float32(1), np.float32(OTHER))
    found = _fitted(of, places, colours, weight, count)
    return Settled(*(values[group] for values in found))


def _sums(area: NDArray[np.int32], values: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """Sum values (n, K) by area: (count, K)."""
    return np.stack([np.bincount(area, column, count) for column in values.T], axis=1)


def _alike(parts: Parts, means: RGB, known: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the groups of areas that touch and agree: (areas,)."""
    pairs = []
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        border = np.flatnonzero(parts.area[one] != parts.area[other])
        border = border[~(parts.ink[one].ravel()[border] | parts.ink[other].ravel()[border])]
        pairs.append([parts.area[one].ravel()[border], parts.area[other].ravel()[border]])
    touching = np.concatenate(pairs, axis=1)
    found = lab.rgb_to_lab(means)
    apart = np.square(found[touching[0]] - found[touching[1]]).sum(axis=1)
    alike = touching[:, known[touching].all(axis=0) & (apart < AGREE**2)]
    links = coo_array((np.ones(alike.shape[1]), tuple(alike)), shape=(len(means),) * 2)
    _, group = connected_components(links, directed=False)
    return np.asarray(group, np.int32)


def _fitted(
    group: NDArray[np.int32],
    places: NDArray[np.float32],
    colours: NDArray[np.float32],
    weight: NDArray[np.float32],
    count: int,
) -> Settled:
    """Find the most common colour of samples by group, and the gradient of their light.

    Args:
        group: (n,) of each sample.
        places: (2, n) across and down from the middle of the page, in shares of it.
        colours: (n, 3) sRGB.
        weight: (n,), how much each counts for the colour of its group.
        count: of groups.
    """
    size = np.bincount(group, minlength=count)
    total = np.maximum(size, 1)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.bincount(group, values, count) / total, np.float32)

    opponent = OPPONENT @ colours.T
    colour = _modes(group, colours, opponent, weight, size)
    light = 2 * opponent[0]
    middle = np.stack([mean(along) for along in places])
    x, y = places - middle[:, group]
    c = light - mean(light)[group]
    xx, yy, xy = mean(x * x) + STIFF, mean(y * y) + STIFF, mean(x * y)
    xc, yc = mean(x * c), mean(y * c)
    slope = np.stack([yy * xc - xy * yc, xx * yc - xy * xc]) / (xx * yy - xy**2)
    explained = slope[0] * xc + slope[1] * yc
    slope[:, (size < LARGE) | (explained < EXPLAINED * mean(c * c))] = 0
    slope /= np.maximum(colour @ LUMA, 1)
    factor = np.stack([1 - (slope * middle).sum(axis=0), *slope])
    there = factor[0][group] + factor[1][group] * places[0] + factor[2][group] * places[1]
    rest = np.sqrt(mean(np.square(opponent - (OPPONENT @ colour.T)[:, group] * there).sum(axis=0)))
    share = np.clip((MOTLEY - rest) / (MOTLEY - BLOTCHY), 0, 1) * (size >= SMALLEST)
    return Settled(colour, factor.T.astype(np.float32), share.astype(np.float32))


def _modes(
    group: NDArray[np.int32],
    colours: NDArray[np.float32],
    opponent: NDArray[np.float32],
    certain: NDArray[np.float32],
    size: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Most common colours of samples by group, by mean shift from their medians: (groups, 3).

    Args:
        group: (n,) of each sample.
        colours: (n, 3) sRGB.
        opponent: (3, n), the same in `OPPONENT`, in which distances are taken: shades of one hue
            are nearer to each other than hues are.
        certain: (n,), how much each counts.
        size: (groups,), number of samples.
    """
    found = _medians(group, colours, size)
    for _ in range(SHIFTS):
        apart = np.square(opponent - (OPPONENT @ found.T)[:, group]).sum(axis=0)
        weight = certain * np.exp(apart / (-2 * NEAR**2))
        total = np.bincount(group, weight, len(size))
        sums = np.stack([np.bincount(group, weight * x, len(size)) for x in colours.T], axis=1)
        known = total > FEWEST * size
        found[known] = sums[known] / total[known, None]
    return found


def _medians(
    group: NDArray[np.int32], colours: NDArray[np.float32], size: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Medians of samples (n, 3) by group: (groups, 3)."""
    middles = np.minimum(np.cumsum(size) - size + size // 2, max(0, len(group) - 1))
    found = np.zeros((len(size), 3), np.float32)
    if len(group):
        for channel in range(3):
            code = np.sort(group.astype(np.int64) * 256 + colours[:, channel].astype(np.int64))
            found[:, channel] = code[middles] % 256
    return found


def _gain(
    colour: NDArray[np.float32], area: NDArray[np.int32], toned: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Find the factors (areas,) that make the colours of bare areas lighter, of one saturation."""
    pixels = np.bincount(area.ravel(), minlength=len(colour))
    bare = 1 - np.bincount(area.ravel(), toned.ravel(), len(colour)) / np.maximum(pixels, 1)
    low, high = BARE
    share = np.clip((bare - low) / (high - low), 0, 1)
    highest = np.maximum(colour.max(axis=1), 1)
    share *= np.minimum((highest - colour.min(axis=1)) / highest / VIVID, 1)
    return np.asarray(1 + share * ((255 / highest) ** (1 - LIT) - 1), np.float32)


def _mixed(layer: RGB, area: NDArray[np.int32], settled: Settled, gain: NDArray[np.float32]) -> RGB:
    """Give areas (h, w) their colours, as far as these agree, and light them."""
    height, width = area.shape
    share = settled.share[:, None]
    colour = np.rint(settled.colour.clip(0, 255)).astype(np.uint8)
    mixed = np.take(colour, area, axis=0)
    some = np.flatnonzero(np.take(settled.share < 1, area))
    if len(some):
        flat, own = mixed.reshape(-1, 3), layer.reshape(-1, 3)[some].astype(np.float32)
        flat[some] = np.rint(own + share[area.ravel()[some]] * (flat[some] - own))
    still = np.array([1, 0, 0], np.float32)
    light = gain[:, None] * (still + share * (settled.light - still))
    factor = np.take(light[:, 0], area)
    if light[:, 1:].any():
        factor += np.take(light[:, 1], area) * (np.arange(width, dtype=np.float32) / width - 0.5)
        down = np.arange(height, dtype=np.float32)[:, None] / height - 0.5
        factor += np.take(light[:, 2], area) * down
    return np.asarray(cv2.multiply(mixed, cv2.merge([factor] * 3), dtype=cv2.CV_8U), np.uint8)
