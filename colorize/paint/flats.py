"""Lays flat colours under an inked page: each area between lines has its own.

A network decides at a quarter of the size at which it sees a page, so its colours are blotchy, run
over lines, and tint white balloons. Here an area takes its median colour where its colours agree,
and gutters, balloons and all that is nearly white become white.

Letters in shapes: H and W of the page, h and w of the size worked at.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from colorize.colour import lab
from colorize.paint import areas, blanks, regions
from colorize.paint.areas import Parts

PIXELS = 1_000_000
"""Pixels at most of a page while it is worked on."""

BLEED = 1.25
"""Pixels of the network's picture beside a line whose colours may be those of its other side."""
AGREE = 10.0
"""Distance in Lab below which areas that touch are one."""

WHITE_L, WHITE_CHROMA = 90.0, 8.0
"""An area whose colour is at least so light, and has no more chroma, is white."""
WHITE = (lab.L_MAX, 0, 0)

DEEP = 7
"""Side in pixels of a square of ink under which there is no colour."""


def lay(
    page: NDArray[np.uint8], colours: NDArray[np.float32], *, snap: bool = True
) -> NDArray[np.float32]:
    """Make the layer under a page of the colours that a network gave.

    Args:
        page: (H, W), levelled: 0 is ink, 255 paper.
        colours: L and ab of the layer, at the size at which the network saw the page.
        snap: settle each area on its median colour; if not, only gutters, balloons and what is
            nearly white settle, and nothing runs over a line.

    Returns:
        (h, w, 3) float32 sRGB in 0..255, at the page's size or a smaller one.
    """
    scale = min(1.0, (PIXELS / page.size) ** 0.5)
    if scale < 1:
        size = [max(1, round(length * scale)) for length in page.shape[::-1]]
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = page.shape
    parts = areas.part(page)
    bleed = BLEED * max(1.0, width / colours.shape[1])
    full = cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR)
    full = _from_inside(np.asarray(full, np.float32), parts, bleed)
    table = _settled(full, parts)
    chroma = np.hypot(table[:, 1], table[:, 2])
    white = (table[:, 0] >= WHITE_L) & (chroma <= WHITE_CHROMA) & (table[:, 3] > 0)
    blank = blanks.find(page, parts, table[:, :3])
    if not snap:
        table[:, 3] = 0
    table[white] = (*WHITE, 1)
    target = table[parts.area]
    full += target[..., 3:] * (target[..., :3] - full)
    full[blank] = WHITE
    return _under_ink(lab.lab_to_rgb(full, keep_lightness=True), parts).astype(np.float32)


def _from_inside(
    colours: NDArray[np.float32], parts: Parts, bleed: float
) -> NDArray[np.float32]:
    """Give pixels beside a line the colours of their area further away from it."""
    safe = parts.room > bleed
    if not safe.any():
        return colours
    near = areas.nearest(safe)
    area = parts.area.ravel()
    use = np.flatnonzero(~safe.ravel() & (area[near] == area))
    flat = colours.reshape(-1, 3)
    flat[use] = flat[near[use]]
    return colours


def _settled(colours: NDArray[np.float32], parts: Parts) -> NDArray[np.float32]:
    """Find each area's colour, and the share that it shall have of it; like neighbours are one.

    Returns:
        (areas, 4): L, a, b, and the share in 0..1.
    """
    count = int(parts.area.max()) + 1
    step = max(1, round((parts.area.size / regions.SAMPLES) ** 0.5))
    sampled = (slice(step // 2, None, step),) * 2
    paper = ~parts.ink[sampled]
    area = parts.area[sampled][paper]
    table = regions.medians(area, colours[sampled][paper], count)
    sizes = np.bincount(area, minlength=count)
    links = _alike(parts, table)
    _, group = connected_components(links, directed=False)
    total = np.maximum(np.bincount(group, sizes), 1)
    known = table[:, 3] > 0
    for column in range(4):
        mean = np.bincount(group, sizes * table[:, column]) / total
        table[known, column] = mean[group[known]]
    return table


def _alike(parts: Parts, table: NDArray[np.float32]) -> coo_array:
    """Find the areas that touch, no line being between, and whose colours agree."""
    pairs = []
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        border = parts.area[one] != parts.area[other]
        border &= ~(parts.ink[one] | parts.ink[other])
        pairs.append(np.stack([parts.area[one][border], parts.area[other][border]]))
    touching = np.unique(np.concatenate(pairs, axis=1), axis=1)
    apart = table[touching[0], :3] - table[touching[1], :3]
    known = (table[touching, 3] > 0).all(axis=0)
    alike = touching[:, known & (np.square(apart).sum(axis=1) < AGREE**2)]
    return coo_array((np.ones(alike.shape[1]), tuple(alike)), shape=(len(table),) * 2)


def _under_ink(rgb: NDArray[np.uint8], parts: Parts) -> NDArray[np.uint8]:
    """Continue colours (h, w, 3) under lines; what is deep in black has none."""
    if parts.ink.all() or not parts.ink.any():
        return rgb
    near = areas.nearest(~parts.ink)
    filled = rgb.reshape(-1, 3)[near].reshape(rgb.shape)
    square = np.ones((DEEP, DEEP), np.uint8)
    filled[cv2.erode(parts.ink.view(np.uint8), square) > 0] = 255
    return filled
