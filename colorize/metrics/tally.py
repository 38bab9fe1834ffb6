"""Sums of scores over pictures, and over resamples of them.

The bootstrap gives each picture a weight drawn from a Poisson distribution of mean 1, for every
resample anew (Hanley and MacGibbon 2006): the streaming form of drawing pictures with replacement,
which need not know how many there will be. Rows that share their weights can be
compared pair by pair.
"""

from collections.abc import Mapping
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from colorize.metrics.scores import Score, Sums, T

LEVEL = 95
"""Per cent of the resamples that an interval holds."""


class Resampler:
    """Draws the weights of pictures, in their order.

    Args:
        resamples: how many; 0 for none.
        seed: of all randomness.
    """

    def __init__(self, resamples: int, seed: int) -> None:
        self.resamples = resamples
        self._random = np.random.default_rng(seed)

    def draw(self, pictures: int) -> NDArray[np.float64]:
        """Weights (1 + resamples, pictures) of the next ones; the first row is the plain sum."""
        weights = self._random.poisson(1, (pictures, self.resamples)).astype(np.float64)
        return np.concatenate([np.ones((pictures, 1)), weights], axis=1).T


class Tally(Generic[T]):
    """Scores of one row.

    Args:
        scores: which.
    """

    def __init__(self, scores: Mapping[str, Score[T]]) -> None:
        self._scores = scores
        self._sums: dict[str, Sums] = {}
        self._pictures: Sums = np.zeros(1)

    def vectors(self, compared: T) -> dict[str, Sums]:
        """What one picture adds to each score: (D,) float64, D of its own."""
        return {name: score.update(compared) for name, score in self._scores.items()}

    def add(self, vectors: list[dict[str, Sums]], weights: NDArray[np.float64]) -> None:
        """Add pictures by what `vectors` gave, with weights as `Resampler.draw` gives them."""
        for name in self._scores:
            added = weights @ np.stack([vector[name] for vector in vectors])
            self._sums[name] = self._sums.get(name, 0) + added
        self._pictures = self._pictures + weights.sum(axis=1)

    def sums(self, name: str) -> Sums:
        """(D,) the plain sums of one score."""
        sums: Sums = self._sums[name][0]
        return sums

    def replicates(self) -> dict[str, Sums]:
        """Each score (1 + r,) of all pictures, and then of every resample with a picture in it."""
        held = self._pictures > 0
        pictures = self._pictures[held]
        return {
            name: score.compute(self._sums[name][held], pictures)
            for name, score in self._scores.items()
        }


def alone(scores: Mapping[str, Score[T]], vector: Mapping[str, Sums]) -> dict[str, float]:
    """Scores of a single picture by what it adds."""
    one = np.ones(())
    return {name: float(score.compute(vector[name], one)) for name, score in scores.items()}


def standard_error(replicates: Sums) -> float:
    """Of the first of (1 + r,) values by the others; 0 where there are too few."""
    return float(replicates[1:].std(ddof=1)) if len(replicates) > 2 else 0.0


def difference(ours: Sums, theirs: Sums) -> dict[str, float]:
    """Paired difference of two rows' replicates: value, standard error, `LEVEL` % interval."""
    apart = ours - theirs
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(apart[1:], [tail, 100 - tail])
    return {
        "value": float(apart[0]),
        "stderr": standard_error(apart),
        "low": float(low),
        "high": float(high),
    }
