"""The share of each ab bin near each of several tones.

What a pixel's L says of its colour by itself; a tone table begins there.
"""

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable

KNOTS = 51
"""Tones stand at L = 0, 2, ..., 100."""

PSEUDO_COUNT = 20.0
"""Pixels of the bins' overall shares that are added to each tone."""


def count(colours: NDArray[np.float32], table: NeighbourTable, sigma: float) -> NDArray[np.float64]:
    """Count pixels by tone and bin.

    A pixel is shared linearly between the two tones beside its L, as they will be interpolated,
    and spread over its nearest bins as a target of training is.

    Args:
        colours: (n, 3) Lab.
        table: of Q bins.
        sigma: of the spread, in units of ab.

    Returns:
        (`KNOTS`, Q), summing to n.
    """
    place = np.clip(colours[:, 0].astype(np.float64) / lab.L_MAX, 0, 1) * (KNOTS - 1)
    below = np.minimum(place.astype(np.int64), KNOTS - 2)
    indices, weights = table.encode(colours[:, 1:], sigma)  # (n, k)
    bins = len(table.centres)
    counts = np.zeros(KNOTS * bins)
    for tone, share in ((below, below + 1 - place), (below + 1, place - below)):
        cells = tone[:, None] * bins + indices
        counts += np.bincount(cells.ravel(), (share[:, None] * weights).ravel(), len(counts))
    return counts.reshape(KNOTS, bins)


def shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate the share of each bin at each tone.

    Args:
        counts: (T, Q) pixels. Each tone is drawn towards the overall shares by `PSEUDO_COUNT`
            pixels, so that a tone that never occurs has those.

    Returns:
        (T, Q), each row summing to 1.
    """
    overall = counts.sum(axis=0) / counts.sum()
    drawn: NDArray[np.float64] = counts + PSEUDO_COUNT * overall
    drawn /= drawn.sum(axis=1, keepdims=True)
    return drawn
