"""Calls git and dvc in the project's folder, for the programs beside the pipeline."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from colorize.errors import DataError

METRICS = "metrics/evaluate.json"
"""What the evaluate stage wrote, as dvc names it."""


def dvc(root: Path, *arguments: str) -> str:
    """Give what ``dvc`` says, run by this very interpreter.

    Raises:
        DataError: it fails; holds its own words.
    """
    return _said(root, [sys.executable, "-m", "dvc"], "dvc", arguments)


def git(root: Path, *arguments: str) -> str:
    """Give what ``git`` says.

    Raises:
        DataError: it fails; holds its own words.
    """
    return _said(root, ["git"], "git", arguments)


def runs(root: Path) -> dict[str, str]:
    """Name every run: its revision, which is empty for the workspace."""
    out = {"workspace": ""}
    for kind in ("heads", "tags"):
        out |= {ref.removeprefix(f"refs/{kind}/"): ref for ref in _refs(root, kind)}
    for ref in _refs(root, "exps"):
        # An experiment is refs/exps/XX/YYYY/NAME: XXYYYY is the commit that it started from.
        parts = ref.split("/")
        if len(parts) == 5 and len(parts[2] + parts[3]) == 40:
            out[parts[4]] = ref
    return out


def _refs(root: Path, kind: str) -> list[str]:
    return git(root, "for-each-ref", "--format=%(refname)", f"refs/{kind}").split()


def read_at(root: Path, revision: str, file: str) -> str:
    """Read a file of the project as it is at a revision; of the workspace for an empty name.

    A revision may also be named as `runs` does.

    Raises:
        DataError: there is no such file, or no such revision.
    """
    if not revision:
        try:
            return (root / file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read {file} ({error}): run the evaluate stage first") from None
    named = f"{runs(root).get(revision, revision)}^{{}}"
    try:
        commit = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", named)
    except DataError:
        raise DataError(f"there is no revision {revision}") from None
    try:
        return git(root, "show", f"{commit.strip()}:./{file}")
    except DataError:
        raise DataError(f"there is no {file} at {revision}") from None


def scores_at(root: Path, revision: str) -> dict[str, Any]:
    """Read the scores of the evaluate stage at a revision; of the workspace for an empty name.

    Raises:
        DataError: there are none, or the file is damaged.
    """
    where = f"at {revision}" if revision else "in the workspace"
    try:
        numbers = json.loads(read_at(root, revision, METRICS))
    except ValueError as error:
        raise DataError(f"{METRICS} {where} is no JSON ({error})") from None
    if not isinstance(numbers, dict) or not isinstance(numbers.get("model"), dict):
        raise DataError(f"{METRICS} {where} holds no scores of a model")
    return numbers


def flat(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Name each value of nested sections by its keys: ``{"model.psnr": 25.0}``."""
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            out |= flat(value, f"{above}{key}.")
        else:
            out[f"{above}{key}"] = value
    return out


def _said(root: Path, program: list[str], name: str, arguments: tuple[str, ...]) -> str:
    asked = " ".join([name, *arguments[:2]])
    try:
        done = subprocess.run(  # noqa: S603 - our own commands with the user's own values
            [*program, *arguments], cwd=root, capture_output=True, text=True, encoding="utf-8"
        )
    except FileNotFoundError:
        raise DataError(f"{asked}: {program[0]} is not installed") from None
    except UnicodeDecodeError:
        raise DataError(f"{asked}: what it says is no text in UTF-8") from None
    if done.returncode != 0:
        raise DataError(f"{asked}: {' '.join(done.stderr.split()) or 'it failed without a word'}")
    return done.stdout
