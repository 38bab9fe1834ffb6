"""The colours that the network itself finds likely at a point of a page.

Zhang et al. 2017 suggest colours to whoever sets a hint: the centres of clusters of the network's
distribution over the bins at that point, the heaviest cluster first.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from colorize.colour import lab
from colorize.paint import inked
from colorize.paint.memo import Memo
from colorize.paint.painter import Painter

RGB = NDArray[np.uint8]

COUNT = 5
"""Colours that are suggested."""

SAMPLES = 1000
"""Points that stand for the distribution, in the shares of its bins."""

CLUSTERS = 7
"""That the points are parted into; those that are alike count for one."""

ALIKE = 8.0
"""Distance in ab below which two colours are one suggestion."""

TEMPERATURE = 1.5
"""Flattens the distribution: what is rare at a point may still be what its artist wants."""


class Guess:
    """What the network thinks of a page without hints; made once a page, asked at any point.

    Args:
        painter: whose network is asked.
        rgb: (H, W, 3) uint8, the page.
        domain: as what it is painted, ``grey`` or ``ink``.
        memo: of painting the page; see `Painter.paint`.
    """

    def __init__(
        self, painter: Painter, rgb: RGB, *, domain: inked.Kind, memo: Memo | None = None
    ) -> None:
        self._lightness, self._prediction = painter.look(rgb, domain, memo=memo)
        self._painter, self._domain = painter, domain
        model = self._prediction.model
        self._is_layer = domain == "ink" and model.spec.lightness
        self._centres = model.centres.cpu().numpy().astype(np.float64)

    @cached_property
    def _colours(self) -> NDArray[np.float32]:
        """(h, w, 2) ab, or (h, w, 3) L and ab of a layer."""
        return self._painter.decoded(self._prediction, self._domain)

    def at(self, x: float, y: float) -> list[tuple[int, int, int]]:
        """Suggest colours for a point, the most likely first.

        Args:
            x: share of the page's width, 0..1.
            y: share of its height.

        Returns:
            1 to `COUNT` colours, each red, green and blue in 0..255.
        """
        plane = self._colours[..., 0] if self._is_layer else self._lightness
        light = plane[_cell(plane.shape, x, y)]
        if self._prediction.model.recipe.classifies:
            found = clusters(self._shares(x, y), self._centres)
        else:
            ab = self._colours[..., -2:]
            found = [ab[_cell(ab.shape, x, y)].astype(np.float64)]
        planes = np.array([[(light, *ab) for ab in found]], np.float32)
        colours = lab.lab_to_rgb(planes, keep_lightness=True)
        if self._is_layer:
            colours = self._painter.lit(colours)
        each = dict.fromkeys(map(tuple, colours[0].tolist()))
        return [(red, green, blue) for red, green, blue in each]

    def _shares(self, x: float, y: float) -> NDArray[np.float64]:
        """(Q,) shares of the bins at a point."""
        logits = self._prediction.logits()[0]
        row, column = _cell(logits.shape[1:], x, y)
        there = logits[:, row, column].double().numpy() / TEMPERATURE
        shares = np.exp(there - there.max())
        normal: NDArray[np.float64] = shares / shares.sum()
        return normal


def clusters(
    shares: NDArray[np.float64], centres: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Find the colours around which a distribution over bins gathers.

    Args:
        shares: (Q,) of the bins; their sum is 1.
        centres: (Q, 2) ab of the bins.

    Returns:
        1 to `COUNT` points in ab (2,), of the heaviest cluster first.
    """
    counts = np.rint(shares * SAMPLES).astype(int)
    if not counts.any():
        counts[shares.argmax()] = 1
    points = np.repeat(centres, counts, axis=0)
    number = min(CLUSTERS, int((counts > 0).sum()))
    random = np.random.default_rng(0)
    middles, labels = kmeans2(points, number, minit="++", rng=random)
    sizes = np.bincount(labels, minlength=number)
    chosen: list[NDArray[np.float64]] = []
    for place in np.argsort(-sizes, kind="stable"):
        apart = all(np.hypot(*(middles[place] - other)) >= ALIKE for other in chosen)
        if sizes[place] and apart and len(chosen) < COUNT:
            chosen.append(middles[place])
    return chosen


def _cell(shape: Sequence[int], x: float, y: float) -> tuple[int, int]:
    """Row and column at a point of a plane (h, w, ...)."""
    height, width = shape[:2]
    return min(height - 1, int(y * height)), min(width - 1, int(x * width))
