"""How common each ab bin is, and how much a pixel of it weighs: class rebalancing.

Zhang et al., section 2.2, equation 4: w proportional to ((1 - mix) p~ + mix / Q)^-1, with
sum p~ w = 1, where p~ is the empirical prior smoothed over the ab plane. Most of a picture is near
grey; without these weights rare, saturated colours are never worth predicting.
"""

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable

_COLOURS = 1 << 24
_AT_ONCE = 1 << 20


def count(pictures: NDArray[np.uint8], table: NeighbourTable) -> NDArray[np.int64]:
    """Count pixels by their nearest ab bin.

    Each of the 2^24 colours that occurs is converted and looked up once, however many pixels have
    it. What this needs of memory, 0.2 GB, does not depend on the number of pictures.

    Args:
        pictures: (N, H, W, 3) uint8 sRGB.
        table: of Q bins.

    Returns:
        (Q,) int64.
    """
    pixels = np.zeros(_COLOURS, np.int64)
    for rgb in pictures:
        code = rgb[..., 0].astype(np.uint32) << 16 | rgb[..., 1].astype(np.uint32) << 8
        code |= rgb[..., 2]
        # Sorted and cut into runs: faster than np.unique or np.bincount over all colours.
        ranked = np.sort(code, axis=None)
        first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        pixels[ranked[first]] += np.diff(first, append=len(ranked))
    codes = np.flatnonzero(pixels)
    counts = np.zeros(len(table.centres), np.int64)
    for begin in range(0, len(codes), _AT_ONCE):
        part = codes[begin : begin + _AT_ONCE]
        rgb = np.stack([part >> 16, part >> 8 & 255, part & 255], axis=-1).astype(np.uint8)
        bins = table.nearest(lab.rgb_to_lab(rgb)[:, 1:])
        counts += np.bincount(bins, pixels[part], minlength=len(counts)).astype(np.int64)
    return counts


def smooth(
    prior: NDArray[np.float64], centres: NDArray[np.int64], sigma: float
) -> NDArray[np.float64]:
    """Smooth a prior by a Gaussian of the distance in ab, keeping its sum.

    The bins are a list, but neighbours in the list need not be neighbours in the plane, so the
    kernel goes over the plane: p~_q = sum_r K_qr p_r, each column of K summing to 1.

    Args:
        prior: (Q,).
        centres: (Q, 2) ab of the bins.
        sigma: in units of ab; 0 leaves the prior as it is.

    Returns:
        (Q,) with the sum of ``prior``.
    """
    if sigma == 0:
        return prior.copy()
    squared = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)  # (Q, Q)
    kernel = np.exp(-squared / (2 * sigma**2))
    smoothed: NDArray[np.float64] = (kernel / kernel.sum(axis=0)) @ prior
    return smoothed


def class_weights(prior: NDArray[np.float64], mix: float) -> NDArray[np.float64]:
    """Weigh each bin by the inverse of its prior mixed with the uniform (equation 4).

    Args:
        prior: (Q,), positive where ``mix`` is 0, summing to 1.
        mix: lambda in the paper; 1 weighs all bins alike, 0 by the prior's inverse alone.

    Returns:
        (Q,) whose expectation under ``prior`` is 1.

    >>> class_weights(np.array([0.75, 0.25]), mix=0.5).round(3).tolist()
    [0.857, 1.429]
    """
    weights = 1 / ((1 - mix) * prior + mix / len(prior))
    rebalanced: NDArray[np.float64] = weights / (prior * weights).sum()
    return rebalanced


def entropy(prior: NDArray[np.float64]) -> float:
    """Shannon entropy in nats of a (Q,) distribution; empty bins add nothing."""
    seen = prior[prior > 0]
    return float(-(seen * np.log(seen)).sum())
