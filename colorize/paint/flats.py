"""Lays flat colours under an inked page: each area between lines has its own.

A network decides at a quarter of the size at which it sees a page, so its colours are blotchy, run
over lines, and tint white balloons. Here an area settles on its median colour, or on an even
gradient, where its colours agree, and gutters, balloons and all that is nearly white become white.

Letters in shapes: H and W of the page, h and w of the size worked at.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from colorize.colour import lab
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
"""Share of an area's variance that a gradient explains at least, or there is none."""
SMALLEST = 12
"""Samples of an area below which their median says little."""
LARGE = 150
"""Samples of an area from which it may have a gradient."""
BLOTCHY, MOTLEY = 25.0, 50.0
"""Root mean square distance from an area's own colour, in sRGB of 0..255, below which it settles
wholly, and above which not at all: it holds several things that no line separates."""

WHITE_L, WHITE_CHROMA = 90.0, 8.0
"""An area whose colour is at least so light, and has no more chroma, is white."""
DEEP = 7
"""Side in pixels of a square of ink under which there is no colour."""

RGB = NDArray[np.uint8]


class Settled(NamedTuple):
    """What each area has for a colour: c + x * across + y * down, in sRGB of 0..255.

    Attributes:
        colour: (areas, 3) float32, at the middle of the page.
        across: (areas, 3) float32, change over the page's width.
        down: (areas, 3) float32, change over the page's height.
        share: (areas,) float32 in 0..1: how much of that colour the area shall have.
    """

    colour: NDArray[np.float32]
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    share: NDArray[np.float32]


class Flats(NamedTuple):
    """A layer of flat colours.

    Attributes:
        rgb: (h, w, 3) uint8 sRGB.
        blank: (h, w) uint8: 255 in gutters, margins and balloons, 0 where nothing is known.
    """

    rgb: RGB
    blank: NDArray[np.uint8]


def lay(page: NDArray[np.uint8], colours: NDArray[np.float32], *, snap: bool = True) -> Flats:
    """Make the layer under a page of the colours that a network gave.

    Args:
        page: (H, W), levelled: 0 is ink, 255 paper.
        colours: L and ab of the layer, at the size at which the network saw the page.
        snap: settle each area; if not, only gutters, balloons and what is nearly white settle, and
            nothing runs over a line.

    Returns:
        The layer, at the page's size or a smaller one.
    """
    scale = min(1.0, (PIXELS / page.size) ** 0.5)
    if scale < 1:
        size = [max(1, round(length * scale)) for length in page.shape[::-1]]
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = page.shape
    parts = areas.part(page)
    bleed = BLEED * max(1.0, width / colours.shape[1])
    small = lab.lab_to_rgb(colours, keep_lightness=True)
    layer = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    layer = _from_inside(layer, parts, bleed)
    settled = _settle(layer, parts)
    found = lab.rgb_to_lab(np.rint(settled.colour.clip(0, 255)).astype(np.uint8))
    chroma = np.hypot(found[:, 1], found[:, 2])
    white = (found[:, 0] >= WHITE_L) & (chroma <= WHITE_CHROMA) & (settled.share > 0)
    whitish = blanks.whitish(layer)
    sure = blanks.find(page, parts, whitish)
    blank = np.where(white[parts.area], cv2.max(sure, whitish), sure)
    if snap:
        settled.share[white] = 0  # what is not whitish in them keeps its own colours
        layer = _mixed(layer, parts, settled)
    layer = _whitened(layer, _under_lines(blank, parts))
    deep = cv2.erode(parts.ink.view(np.uint8), np.ones((DEEP, DEEP), np.uint8), borderValue=0)
    layer[deep > 0] = 255
    return Flats(layer, _under_lines(sure, parts))


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


def _settle(layer: RGB, parts: Parts) -> Settled:
    """Find the colours of areas; neighbours that are alike, no line being between, are one."""
    height, width = parts.area.shape
    count = int(parts.area.max()) + 1
    step = max(1, round((parts.area.size / SAMPLES) ** 0.5))
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    paper = ~parts.ink[rows, columns]
    rows, columns = rows[paper], columns[paper]
    colours = layer[rows, columns].astype(np.float32)
    area = parts.area[rows, columns]
    size = np.bincount(area, minlength=count)
    means = _sums(area, colours, count) / np.maximum(size, 1)[:, None]
    group = _alike(parts, np.rint(means).astype(np.uint8), size >= SMALLEST)
    places = np.stack([columns / width - 0.5, rows / height - 0.5], axis=1).astype(np.float32)
    found = _fitted(group[area], places, colours, count)
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
    group: NDArray[np.int32], places: NDArray[np.float32], colours: NDArray[np.float32], count: int
) -> Settled:
    """Fit a median, or an even gradient where that explains more, to samples by group.

    Args:
        group: (n,) of each sample.
        places: (n, 2) across and down, in shares of the page.
        colours: (n, 3) sRGB.
        count: of groups.
    """
    size = np.bincount(group, minlength=count)
    total = np.maximum(size, 1)[:, None]
    middle, mean = _sums(group, places, count) / total, _sums(group, colours, count) / total
    x, c = (places - middle[group]).astype(np.float32), (colours - mean[group]).astype(np.float32)
    spread = _sums(group, np.square(c), count) / total
    xx, yy, xy = (
        _sums(group, np.stack([x[:, 0] ** 2, x[:, 1] ** 2, x[:, 0] * x[:, 1]], 1), count) / total
    ).T
    xc, yc = (_sums(group, x[:, k : k + 1] * c, count) / total for k in range(2))
    xx, yy = xx + STIFF, yy + STIFF
    scale = (xx * yy - xy**2)[:, None]
    across = (yy[:, None] * xc - xy[:, None] * yc) / scale
    down = (xx[:, None] * yc - xy[:, None] * xc) / scale
    explained = (across * xc + down * yc).sum(axis=1)
    sloped = (size >= LARGE) & (explained >= EXPLAINED * spread.sum(axis=1))
    across[~sloped], down[~sloped] = 0, 0
    base = np.where(
        sloped[:, None],
        mean - across * middle[:, :1] - down * middle[:, 1:],
        _medians(group, colours, size),
    )
    rest = np.sqrt(np.maximum(spread.sum(axis=1) - np.where(sloped, explained, 0), 0))
    share = np.clip((MOTLEY - rest) / (MOTLEY - BLOTCHY), 0, 1) * (size >= SMALLEST)
    planes = (values.astype(np.float32) for values in (base, across, down, share))
    return Settled(*planes)


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


def _mixed(layer: RGB, parts: Parts, settled: Settled) -> RGB:
    """Give areas (h, w) their colours, as far as these agree."""
    area = parts.area.ravel()
    height, width = parts.area.shape
    table = np.rint(settled.colour.clip(0, 255)).astype(np.uint8)
    sloped = settled.across.any(axis=1) | settled.down.any(axis=1)
    plain = ~sloped & (settled.share == 1)
    flat = layer.reshape(-1, 3)
    mixed = np.where(plain[area][:, None], table[area], flat)
    some = np.flatnonzero((~plain & (settled.share > 0))[area])
    if len(some):
        number = area[some]
        down, across = np.divmod(some, width)
        x, y = across / np.float32(width) - 0.5, down / np.float32(height) - 0.5
        target = settled.colour[number]
        target += settled.across[number] * x.astype(np.float32)[:, None]
        target += settled.down[number] * y.astype(np.float32)[:, None]
        share = settled.share[number, None]
        mixed[some] = np.rint((flat[some] + share * (target - flat[some])).clip(0, 255))
    return np.asarray(mixed.reshape(layer.shape), np.uint8)
