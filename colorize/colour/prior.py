"""Prior and class weights of the ab bins: class rebalancing.

Zhang et al., section 2.2, equation 4: w proportional to ((1 - mix) p~ + mix / Q)^-1, with
sum p~ w = 1, where p~ is the empirical prior smoothed over the ab plane. Most of a picture is near
grey; without these weights rare, saturated colours are never worth predicting.
"""

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable

_BLOCK = 3  # bits of a channel: 8 x 8 x 8 neighbouring colours are looked up at once
_BLOCKS = 1 << 3 * (8 - _BLOCK)


class BinsOfColours:
    """The nearest ab bin of 8-bit colours, 2^24 of them in 32 MiB, found as they come.

    Colours are converted by whole blocks of neighbours, always the same ones together, so that a
    colour's bin does not depend on the pictures that were seen before.

    Args:
        table: of Q bins.
    """

    def __init__(self, table: NeighbourTable) -> None:
        self.table = table
        self._bins = np.full((_BLOCKS, 1 << 3 * _BLOCK), -1, np.int16)
        # Where a channel's value goes in a colour's number: high bits name the block.
        value = np.arange(256, dtype=np.uint32)
        high, low = value >> _BLOCK, value & (1 << _BLOCK) - 1
        self._parts = [
            high << (3 * _BLOCK + (8 - _BLOCK) * channel) | low << (_BLOCK * channel)
            for channel in (2, 1, 0)
        ]

    def count(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Count the pixels of (N, H, W, 3) uint8 sRGB by their nearest bin: (Q,)."""
        counts = np.zeros(len(self.table.centres), np.int64)
        for rgb in pictures:
            number = self._parts[0][rgb[..., 0]]
            for channel in (1, 2):
                number |= self._parts[channel][rgb[..., channel]]
            bins = self._bins.take(number)
            if bins.min(initial=0) < 0:
                for block in np.unique(number[bins < 0] >> 3 * _BLOCK):
                    self._fill(block)
                bins = self._bins.take(number)
            counts += np.bincount(bins.ravel(), minlength=len(counts))
        return counts

    def _fill(self, block: int) -> None:
        bits = 8 - _BLOCK
        corner = [block >> bits * channel & (1 << bits) - 1 for channel in (2, 1, 0)]
        inside = np.indices((1 << _BLOCK,) * 3).reshape(3, -1).T  # (512, 3)
        rgb = (np.array(corner) << _BLOCK) + inside
        self._bins[block] = self.table.nearest(lab.rgb_to_lab(rgb.astype(np.uint8))[:, 1:])


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
