"""show: compare all runs by six scores: the workspace, branches, tags and DVC's experiments.

    python -m stages.show

Not a stage of the pipeline. Metrics are tracked by Git, and DVC keeps experiments as Git
references, so only git is called.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from colorize.errors import DataError
from colorize.params import FILE_NAME
from stages import run
from stages.tools import flat, read_at, runs, scores_at

SHOWN = ("psnr", "ssim", "ciede2000", "auc", "auc_balanced", "colourfulness")
CHANGES = 4
"""Changed params that are named; of more, their number."""


def main(root: Path) -> None:
    """Print a line for each run that has scores."""
    lines = list(_lines(root))
    if not lines:
        raise DataError("no run has scores yet: `make repro` makes the first")
    lines.insert(0, ["run", *SHOWN, "params that differ from the workspace"])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


def _lines(root: Path) -> Iterator[list[str]]:
    ours = _params(root, "")
    floor: list[str] = []
    for name, revision in runs(root).items():
        try:
            numbers = scores_at(root, revision)
        except DataError as error:
            if "is no JSON" in str(error):
                print(f"left out {name}: {error}", file=sys.stderr)
            continue
        yield [name, *_cells(numbers["model"]), _changes(ours, _params(root, revision))]
        floor = floor or ["painted grey", *_cells(numbers.get("grey", {})), ""]
    if floor:
        yield floor


def _cells(scores: dict[str, float]) -> list[str]:
    return [f"{scores[name]:.4g}" if name in scores else "" for name in SHOWN]


def _params(root: Path, revision: str) -> dict[str, object]:
    try:
        content = YAML(typ="safe", pure=True).load(read_at(root, revision, FILE_NAME))
    except (DataError, YAMLError):
        return {}
    return flat(content) if isinstance(content, dict) else {}


def _changes(ours: dict[str, object], theirs: dict[str, object]) -> str:
    keys = [key for key in theirs if key in ours and theirs[key] != ours[key]]
    shown = [f"{key}={theirs[key]}" for key in keys[:CHANGES]]
    return ", ".join([*shown, *([f"and {len(keys) - CHANGES} more"] if keys[CHANGES:] else [])])


if __name__ == "__main__":
    run(main)
