"""``colorize real-or-fake --pairs FOLDER``: asks people which of two pictures is painted."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from colorize import files
from colorize.commands import console
from colorize.errors import InputError

METRICS = Path("metrics", "people.json")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize real-or-fake",
        description="Show people a real picture and a painted one, a second each, and ask which "
        "one a computer coloured. The answers are kept without a name.",
    )
    add = made.add_argument
    pairs = "holds real/ and a folder of painted pictures for each model, of the same names"
    add("--pairs", metavar="FOLDER", type=console.path, required=True, help=pairs)
    out = "metrics file to write after each session (default: metrics/people.json)"
    add("--out", metavar="FILE", type=console.path, help=out)
    practice = "pairs with feedback (default: 10)"
    add("--practice", metavar="N", type=console.number(0, 100, whole=True), help=practice)
    trials = "pairs without (default: 40, one of ten with absurd colours)"
    add("--trials", metavar="N", type=console.number(1, 1000, whole=True), help=trials)
    console.add_server(made)
    return made


def run(arguments: Sequence[str], root: Path) -> int:
    """Serve the test until it is stopped.

    Args:
        arguments: of the command line.
        root: not used.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    console.need("uvicorn", "starlette", extra="web")
    from colorize.studio.pairs import Pairs
    from colorize.studio.raters import Raters
    from colorize.studio.server import serve
    from colorize.studio.sessions import PRACTICE, TRIALS, Answers

    pairs = Pairs(options.pairs)
    path = options.pairs / "answers.jsonl"
    with files.locked(
        path, f"another test writes {path}: use its page, or end it", error=InputError
    ):
        raters = Raters(
            pairs,
            Answers(path),
            options.out or METRICS,
            practice=PRACTICE if options.practice is None else options.practice,
            trials=options.trials or TRIALS,
        )
        serve(raters.app(), port=options.port, show=options.browser, title="real or fake")
    return 0
