"""Soft encoding: each colour as a few neighbouring ab bins and their weights.

Zhang et al., section 2.2: a colour's target is spread over its 5 nearest bins by a Gaussian kernel
of sigma 5. Of the Q numbers that this makes, all but 5 are zero, so 5 indices and 5 weights are
the whole target and no (H, W, Q) volume is ever made.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from colorize.colour.gamut import AB_LIMIT

SIGMA = 5.0
"""Width of the kernel in units of ab (section 2.2 of the paper)."""

_SIDE = 2 * AB_LIMIT + 1
_ROUNDING_REACH = 2 * float(np.sqrt(0.5)) + 1e-6


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """For each integer point of the ab plane, every bin that can be near a colour around it.

    A colour is looked up at its rounded ab. Around that point stand a handful of candidates, among
    which are, whatever was rounded off, the colour's true neighbours; so only these are measured,
    and the result is that of an exhaustive search.

    Attributes:
        centres: (Q, 2) ab of the bins.
        candidates: (221, 221, c) int16 bin numbers by rounded (a, b) + 110, ascending, filled up
            with -1.
        certain: (221, 221) int16, the nearest bin where it is the same for all colours that round
            to the point, else -1.
        neighbours: k, how many a colour is spread over.
    """

    centres: NDArray[np.int64]
    candidates: NDArray[np.int16]
    certain: NDArray[np.int16]
    neighbours: int

    @classmethod
    def fit(cls, centres: NDArray[np.int64], neighbours: int = 5) -> "NeighbourTable":
        """Find the candidates of every point of the plane.

        Args:
            centres: (Q, 2) ab of the bins.
            neighbours: k; at most Q.
        """
        axis = np.arange(-AB_LIMIT, AB_LIMIT + 1)
        points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        # Moving by h from a point changes no distance by more than h: the k nearest bins of every
        # colour that rounds to it are within its own k-th distance + 2 h. Rounding adds a hair.
        distance = cdist(points, centres)  # (n, Q)
        kth = np.partition(distance, neighbours - 1, axis=1)[:, neighbours - 1]
        near = distance <= kth[:, None] + _ROUNDING_REACH
        count = int(near.sum(axis=1).max())
        numbers = np.where(near, np.arange(len(centres), dtype=np.int16), len(centres))
        candidates = np.sort(np.partition(numbers, count - 1, axis=1)[:, :count], axis=1)
        candidates[candidates == len(centres)] = -1
        certain = distance.argmin(axis=1).astype(np.int16)
        rivals = distance <= distance.min(axis=1, keepdims=True) + _ROUNDING_REACH
        certain[rivals.sum(axis=1) > 1] = -1
        shape = (_SIDE, _SIDE)
        return cls(centres, candidates.reshape(*shape, count), certain.reshape(shape), neighbours)

    def encode(
        self, ab: NDArray[np.floating], sigma: float = SIGMA
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Spread each colour over its nearest bins, weight exp(-d^2 / (2 sigma^2)).

        Args:
            ab: (..., 2) floating.
            sigma: in units of ab.

        Returns:
            indices (..., k) int64 and weights (..., k) float32 that sum to 1, nearest bin first; of
            two bins equally near, the one with the smaller a, then the smaller b, comes first.
        """
        found, squared = self._measure(ab)
        indices = np.empty((*found.shape[:-1], self.neighbours), np.int64)
        nearest = np.empty(indices.shape, np.float64)
        # To take the smallest k times is faster than to sort a dozen, and settles ties: candidates
        # ascend, and bins are numbered by a, then b.
        for rank in range(self.neighbours):
            best = squared.argmin(axis=-1)[..., None]
            indices[..., rank] = np.take_along_axis(found, best, axis=-1)[..., 0]
            nearest[..., rank] = np.take_along_axis(squared, best, axis=-1)[..., 0]
            np.put_along_axis(squared, best, np.inf, axis=-1)
        # Relative to the nearest, because far from the gamut all of them would underflow.
        weights = np.exp((nearest[..., :1] - nearest) / (2 * sigma**2))
        weights /= weights.sum(axis=-1, keepdims=True)
        return indices, weights.astype(np.float32)

    def nearest(self, ab: NDArray[np.floating]) -> NDArray[np.int64]:
        """Give the number of each colour's nearest bin: ``encode(ab)[0][..., 0]``.

        Args:
            ab: (..., 2) floating.

        Returns:
            (...) int64.
        """
        cell = _cell(ab)
        numbers = np.array(self.certain[cell], np.int64)
        doubtful = numbers < 0
        found, squared = self._measure(ab[doubtful])
        best = squared.argmin(axis=-1)[..., None]
        numbers[doubtful] = np.take_along_axis(found, best, axis=-1)[..., 0]
        return numbers

    def _measure(self, ab: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Candidates of each colour (..., c), numbers ascending, and their squared distances."""
        found = self.candidates[_cell(ab)].astype(np.int64)  # (..., c)
        a, b = (self.centres[found, axis] - ab[..., axis, None].astype(float) for axis in (0, 1))
        squared = a * a + b * b
        squared[found < 0] = np.inf
        return found, squared


def _cell(ab: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column in the tables of each colour (..., 2); beyond the plane, the border's."""
    cell = np.rint(ab).astype(np.int64).clip(-AB_LIMIT, AB_LIMIT) + AB_LIMIT
    return cell[..., 0], cell[..., 1]
