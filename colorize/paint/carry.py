"""Carries colours over regions of a page: by lines, and by what the network thinks alike.

A page is divided into regions by a trapped ball (Zhang, Chen and Zhang, "Vectorizing cartoon
animations", 2009): parts of a drawing that a ball of some radius cannot leave belong together, so
that gaps in their outlines are closed. A watershed gives every other pixel to one of them. A colour
that is told for one place fills its region, and reaches regions nearby whose distribution of
colours, as the network predicts it, is the same.

Letters in shapes: H and W of the picture that is divided, n regions, q bins, h and w of the
network's output.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from colorize.paint.regions import lines

PIXELS = 500_000
"""Pixels at most of a page while it is divided: finer lines do not part anything."""
GAP = 1 / 100
"""Widest gap in a line that is closed, in short sides."""
NARROWEST = 3.0
"""Pixels of a gap that is closed at any size."""
SMALLEST = 9
"""Pixels of a region; what is smaller joins one beside it."""
REACH = 2.0
"""Pixels into the line around a region that take its colour."""
SAMPLES = 1 << 16
"""Pixels of a picture, about, that the features of its regions are taken of."""
UNLIKE, ALIKE = 0.9, 0.5
"""Overlap of two regions' distributions of colours (the Bhattacharyya coefficient, 0..1) up to
which they are not alike, and the share of a colour that a region like its own takes at most."""
TONE = 5.0
"""Standard deviation of the difference in L up to which regions of grey pages are alike."""
NEARBY = 0.4
"""Distance in short sides over which a colour's share of regions alike falls to 1/e."""

Plane = NDArray[np.float32]


class Seed(NamedTuple):
    """A place that a colour is told for.

    Attributes:
        row: in pixels of the picture that is divided.
        column: likewise.
        radius: of the place, in pixels.
    """

    row: float
    column: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The regions of a picture (H, W).

    Attributes:
        number: (H, W) int32 in 0..n-1, of each pixel.
        inside: (H, W) bool, true but in lines.
        share: (H, W) float32 in 0..1, how much a pixel takes of its region's colour: 1 inside, less
            in lines, 0 in wide ones.
        area: (n,) pixels inside.
        lightness: (n,) mean L of them.
        place: (n, 2) mean row and column, in short sides of the picture.
        seeded: (number of seeds,) the region of each seed.
    """

    number: NDArray[np.int32]
    inside: NDArray[np.bool_]
    share: Plane
    area: NDArray[np.float64]
    lightness: Plane
    place: Plane
    seeded: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.area)

    def mean(self, plane: Plane) -> Plane:
        """Mean of (H, W, C) over the inside of each region: (n, C)."""
        number = self.number[self.inside]
        sums = [
            np.bincount(number, channel[self.inside], len(self))
            for channel in np.moveaxis(plane, -1, 0)
        ]
        means: Plane = (np.stack(sums, -1) / np.maximum(self.area, 1)[:, None]).astype(np.float32)
        return means

    def pooled(self, distribution: Plane, extent: tuple[float, float]) -> Plane:
        """Mean of a network's distribution of colours over each region.

        Args:
            distribution: (q, h, w).
            extent: rows and columns of it that the picture takes; the rest is margin.

        Returns:
            (n, q), zeros of a region too small for a sample.
        """
        bins, rows, columns = distribution.shape
        height, width = self.number.shape
        step = max(1, round((self.number.size / SAMPLES) ** 0.5))
        sampled = (slice(step // 2, None, step),) * 2
        number = self.number[sampled]
        down = (np.arange(height)[sampled[0]] * (extent[0] / height)).astype(int)
        across = (np.arange(width)[sampled[1]] * (extent[1] / width)).astype(int)
        cell = down[:, None] * columns + across
        inside = self.inside[sampled]
        counts = sparse.coo_array(
            (np.ones(int(inside.sum()), np.float32), (number[inside], cell[inside])),
            shape=(len(self), rows * columns),
        ).tocsr()
        total = np.asarray(counts.sum(axis=1), np.float32)
        cells = np.ascontiguousarray(distribution.reshape(bins, -1).T)
        means: Plane = (counts @ cells) / np.maximum(total, 1)[:, None]
        return means


def size(height: int, width: int) -> tuple[int, int]:
    """Size at which a page is divided."""
    shrink = min(1.0, (PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def divide(lightness: Plane, seeds: Sequence[Seed] = (), *, apart: Sequence[int] = ()) -> Regions:
    """Divide a picture into regions.

    Args:
        lightness: (H, W), L in 0..100.
        seeds: places, each of which has a region; one on a line makes a region of that line.
        apart: a number for each seed; seeds of one region whose numbers differ divide it.

    Returns:
        Its regions, at least one.
    """
    wall = lines(lightness)
    free = 1 - wall
    count, markers = _cores(free, min(lightness.shape))
    count = _seed_lines(markers, seeds, wall, count)
    if count == 1:  # nothing is flat
        markers[:] = 1
        count = 2
    tones = np.repeat(lightness.clip(0, 100).astype(np.uint8)[..., None], 3, axis=2)
    number = _flooded(tones, markers)
    seeded = np.array([_region_at(number, wall, seed) for seed in seeds], np.int32)
    number, seeded = _parted(tones, number, seeds, seeded, apart)
    return _described(number, wall, lightness, seeded)


def _cores(free: NDArray[np.uint8], short: int) -> tuple[int, NDArray[np.int32]]:
    """Number what a ball cannot leave, and parts too thin for one, from 1; 0 is all else."""
    depth = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_3)
    radius = max(NARROWEST, short * GAP) / 2
    count, markers = cv2.connectedComponents((depth > radius).view(np.uint8), connectivity=4)
    parts_count, parts, stats, _ = cv2.connectedComponentsWithStats(free, connectivity=4)
    thin = stats[:, cv2.CC_STAT_AREA] >= SMALLEST
    thin[parts[markers > 0]] = False
    thin[0] = False
    table = np.zeros(parts_count, np.int32)
    table[thin] = np.arange(count, count + int(thin.sum()))
    return count + int(thin.sum()), np.asarray(np.maximum(markers, table[parts]), np.int32)


def _disc(seed: Seed, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a seed's pixels, at least one."""
    height, width = shape
    row, column = min(int(seed.row), height - 1), min(int(seed.column), width - 1)
    reach = int(seed.radius)
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    rows, columns = down + row, across + column
    inside = down**2 + across**2 <= seed.radius**2
    inside &= (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return rows[inside], columns[inside]


def _seed_lines(
    markers: NDArray[np.int32], seeds: Sequence[Seed], wall: NDArray[np.uint8], count: int
) -> int:
    """Make markers of seeds that lie on lines alone; the number of markers."""
    for seed in seeds:
        disc = _disc(seed, wall.shape)
        if wall[disc].all() and not markers[disc].any():
            markers[disc] = count
            count += 1
    return count


def _flooded(tones: NDArray[np.uint8], markers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give each pixel to a marker: (H, W) int32 from 1."""
    number = cv2.watershed(tones, markers)
    # The watershed leaves -1 between regions and along the picture's borders.
    known = number.astype(np.float32)
    while (number < 1).any():
        known = np.asarray(cv2.dilate(known, np.ones((3, 3), np.uint8)), np.float32)
        number = np.where(number < 1, known.astype(np.int32), number)
    return np.asarray(number, np.int32)


def _region_at(number: NDArray[np.int32], wall: NDArray[np.uint8], seed: Seed) -> int:
    """The region of most of a seed's pixels beside lines."""
    disc = _disc(seed, wall.shape)
    found, beside = number[disc], wall[disc] == 0
    return int(np.bincount(found[beside] if beside.any() else found).argmax())


def _parted(
    tones: NDArray[np.uint8],
    number: NDArray[np.int32],
    seeds: Sequence[Seed],
    seeded: NDArray[np.int32],
    apart: Sequence[int],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Divide regions whose seeds are to be kept apart."""
    kinds: dict[int, set[int]] = {}
    for region, kind in zip(seeded.tolist(), apart, strict=False):
        kinds.setdefault(region, set()).add(kind)
    contested = [region for region, found in kinds.items() if len(found) > 1]
    if not contested:
        return number, seeded
    open_ = np.isin(number, contested)
    markers = np.where(open_, 0, number)
    count = int(number.max()) + 1
    seeded = seeded.copy()
    for place, seed in enumerate(seeds):
        if seeded[place] not in contested:
            continue
        rows, columns = _disc(seed, number.shape)
        own = number[rows, columns] == seeded[place]
        markers[rows[own], columns[own]] = count
        seeded[place] = count
        count += 1
    return _flooded(tones, markers), seeded


def _described(
    number: NDArray[np.int32], wall: NDArray[np.uint8], lightness: Plane, seeded: NDArray[np.int32]
) -> Regions:
    """Number regions from 0 without gaps, and say what they are."""
    present = np.bincount(number.ravel()) > 0
    present[seeded] = True
    table = (np.cumsum(present) - 1).astype(np.int32)
    number, count = table[number], int(present.sum())
    into = cv2.distanceTransform(wall, cv2.DIST_L2, cv2.DIST_MASK_3)
    # What is line all over is a region of its own only where somebody asked for it.
    bare = (np.bincount(number.ravel(), (wall == 0).ravel(), count) == 0)[number]
    inside = (wall == 0) | bare
    share = np.where(inside, 1, np.clip(1 + REACH - into, 0, 1))
    flat = number[inside]
    rows, columns = np.nonzero(inside)
    short = min(number.shape)
    area = np.bincount(flat, minlength=count).astype(np.float64)
    some = np.maximum(area, 1)
    means = [
        np.bincount(flat, values, count) / some
        for values in (lightness[inside], rows / short, columns / short)
    ]
    return Regions(
        number=number,
        inside=inside,
        share=np.asarray(share, np.float32),
        area=area,
        lightness=means[0].astype(np.float32),
        place=np.stack(means[1:], -1).astype(np.float32),
        seeded=table[seeded],
    )


def alike(
    regions: Regions, features: Plane, chosen: NDArray[np.int32], *, tone: float = TONE
) -> Plane:
    """Tell how much each region is like some of them, and near.

    Args:
        regions: n.
        features: (n, q), as `Regions.pooled` gives them.
        chosen: (k,) numbers of regions.
        tone: see `TONE`.

    Returns:
        (k, n) float32 in 0..1; 1 of a region and itself.
    """
    root = np.sqrt(features)
    overlap = root[chosen] @ root.T
    # What all regions share, of a network that sees no difference, makes none of them alike.
    common = np.average(overlap, axis=1, weights=np.maximum(regions.area, 1))[:, None]
    floor = np.maximum(UNLIKE, common)
    found = ((overlap - floor) / np.maximum(1 - floor, 1e-3)).clip(0, 1)
    found *= np.exp(-(((regions.lightness[chosen, None] - regions.lightness) / tone) ** 2) / 2)
    away = regions.place[chosen, None] - regions.place
    found *= np.exp(-np.hypot(away[..., 0], away[..., 1]) / NEARBY)
    found[np.arange(len(chosen)), chosen] = 1
    return np.asarray(found, np.float32)
