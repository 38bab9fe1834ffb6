"""What the commands share: exit statuses, messages, and checks of arguments."""

import argparse
import gc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
            kind = "whole number" if whole else "number"
            raise argparse.ArgumentTypeError(f"'{text}' is no {kind} from {low} to {high}")
        return value

    return check


def need(*modules: str, extra: str) -> None:
    """Check that the packages of an extra are installed.

    Raises:
        InputError: one is not; the message says how to install it.
    """
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise InputError(f"this needs more packages: pip install 'colorize[{extra}]'")


@contextmanager
def importing() -> Iterator[None]:
    """Context in which to import PyTorch: its objects are kept from the garbage collector.

    They are hundreds of thousands and live as long as the process. Collections during the imports,
    during the work and at the end of the process would look at all of them and find nothing, which
    takes about half a second together.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``, which `registry.locate` takes."""
    words = "shipped weights, see `colorize models`, or a file (default: the shipped ones)"
    parser.add_argument("--model", metavar="NAME|FILE", help=words)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``, which `Painter.load` takes."""
    parser.add_argument("--device", help="cpu or cuda (default: a GPU where there is one)")


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add ``--port`` and ``--browser``, for commands that serve a page."""
    port = "to listen on at 127.0.0.1 (default: any that is free)"
    parser.add_argument(
        "--port", metavar="N", type=number(0, 65535, whole=True), default=0, help=port
    )
    shown = "open the page in the browser (default)"
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, default=True, help=shown
    )
