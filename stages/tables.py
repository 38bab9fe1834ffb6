"""tables: write the tables of README.md and docs/results.md from the metrics.

    python -m stages.tables

Not a stage of the pipeline. Each table is between ``<!-- table NAME -->`` and ``<!-- end -->``;
what is between them is replaced.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from colorize import files
from colorize.errors import DataError
from colorize.metrics.rownames import CHOSEN, DOMINANT, GREY, ONE_EPOCH, TONE_CURVE, in_order
from colorize.metrics.scores import SCORES
from colorize.report import inputs
from colorize.report.page import INKED
from colorize.report.summary import Line, markdown
from stages import run

PAGES = ("README.md", "docs/results.md")

HEADLINE_ROWS = {
    CHOSEN: "model",
    ONE_EPOCH: "after one epoch",
    TONE_CURVE: "tone curve (mean colour of each lightness)",
    DOMINANT: "one colour",
    GREY: "all grey",
}
HEADLINE_SCORES = ("auc", "auc_balanced", "psnr", "ciede2000")

ART = ("psnr", "ciede2000", "rmse_ab")
"""Scores of the pixels that are neither ink nor paper."""


def main(root: Path) -> None:
    """Write all tables."""
    numbers = inputs.numbers(root / "metrics" / "evaluate.json")
    for page in PAGES:
        path = root / page
        files.write_bytes(path, filled(path.read_text("utf-8"), numbers, TABLES).encode())


F = TypeVar("F")


def filled(page: str, facts: F, known: Mapping[str, Callable[[F], str]]) -> str:
    """Replace the tables of a Markdown page.

    Args:
        page: its text.
        facts: what the tables are made of.
        known: tables by name.

    Raises:
        DataError: the page asks for a table that is not known.
    """

    def table(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in known:
            raise DataError(f"no table '{name}'; known: {', '.join(known)}")
        return f"<!-- table {name} -->\n\n{known[name](facts)}\n\n<!-- end -->"

    return re.sub(r"<!-- table (?P<name>[\w-]+) -->.*?<!-- end -->", table, page, flags=re.DOTALL)


def headline(numbers: Mapping[str, Any], rows: Mapping[str, str] = HEADLINE_ROWS) -> str:
    """A few rows, with their titles, by four scores."""
    lines = [
        Line(title, numbers[row], numbers["stderr"][row])
        for row, title in rows.items()
        if row in numbers
    ]
    return markdown(lines, {name: SCORES[name] for name in HEADLINE_SCORES})


def scores(numbers: Mapping[str, Any]) -> str:
    """All rows by all scores."""
    rows = in_order(row for row in numbers["stderr"] if row != "classes")
    return markdown([Line(row, numbers[row], numbers["stderr"][row]) for row in rows], SCORES)


def inked(numbers: Mapping[str, Any]) -> str:
    """All rows of inked pages by three scores of their art, for each kind of pages."""
    kinds = [name for name in INKED if name in numbers]
    if not kinds:
        return "The network has learned grey pages alone."
    art = {kind: numbers[kind]["art"] for kind in kinds}
    shown = {
        f"{kind} {score}": replace(SCORES[score], title=f"{kind}: {SCORES[score].title}")
        for kind in kinds
        for score in ART
    }
    lines = [
        Line(row, {f"{kind} {score}": art[kind][row][score] for kind in kinds for score in ART}, {})
        for row in in_order(art[kinds[0]])
    ]
    return markdown(lines, shown)


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "headline": headline,
    "scores": scores,
    "inked": inked,
}


if __name__ == "__main__":
    run(main)
