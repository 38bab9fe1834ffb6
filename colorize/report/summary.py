"""Formats rows of scores as tables, the best values marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from colorize.metrics.rownames import is_ceiling
from colorize.metrics.scores import Score

_NOTHING = 5e-7
"""A number that six decimals would not show."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its name, its scores and their standard errors."""

    row: str
    values: Mapping[str, float]
    errors: Mapping[str, float]


def best(lines: Sequence[Line], scores: Mapping[str, Score[Any]]) -> dict[str, set[str]]:
    """Name for each score the rows that are best; ceilings never are.

    Args:
        lines: all rows; of several equally good ones all are named.
        scores: where neither direction is better, no row is best.
    """
    winners: dict[str, set[str]] = {name: set() for name in scores}
    for name, score in scores.items():
        values = {
            line.row: line.values[name]
            for line in lines
            if name in line.values and not is_ceiling(line.row)
        }
        if values and score.higher_is_better is not None:
            top = (max if score.higher_is_better else min)(values.values())
            winners[name] = {row for row, value in values.items() if value == top}
    return winners


def shortened(value: float, digits: int = 4) -> str:
    """Write a number with that many significant digits, never in powers of ten.

    >>> shortened(95.40301), shortened(0.00425953), shortened(0)
    ('95.40', '0.004260', '0')
    """
    if abs(value) < _NOTHING:
        return "0"
    if abs(value) >= 10**digits:
        return f"{value:.0f}"
    text = f"{value:#.{digits}g}"
    return (f"{value:f}" if "e" in text else text).rstrip(".")


def markdown(lines: Sequence[Line], scores: Mapping[str, Score[Any]]) -> str:
    """Write a Markdown table, the best of each score bold."""
    arrows = {True: " ↑", False: " ↓", None: ""}
    heads = [score.title + arrows[score.higher_is_better] for score in scores.values()]
    winners = best(lines, scores)
    rows = [["", *heads], ["---"] * (1 + len(heads))]
    for line in lines:
        cells = [_cell(line, name, marked=line.row in winners[name]) for name in scores]
        rows.append([line.row, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(line: Line, name: str, *, marked: bool) -> str:
    if name not in line.values:
        return ""
    value = shortened(line.values[name])
    error = f" ± {shortened(line.errors[name], 2)}" if name in line.errors else ""
    return f"{f'**{value}**' if marked else value}{error}"
