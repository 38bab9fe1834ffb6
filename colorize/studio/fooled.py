"""What the answers of the people's test say: the share of pictures that fooled them.

Raters differ, and so do pictures, so the interval is of a bootstrap over both: each rater and each
picture gets a weight drawn from a Poisson distribution of mean 1, and an answer the product of its
two (Owen 2007, "The pigeonhole bootstrap"). It is somewhat too wide rather than too narrow.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from colorize.studio.sessions import Answer

LEVEL = 95
"""Per cent of the resamples that an interval holds."""

RESAMPLES = 2000
CHUNK = 250
"""Resamples that are drawn at a time."""


def summary(answers: Iterable[Answer], *, seed: int = 0) -> dict[str, dict[str, float]]:
    """Sum the answers up by model.

    Args:
        answers: practice among them does not count.
        seed: of the bootstrap.

    Returns:
        By model: ``fooled``, the share of real pictures that were taken for painted ones, 0.5 where
        nobody can tell; ``low`` and ``high`` of its interval; ``caught``, the share of catch trials
        that were seen, where there were any; ``answers``, ``sessions`` and ``pictures``.
    """
    listed = list(answers)
    found: dict[str, dict[str, float]] = {}
    for model in sorted({answer.model for answer in listed}):
        tests = [a for a in listed if a.model == model and a.kind == "test"]
        catches = [a for a in listed if a.model == model and a.kind == "catch"]
        if not tests:
            continue
        fooled = np.array([a.fooled for a in tests], np.float64)
        raters = _numbered([a.session for a in tests])
        pictures = _numbered([a.picture for a in tests])
        low, high = interval(fooled, raters, pictures, seed=seed)
        found[model] = {
            "fooled": float(fooled.mean()),
            "low": low,
            "high": high,
            "answers": len(tests),
            "sessions": int(raters.max()) + 1,
            "pictures": int(pictures.max()) + 1,
        }
        if catches:
            found[model]["caught"] = float(np.mean([not a.fooled for a in catches]))
    return found


def interval(
    values: NDArray[np.float64],
    raters: NDArray[np.int64],
    pictures: NDArray[np.int64],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Give the `LEVEL` % interval of a mean over raters and pictures.

    Args:
        values: (n,) answers.
        raters: (n,) who gave each, from 0.
        pictures: (n,) of which picture, from 0.
        seed: of all randomness.
        resamples: of the bootstrap.

    Returns:
        Its low and its high end.
    """
    random = np.random.default_rng(seed)
    means = []
    for start in range(0, resamples, CHUNK):
        count = min(CHUNK, resamples - start)
        weights = random.poisson(1, (count, raters.max() + 1))[:, raters].astype(np.float64)
        weights *= random.poisson(1, (count, pictures.max() + 1))[:, pictures]
        totals = weights.sum(axis=1)
        means.append((weights @ values)[totals > 0] / totals[totals > 0])
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail])
    return float(low), float(high)


def _numbered(names: list[str]) -> NDArray[np.int64]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
