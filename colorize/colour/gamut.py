"""The ab bins: grid points of the ab plane that are colours of sRGB.

Zhang, Isola and Efros (arXiv 1603.08511, section 2.2) quantise ab on a grid of 10 and keep the
Q = 313 values that are in gamut. Their list was published as a file; here it is computed. A grid
point is kept when its Chebyshev distance to the convex hull of the gamut is below one step, which
says that it is a corner of a grid cell that the hull touches. At a step of 10 this gives their
list, value for value and in their order.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from colorize.colour import lab

AB_LIMIT = 110
"""No colour of sRGB has abs(a) or abs(b) above this; paper and grid end here."""

_EDGE_POINTS = 52  # 256 levels at a step of 5: the hull is settled from 5 points an edge on
_MARGIN = 1e-9


def bin_centres(step: int = 10) -> NDArray[np.int64]:
    """Compute the in-gamut ab bins.

    Args:
        step: of the grid, in units of ab.

    Returns:
        (Q, 2) int64 of (a, b), a ascending, then b ascending; Q = 313 at the step of 10.

    >>> bin_centres().shape, bin_centres()[0].tolist(), bin_centres()[-1].tolist()
    ((313, 2), [-90, 50], [100, 0])
    """
    # A point is nearer than `step` to the hull, as Chebyshev measures, exactly when it lies inside
    # the hull's Minkowski sum with the square of half-side `step`, whose vertices are these:
    corners = np.array(list(product((-step, step), repeat=2)))
    grown = ConvexHull((_hull_vertices()[:, None] + corners).reshape(-1, 2))
    reach = np.arange(-(AB_LIMIT // step) - 1, AB_LIMIT // step + 2) * step
    grid = np.array(list(product(reach, reach)), np.int64)
    outside = grid @ grown.equations[:, :2].T + grown.equations[:, 2]  # (n, faces), below 0 inside
    inside: NDArray[np.int64] = grid[(outside < -_MARGIN).all(axis=1)]
    return inside


def _hull_vertices() -> NDArray[np.float64]:
    """(n, 2) vertices of the convex hull of sRGB's ab values, which lie on the cube's edges."""
    level = np.linspace(0, 255, _EDGE_POINTS).round()
    edges = []
    for axis in range(3):
        for others in product((0, 255), repeat=2):
            edge = np.insert(np.tile(np.array(others, float), (len(level), 1)), axis, level, axis=1)
            edges.append(edge)
    ab = lab.rgb_to_lab(np.concatenate(edges).astype(np.uint8))[:, 1:].astype(np.float64)
    vertices: NDArray[np.float64] = ab[ConvexHull(ab).vertices]
    return vertices
