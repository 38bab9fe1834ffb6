"""What the commands share: exit statuses, messages, and checks of arguments."""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from colorize.errors import InputError
from colorize.paint.kinds import shown

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
"""Exit statuses: some page could not be painted; nothing was begun; stopped by the user."""


def say(message: object) -> None:
    """Tell the user one line."""
    print(f"colorize: {shown(message)}", file=sys.stderr)


def path(text: str) -> Path:
    """Check a path: an unset variable of a shell must not mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name means no file and no folder")
    return Path(text)


def number(low: float, high: float, *, whole: bool = False) -> Callable[[str], float]:
    """Make a check for a number of the command line."""

    def check(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is no number from {low} to {high}")
        return value

    return check


def need(*modules: str, extra: str) -> None:
    """Check that the packages of an extra are installed.

    Raises:
        InputError: one is not; the message says how to install it.
    """
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise InputError(f"this needs more packages: pip install 'colorize[{extra}]'")
