"""Tools that the programs beside the pipeline ask: dvc and git, in the project's folder."""

import subprocess
import sys
from pathlib import Path

from colorize.errors import DataError

METRICS = "metrics/evaluate.json"
"""What the evaluate stage wrote, as dvc names it."""


def dvc(root: Path, *arguments: str, timeout_s: float | None = None) -> str:
    """Give what ``dvc`` says, with this very interpreter.

    Raises:
        DataError: it fails; holds its own words. Or it has not ended within the time that is given.
    """
    return _said(root, [sys.executable, "-m", "dvc"], "dvc", arguments, timeout_s)


def git(root: Path, *arguments: str) -> str:
    """Give what ``git`` says.

    Raises:
        DataError: it fails; holds its own words.
    """
    return _said(root, ["git"], "git", arguments)


def _said(
    root: Path,
    program: list[str],
    name: str,
    arguments: tuple[str, ...],
    timeout_s: float | None = None,
) -> str:
    asked = " ".join([name, *arguments[:2]])
    try:
        done = subprocess.run(  # noqa: S603 - our own commands with the user's own values
            [*program, *arguments], cwd=root, capture_output=True, text=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{asked}: no answer within {timeout_s:g} s") from None
    if done.returncode != 0:
        raise DataError(f"{asked}: {done.stderr.strip()}")
    return done.stdout
