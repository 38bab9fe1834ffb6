"""Finds the scores by which a model is worse than an older one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colorize.judge.inked import JUDGED_BY
from colorize.metrics.classes import CLASS_SCORES
from colorize.metrics.rownames import CHOSEN, GREY, MEAN, MODEL
from colorize.metrics.scores import SCORES, Score

GATED: Mapping[str, Mapping[str, Score[Any]]] = {
    MODEL: SCORES,
    CHOSEN: SCORES,
    MEAN: SCORES,
    f"classes.{MODEL}": CLASS_SCORES,
    **{
        f"{kind}.art.{row}": {name: SCORES[name] for name in JUDGED_BY}
        for kind in ("toned", "lines", "foreign")
        for row in (MODEL, CHOSEN)
    },
}
"""The rows that a change of code or params can make worse, and their scores."""

FIXED = f"{GREY}."
"""What floors score depends on the test pictures alone."""


@dataclass(frozen=True, slots=True)
class Change:
    """A number before and after; None where there was, or is, none."""

    old: float | None
    new: float | None


def worse(changes: Mapping[str, Change]) -> list[str]:
    """Name every score that got worse by more than its tolerance, or is gone, a line each.

    Args:
        changes: what differs, by key as in the metrics file: ``model.psnr``.
    """
    lines = []
    for row, scores in GATED.items():
        for name, score in scores.items():
            change = changes.get(f"{row}.{name}")
            if change is not None and score.higher_is_better is not None:
                lines += _judged(f"{row}.{name}", change, score)
    return lines


def _judged(key: str, change: Change, score: Score[Any]) -> list[str]:
    if change.old is None:
        return []
    if change.new is None:
        return [f"{key} is gone; it was {change.old:g}"]
    loss = change.old - change.new if score.higher_is_better else change.new - change.old
    if loss <= score.tolerance:
        return []
    return [
        f"{key} went from {change.old:g} to {change.new:g}, worse by {loss:.3g}; "
        f"{score.tolerance:g} would be tolerated"
    ]


def other_pictures(changes: Mapping[str, Change]) -> bool:
    """Tell whether the two were judged on different pictures: then a floor has moved."""
    return any(key.startswith(FIXED) for key in changes)
