"""The command ``colorize``: paints pages, folders and books with a trained model."""

import argparse
import dataclasses
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import not_
from pathlib import Path
from typing import TYPE_CHECKING

from colorize.errors import ColorizeError
from colorize.paint.jobs import Job, plan

if TYPE_CHECKING:
    from colorize.paint.pages import Result

ROOT = Path(__file__).resolve().parent.parent
MODEL = Path("models", "colorizer.safetensors")

LOOK = ("temperature", "saturation", "side", "snap")
"""Options that are arguments of `Painter`, which has their defaults."""

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
"""Exit statuses: some page could not be painted; nothing was begun; stopped by the user."""

BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} pages, {rate_noinv_fmt}, {remaining} left"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize",
        description="Colour grey pages: pictures, folders of them, and books (CBZ).",
        epilog="Exit status: 0 all is well, 1 a page could not be painted, 2 nothing was begun.",
    )
    add = made.add_argument
    add("inputs", metavar="INPUT", nargs="+", type=Path, help="page, folder or book")
    add("-o", "--out", metavar="OUT", type=Path, required=True, help="file or folder to write")
    add("--model", metavar="FILE", type=Path, help="default: the one that `make repro` trained")
    add(
        "--temperature",
        metavar="T",
        type=_number(0.01, 1),
        help="1 paints the mean colour, near 0 the most likely one (default: as the paper does)",
    )
    add(
        "--saturation",
        metavar="S",
        type=_number(0, 10),
        help="multiplies the colours: 0 is grey, 1 what the model says (default)",
    )
    add(
        "--side",
        metavar="N",
        type=_number(8, 4096, whole=True),
        help="short side in pixels at which the network sees a page (default: as trained); "
        "try twice as much for many small panels",
    )
    snap = "settle each area between lines on one colour (default: what scored better)"
    add("--snap", action=argparse.BooleanOptionalAction, help=snap)
    form = made.add_mutually_exclusive_group()
    form.add_argument("--compare", action="store_true", help="write original beside result")
    form.add_argument("--layer", action="store_true", help="write the colours alone, as a PNG")
    add("--json", action="store_true", help="report each page as a line of JSON")
    add("--overwrite", action="store_true", help="replace results that are there already")
    return made


def _number(low: float, high: float, *, whole: bool = False) -> Callable[[str], float]:
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


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command.

    Args:
        arguments: of the command line; those of the process if not given.
        root: of the project whose pipeline made the model.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    try:
        jobs = plan(options.inputs, options.out, layers=options.layer)
        return _paint(jobs, options, options.model or root / MODEL)
    except ColorizeError as error:
        print(f"colorize: {error}", file=sys.stderr)
        return REFUSED
    except OSError as error:  # a full disk, a folder without rights
        print(f"colorize: {error}; the same command goes on from here", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\ncolorize: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _paint(jobs: Sequence[Job], options: argparse.Namespace, model: Path) -> int:
    """Paint what is not there yet and report it."""
    # PyTorch takes more than a second to import: a typo need not wait for it.
    import torch

    from colorize.paint.pages import Form, Outcome, Result
    from colorize.paint.painter import Painter
    from colorize.paint.work import count, paint_all

    # One core decodes and encodes: threads that compete for a core wait for each other.
    torch.set_num_threads(max(1, torch.get_num_threads() - 1))
    given = {name: getattr(options, name) for name in LOOK if getattr(options, name) is not None}
    painter = Painter.load(model, **given)
    form = Form.COMPARE if options.compare else Form.LAYER if options.layer else Form.PAINTED
    look = [getattr(painter, name) for name in LOOK]
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    there = [not options.overwrite and job.target.exists() for job in jobs]
    left = list(compress(jobs, map(not_, there)))
    kept = [
        Result(source=str(job.source), target=str(job.target), outcome=Outcome.KEPT)
        for job in compress(jobs, there)
    ]
    results = paint_all(painter, left, form=form, settings=json.dumps([digest, form, *look]))
    outcomes = _report(kept, results, total=count(left), as_json=options.json)
    return FAILED if outcomes[Outcome.FAILED] else 0


def _report(
    kept: Iterable["Result"], results: Iterable["Result"], *, total: int, as_json: bool
) -> Counter[str]:
    """Tell of each result as it comes, and count the outcomes."""
    from tqdm import tqdm

    outcomes: Counter[str] = Counter()
    # Silent where nobody watches a terminal.
    with tqdm(total=total, unit="page", bar_format=BAR, disable=None) as bar:
        for new, source in ((0, kept), (1, results)):
            for result in source:
                bar.update(new)
                outcomes[result.outcome] += 1
                if as_json:
                    bar.write(json.dumps(dataclasses.asdict(result)))
                if result.outcome == "failed":
                    where = f"{result.source}: {result.page}" if result.page else result.source
                    bar.write(f"colorize: {where}: {result.reason}", file=sys.stderr)
    if not as_json:
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(f"{counted or 'nothing to do'}")
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
