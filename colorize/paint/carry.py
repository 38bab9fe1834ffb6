"""Carries colours over regions of a page: by lines, and by what the network thinks alike.

A page is divided into regions by a trapped ball (Zhang, Chen and Zhang, "Vectorizing cartoon
animations", 2009): parts of a drawing that a ball of some radius cannot leave belong together, so
that gaps in their outlines are closed. A watershed gives every other pixel to one of them. A colour
that is told for one place fills its region. What it says of other regions depends on how near they
are, and on how much the distributions of colours agree that the network predicts for both.

Letters in shapes: H and W of the picture that is divided, n regions, q bins, h and w of the
network's output.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from colorize.paint.inked import Kind
from colorize.paint.regions import lines

PIXELS = 250_000
"""Pixels at most of a page while it is divided: finer lines do not part anything."""
GAP = {"grey": 1 / 30, "ink": 1 / 20}
"""Widest gap in a line that is closed, in short sides. Lines are all that parts an inked page."""
NARROWEST = 3.0
"""Pixels of a gap that is closed at any size."""
NECK = {"grey": 0.5, "ink": 0.8}
"""How wide an opening between two parts is at least, as a share of the narrower one, for them to
be one region: a limb is as wide as where it begins, a gap is not."""
THICK = 2.4
"""Pixels from the middle of a line to its sides, of which `lines` adds one, from which a gap in it
is a place of its own between both sides: it belongs to one of them."""
SMALLEST = 9
"""Pixels of a region; what is smaller joins one beside it."""
LEVELS = 0.5
"""Ratio of the widths at which regions that hints divide are looked at, one after another."""
SEEN = 4e-5
"""Share of a picture from which a region may be like an entry of a colour book."""
REACH = 2.0
"""Pixels into the line around a region that take its colour."""
SAMPLES = 1 << 16
"""Pixels of a picture, about, that the features of its regions are taken of."""
NEARBY = 1.0
"""Distance in short sides over which a region speaks for another by 1/e less."""

Plane = NDArray[np.float32]
Disc = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of a seed's pixels."""


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
        stands: (number of seeds, 2) row and column of its pixel that is nearest to its centre, and
            inside of its region where one is.
    """

    number: NDArray[np.int32]
    inside: NDArray[np.bool_]
    share: Plane
    area: NDArray[np.float64]
    lightness: Plane
    place: Plane
    seeded: NDArray[np.int32]
    stands: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.area)

    def mean(self, planes: Sequence[Plane] | Plane) -> Plane:
        """Mean of planes (C, H, W) over the inside of each region: (n, C)."""
        count = len(self)
        bins = _binned(self.number, self.inside, count)
        sums = [np.bincount(bins, plane.ravel(), count + 1)[:count] for plane in planes]
        means: Plane = (np.stack(sums, -1) / np.maximum(self.area, 1)[:, None]).astype(np.float32)
        return means

    def at_seeds(self, plane: Plane) -> Plane:
        """Give the values of a plane (H, W) where the seeds stand: (number of seeds,)."""
        values: Plane = plane[tuple(self.stands.T)]
        return values

    def spread(self, values: Plane) -> list[Plane]:
        """Give each pixel the values (n, C) of its region: C planes (H, W)."""
        return [np.take(np.ascontiguousarray(column), self.number) for column in values.T]

    def pooled(self, distribution: Plane, extent: tuple[float, float]) -> Plane:
        """Mean of a network's distribution of colours over each region.

        Args:
            distribution: (h, w, q).
            extent: rows and columns of it that the picture takes; the rest is margin.

        Returns:
            (n, q), zeros of a region too small for a sample.
        """
        rows, columns, bins = distribution.shape
        height, width = self.number.shape
        step = max(1, round((self.number.size / SAMPLES) ** 0.5))
        sampled = (slice(step // 2, None, step),) * 2
        number = self.number[sampled]
        down = (np.arange(height)[sampled[0]] * (extent[0] / height)).astype(int)
        across = (np.arange(width)[sampled[1]] * (extent[1] / width)).astype(int)
        cell = down.clip(max=rows - 1)[:, None] * columns + across.clip(max=columns - 1)
        inside = self.inside[sampled]
        number, cell = number[inside], cell[inside]
        counts = sparse.coo_array(
            (np.ones(number.size, np.float32), (number, cell)), shape=(len(self), rows * columns)
        ).tocsr()
        total = np.bincount(number, minlength=len(self)).astype(np.float32)
        means: Plane = counts @ distribution.reshape(-1, bins)
        means /= np.maximum(total, 1)[:, None]
        return means


def size(height: int, width: int) -> tuple[int, int]:
    """Size at which a page is divided."""
    shrink = min(1.0, (PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def divide(
    lightness: Plane, kind: Kind, seeds: Sequence[Seed] = (), *, apart: Sequence[int] = ()
) -> Regions:
    """Divide a picture into regions.

    Args:
        lightness: (H, W), L in 0..100.
        kind: of the page.
        seeds: places, each of which has a region; one on a line makes a region of that line.
        apart: a number for each seed; seeds of one region whose numbers differ divide it.

    Returns:
        Its regions, at least one.
    """
    wall = lines(lightness)
    depth = _depth(wall)
    cores = _cores(depth, GAP[kind])
    markers = cores.markers
    discs = [_disc(seed, wall.shape) for seed in seeds]
    _seed_lines(markers, discs, wall)
    if not markers.any():  # nothing is flat
        markers[:] = 1
    tones = np.asarray(cv2.merge([lightness.clip(0, 100).astype(np.uint8)] * 3), np.uint8)
    number = _joined(_flooded(tones, markers), cores, depth, kind)
    seeded = np.array([_region_at(number, wall, disc) for disc in discs], np.int32)
    number, seeded = _parted(tones, number, depth, seeds, seeded, apart)
    return _described(number, wall, lightness, seeded, [*zip(seeds, discs, strict=True)])


def _depth(wall: NDArray[np.uint8]) -> Plane:
    """Distance in pixels to the nearest line or to the border of the picture: (H, W)."""
    walled = np.pad(1 - wall, 1)
    depth = cv2.distanceTransform(walled, cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.ascontiguousarray(depth[1:-1, 1:-1], np.float32)


class Cores(NamedTuple):
    """Where balls can roll.

    Attributes:
        markers: (H, W) int32, numbers from 1 of the places that a ball cannot leave, large ones
            first; 0 is all else.
        solid: (H, W) bool: lines, and what is too narrow for any ball, as the inside of a line is.
        narrow: number from which markers lie in what is solid.
    """

    markers: NDArray[np.int32]
    solid: NDArray[np.bool_]
    narrow: int


def _cores(depth: Plane, gap: float) -> Cores:
    """Number what a large ball cannot leave, then what a small one cannot, then what is left.

    Args:
        depth: (H, W), distance in pixels to the nearest line, 0 on lines.
        gap: width of the large ball, in short sides.
    """
    short = min(depth.shape)
    large, small = max(NARROWEST, short * gap) / 2, NARROWEST / 2
    count, markers = cv2.connectedComponents((depth > large).view(np.uint8), connectivity=4)
    away = cv2.distanceTransform((markers == 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    narrow = (depth > small) & ((away > large + 1) | (count == 1))
    _, parts = cv2.connectedComponents(narrow.view(np.uint8), connectivity=4)
    count = _add(markers, parts, np.bincount(parts.ravel()), count)
    _, found = cv2.connectedComponents((depth > 0).view(np.uint8), connectivity=4)
    free = np.asarray(found, np.int32)
    sizes = np.bincount(free.ravel())
    sizes[free[markers > 0]] = 0
    _add(markers, free, sizes, count)
    sizes[0] = 1
    return Cores(np.asarray(markers, np.int32), np.take(sizes > 0, free), count)


def _add(
    markers: NDArray[np.int32], parts: NDArray[np.int32], sizes: NDArray[np.intp], count: int
) -> int:
    """Number the parts from 1 that are not tiny from ``count`` on; what comes after them."""
    kept = sizes >= SMALLEST
    kept[0] = False
    table = np.zeros(len(kept), np.int32)
    table[kept] = np.arange(count, count + int(kept.sum()))
    np.maximum(markers, np.take(table, parts), out=markers)
    return count + int(kept.sum())


def _joined(number: NDArray[np.int32], cores: Cores, depth: Plane, kind: Kind) -> NDArray[np.int32]:
    """Join regions that meet in an opening wide enough: see `NECK`.

    What is a gap in a thick line, or the inside of one, joins one of its neighbours alone.

    Args:
        number: (H, W), of each pixel, that of the marker that it was given to.
        cores: with the markers.
        depth: (H, W), distance to the nearest line.
        kind: of the page.
    """
    count = int(number.max()) + 1
    widest = np.zeros(count, np.float32)
    keys, openings = [], []
    for first, second in (
        ((slice(None), slice(1, None)), (slice(None), slice(-1))),
        ((slice(1, None),), (slice(-1),)),
    ):
        one, other = number[first], number[second]
        opening = np.minimum(depth[first], depth[second])
        meet = np.flatnonzero((one != other) & (opening > 0))
        one, other = np.take(one, meet), np.take(other, meet)
        keys.append(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
        openings.append(np.take(opening, meet))
    key, opening = np.concatenate(keys), np.concatenate(openings)
    if not key.size:
        return number
    order = np.lexsort((opening, key))
    last = np.flatnonzero(np.diff(key[order], append=-1))
    key, opening = key[order][last], opening[order][last]
    one, other = np.divmod(key, count)
    np.maximum.at(widest, number.ravel(), depth.ravel())
    wide = opening > NECK[kind] * np.minimum(widest[one], widest[other])
    one, other, opening = one[wide], other[wide], opening[wide]
    narrower = np.where(widest[one] < widest[other], one, other)
    order = np.lexsort((opening, narrower))
    best = np.zeros(len(order), bool)
    best[order[np.diff(narrower[order], append=-1) != 0]] = True
    inside = np.maximum(one, other) >= cores.narrow
    between = np.bincount(narrower, minlength=count) > 1
    join = best | ~(inside | _gaps(between, number, cores, depth, kind)[narrower])
    graph = sparse.coo_array((join[join], (one[join], other[join])), shape=(count, count))
    _, joined = csgraph.connected_components(graph, directed=False)
    return np.take(joined.astype(np.int32) + np.int32(1), number)


def _gaps(
    between: NDArray[np.bool_],
    number: NDArray[np.int32],
    cores: Cores,
    depth: Plane,
    kind: Kind,
) -> NDArray[np.bool_]:
    """Tell which markers are gaps in thick lines, or between a line and the border: (n,).

    They are shorter than the widest gap, in the direction in which they are passed. A limb is
    longer, or its outline is thinner.

    Args:
        between: (n,) which ones are asked for.
        number: (H, W), see `_joined`, as all others.
        cores: with the markers.
        depth: (H, W).
        kind: of the page.
    """
    count = len(between)
    places = np.flatnonzero(np.take(between, cores.markers))
    marker = np.take(cores.markers, places)
    widest, thick = np.zeros(count, np.float32), np.zeros(count, np.float32)
    np.maximum.at(widest, marker, np.take(depth, places))
    length = np.bincount(marker, minlength=count) / np.maximum(2 * widest - NARROWEST, 1)
    short = between & (length < GAP[kind] * min(number.shape))
    found: NDArray[np.bool_] = short
    if not short.any():
        return found
    places = np.flatnonzero(np.take(short, number))
    solid = cv2.distanceTransform(cores.solid.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    np.maximum.at(thick, np.take(number, places), np.take(solid, places))
    for edge in (number[0], number[-1], number[:, 0], number[:, -1]):
        thick[edge] = np.inf
    found &= thick >= THICK
    return found


def _disc(seed: Seed, shape: tuple[int, ...]) -> Disc:
    """Rows and columns of a seed's pixels, at least one."""
    height, width = shape
    row, column = min(int(seed.row), height - 1), min(int(seed.column), width - 1)
    reach = int(seed.radius)
    rows = np.arange(max(0, row - reach), min(height, row + reach + 1))
    columns = np.arange(max(0, column - reach), min(width, column + reach + 1))
    inside = (rows[:, None] - row) ** 2 + (columns - column) ** 2 <= seed.radius**2
    down, across = np.nonzero(inside)
    return rows[down], columns[across]


def _standing(seed: Seed, disc: Disc, wanted: NDArray[np.bool_]) -> tuple[int, int]:
    """Find the pixel of a disc nearest to its seed's centre: a wanted one, if there are any."""
    rows, columns = (places[wanted] if wanted.any() else places for places in disc)
    nearest = int(np.hypot(rows + 0.5 - seed.row, columns + 0.5 - seed.column).argmin())
    return int(rows[nearest]), int(columns[nearest])


def _seed_lines(markers: NDArray[np.int32], discs: Sequence[Disc], wall: NDArray[np.uint8]) -> None:
    """Make markers of seeds that lie on lines alone."""
    count = int(markers.max()) + 1
    for disc in discs:
        if wall[disc].all() and not markers[disc].any():
            markers[disc] = count
            count += 1


def _flooded(tones: NDArray[np.uint8], markers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give each pixel to a marker: (H, W) int32 from 1."""
    grown = cv2.watershed(tones, markers.copy())
    return _closed(np.where(markers > 0, markers, grown))  # it clears the picture's borders


def _closed(number: NDArray[Any]) -> NDArray[np.int32]:
    """Give pixels between regions, which have no number above 0, that of one beside them.

    A watershed leaves them along its own lines and along the borders of the picture.
    """
    known = number.astype(np.float32)
    window = np.ones((3, 3), np.uint8)
    while (unknown := known < 1).any():
        cv2.copyTo(cv2.dilate(known, window), unknown.view(np.uint8), known)
    return known.astype(np.int32)


def _region_at(number: NDArray[np.int32], wall: NDArray[np.uint8], disc: Disc) -> int:
    """The region of most of a seed's pixels beside lines."""
    found, beside = number[disc], wall[disc] == 0
    return int(np.bincount(found[beside] if beside.any() else found).argmax())


def _parted(
    tones: NDArray[np.uint8],
    number: NDArray[np.int32],
    depth: Plane,
    seeds: Sequence[Seed],
    seeded: NDArray[np.int32],
    apart: Sequence[int],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Divide regions whose seeds are to be kept apart, where they are narrowest."""
    kinds: dict[int, set[int]] = {}
    for region, kind in zip(seeded.tolist(), apart, strict=False):
        kinds.setdefault(region, set()).add(kind)
    contested = [region for region, found in kinds.items() if len(found) > 1]
    if not contested:
        return number, seeded
    table = np.zeros(int(number.max()) + 1, bool)
    table[contested] = True
    within = np.take(table, number)
    rows, columns = (np.flatnonzero(within.any(axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    within, tones = within[box], np.ascontiguousarray(tones[box])
    depth = depth[box] * within
    outside = len(table)
    markers = np.zeros(within.shape, np.int32)
    seeded = seeded.copy()
    for place, seed in reversed([*enumerate(seeds)]):  # later ones win where two are at one place
        if seeded[place] in contested:
            moved = seed._replace(row=seed.row - rows[0], column=seed.column - columns[0])
            seeded[place] = _climb(markers, depth, moved, outside + 1 + place)
    level = float(depth.max())
    while level > 1:
        level *= LEVELS
        markers = _filled(tones, markers, depth > level, outside)
    markers = _filled(tones, markers, within, outside)
    markers = _closed(np.where(within, markers, outside))
    number = number.copy()
    number[box][within] = markers[within]
    return number, seeded


def _climb(markers: NDArray[np.int32], depth: Plane, seed: Seed, value: int) -> int:
    """Mark the way from a seed to where it is widest around, as far as nobody has been there.

    Returns:
        The marker at the seed.
    """
    disc = _disc(seed, depth.shape)
    row, column = (int(places[len(places) // 2]) for places in disc)
    if markers[row, column]:
        return int(markers[row, column])
    markers[disc] = np.where(markers[disc] == 0, value, markers[disc])
    while True:
        top, left = max(0, row - 1), max(0, column - 1)
        around = depth[top : row + 2, left : column + 2]
        down, across = divmod(int(around.argmax()), around.shape[1])
        if around[down, across] <= depth[row, column]:
            return value
        row, column = top + down, left + across
        if markers[row, column] not in {0, value}:
            return value
        markers[row, column] = value


def _filled(
    tones: NDArray[np.uint8], markers: NDArray[np.int32], mask: NDArray[np.bool_], outside: int
) -> NDArray[np.int32]:
    """Let markers grow within a mask; 0 where they do not reach."""
    bounded = markers.copy()
    bounded[~mask & (markers == 0)] = outside
    if bounded.all():
        return markers
    grown = np.asarray(cv2.watershed(tones, bounded), np.int32)
    back = (grown == outside) | (grown < 0)
    cv2.copyTo(markers, back.view(np.uint8), grown)
    return grown


def _described(
    number: NDArray[np.int32],
    wall: NDArray[np.uint8],
    lightness: Plane,
    seeded: NDArray[np.int32],
    seeds: Sequence[tuple[Seed, Disc]],
) -> Regions:
    """Number regions from 0 without gaps, and say what they are."""
    present = np.bincount(number.ravel()) > 0
    present[seeded] = True
    table = (np.cumsum(present) - 1).astype(np.int32)
    number, count = np.take(table, number), int(present.sum())
    inside = wall == 0
    bins = _binned(number, inside, count)
    # What is line all over is a region of its own only where somebody asked for it.
    bare = np.bincount(bins, minlength=count + 1)[:count] == 0
    if bare.any():
        inside |= np.take(bare, number)
        bins = _binned(number, inside, count)
    into = cv2.distanceTransform(wall, cv2.DIST_L2, cv2.DIST_MASK_3)
    share = np.maximum(inside, np.clip(1 + REACH - into, 0, 1))
    short = min(number.shape)
    area = np.bincount(bins, minlength=count + 1)[:count].astype(np.float64)
    some = np.maximum(area, 1)
    rows, columns = (np.arange(length) / short for length in number.shape)
    places = np.broadcast_arrays(rows[:, None], columns)
    means = [
        np.bincount(bins, values.ravel(), count + 1)[:count] / some
        for values in (lightness, *places)
    ]
    seeded = table[seeded]
    stands = [
        _standing(seed, disc, inside[disc] & (number[disc] == region))
        for (seed, disc), region in zip(seeds, seeded, strict=True)
    ]
    return Regions(
        number=number,
        inside=inside,
        share=np.asarray(share, np.float32),
        area=area,
        lightness=means[0].astype(np.float32),
        place=np.stack(means[1:], -1).astype(np.float32),
        seeded=seeded,
        stands=np.array(stands, np.intp).reshape(-1, 2),
    )


def _binned(number: NDArray[np.int32], inside: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Bins (H * W,) of pixels for sums by region; what is not inside one has the bin ``count``."""
    return np.where(inside, number, np.intp(count)).ravel()


def alike(regions: Regions, features: Plane, chosen: NDArray[np.int32]) -> Plane:
    """Tell how much each region is like some of them, and near.

    Args:
        regions: n.
        features: (n, q), as `Regions.pooled` gives them.
        chosen: (k,) numbers of regions.

    Returns:
        (k, n) float32 in 0..1; 1 of a region and itself where it has features. It is the square of
        the overlap of the distributions (the Bhattacharyya coefficient), less by distance.
    """
    root = np.sqrt(features)
    overlap = root[chosen] @ root.T
    found: Plane = overlap**2 * np.exp(-apart(regions, chosen) / NEARBY)
    return found


def apart(regions: Regions, chosen: NDArray[np.int32]) -> Plane:
    """Distances of some regions from all, of middle from middle.

    Args:
        regions: n.
        chosen: (k,) numbers of regions.

    Returns:
        (k, n) float32, in short sides of the picture.
    """
    away = regions.place[chosen, None] - regions.place
    found: Plane = np.hypot(away[..., 0], away[..., 1])
    return found
