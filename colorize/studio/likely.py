"""The colours that the network itself finds likely at a point of a page.

Zhang et al. 2017 suggest colours to whoever sets a hint: the centres of clusters of the network's
distribution over the bins at that point, the heaviest cluster first.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from colorize.colour import lab
from colorize.model.domains import GREY, INK
from colorize.model.predict import Prediction, predict
from colorize.paint import inked, paper
from colorize.paint.painter import SEEN_PIXELS, Painter
from colorize.paint.scale import side_of

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
        rgb: (H, W, 3) uint8, the page at any size not below the one that the network sees.
        domain: as what it is painted, ``grey`` or ``ink``.
    """

    def __init__(self, painter: Painter, rgb: RGB, *, domain: inked.Kind) -> None:
        small = _shrunk(rgb, painter.side or side_of(inked.values(rgb), painter.model.side))
        model = painter.model
        if domain == "ink":
            values = inked.levelled(inked.values(small))
            grey = np.repeat(values[..., None], 3, axis=2)
            self._lightness = lab.rgb_to_lightness(grey)
            seen = INK.observe(self._lightness[None])
        else:
            self._lightness = lab.rgb_to_lightness(small)
            seen = GREY.observe(paper.levelled(self._lightness)[None])
        prediction = predict(model, seen)
        colours = prediction.colours(*painter.decoding_of(domain))[0]
        self._layer = colours[..., 0] if colours.shape[-1] == 3 and domain == "ink" else None
        self._ab = colours[..., -2:]
        self._centres = model.centres.cpu().numpy().astype(np.float64)
        self._shares = _shares(prediction) if model.recipe.classifies else None

    def at(self, x: float, y: float) -> list[tuple[int, int, int]]:
        """Suggest colours for a point, the most likely first.

        Args:
            x: share of the page's width, 0..1.
            y: share of its height.

        Returns:
            1 to `COUNT` colours, each red, green and blue in 0..255.
        """
        row, column = _cell(self._ab, x, y)
        light = (self._lightness if self._layer is None else self._layer)[row, column]
        if self._shares is None:
            found = [self._ab[row, column].astype(np.float64)]
        else:
            found = clusters(self._shares[_cell(self._shares, x, y)], self._centres)
        planes = np.array([[(light, *ab) for ab in found]], np.float32)
        colours = lab.lab_to_rgb(planes, keep_lightness=True)[0].tolist()
        return [(red, green, blue) for red, green, blue in dict.fromkeys(map(tuple, colours))]


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


def _shares(prediction: Prediction) -> NDArray[np.float64]:
    """(h, w, Q) shares of the bins."""
    logits = prediction.logits()[0].float().numpy().transpose(1, 2, 0) / TEMPERATURE
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    normal: NDArray[np.float64] = shares / shares.sum(axis=2, keepdims=True)
    return normal


def _cell(plane: NDArray[np.generic], x: float, y: float) -> tuple[int, int]:
    """Row and column of a plane (h, w, ...) at a point."""
    height, width = plane.shape[:2]
    return min(height - 1, int(y * height)), min(width - 1, int(x * width))


def _shrunk(rgb: RGB, side: int) -> RGB:
    """The page with a short side of ``side`` pixels at most, a long strip smaller still."""
    height, width = rgb.shape[:2]
    scale = min(side / min(height, width), (SEEN_PIXELS / (height * width)) ** 0.5)
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
