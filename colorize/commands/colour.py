"""``colorize INPUT... -o OUT``: paints pages, folders and books."""

import argparse
import hashlib
import importlib.metadata
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from colorize.commands import console
from colorize.imaging import openraster
from colorize.paint import hints
from colorize.paint.addressed import address
from colorize.paint.jobs import Plan, describe, is_file, plan
from colorize.paint.kinds import shown
from colorize.weights import registry

if TYPE_CHECKING:
    from colorize.paint.opening import Begun
    from colorize.paint.pages import Result
    from colorize.paint.painter import Painter

LOOK = (
    *("temperature", "adjustment", "hues", "brightness", "saturation", "side", "snap"),
    *("recolour", "domain", "tone", "palette"),
)
"""Options that are arguments of `Painter`, which has their defaults."""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize",
        description="Colour manga pages: pictures, folders of them, and books (CBZ).",
        epilog="Other commands: colorize studio, book, models, export and real-or-fake, each with "
        "--help. Exit status: 0 all is well, 1 a page could not be painted, 2 nothing was begun, "
        "130 interrupted.",
    )
    add = made.add_argument
    add("inputs", metavar="INPUT", nargs="+", type=console.path, help="page, folder or book")
    target = made.add_mutually_exclusive_group(required=True).add_argument
    out = "file or folder to write"
    target("-o", "--out", metavar="OUT", type=console.path, help=out)
    layers = "write OpenRaster instead, for Krita and GIMP: ink, flat colours and page as layers"
    target("--layers", metavar="OUT.ora", type=console.path, help=f"{layers}; a file or folder")
    console.add_model(made)
    add(
        "--temperature",
        metavar="T",
        type=console.number(0.01, 1),
        help="1 paints the mean colour, near 0 the most likely one (default: by model and page)",
    )
    add(
        "--adjustment",
        metavar="A",
        type=console.number(-1, 4),
        help="how far the training's preference for rare colours is undone: below 0 is bolder, 0 "
        "vivid, 1 as frequent as in the training, more duller (default: by model and page)",
    )
    add(
        "--hues",
        metavar="N",
        type=console.number(0, 1),
        help="how far rare hues of inked pages are brought up: 0 not at all (most of a page has "
        "that of skin), 1 all are about as frequent (default: 0.3)",
    )
    add(
        "--brightness",
        metavar="B",
        type=console.number(0.25, 4),
        help="how light the colours of inked pages are: 1 as the model says, more is lighter "
        "(default: 1.25)",
    )
    add(
        "--saturation",
        metavar="S",
        type=console.number(0, 10),
        help="multiplies the colours: 0 is grey, 1 what the model says (default)",
    )
    add(
        "--side",
        metavar="N",
        type=console.number(8, 1024, whole=True),
        help="short side in pixels at which the network sees a page (default: by its panels)",
    )
    snap = "settle each area between lines on one colour (default: yes)"
    add("--snap", action=argparse.BooleanOptionalAction, help=snap)
    add(
        "--recolour",
        choices=("grey", "all", "none"),
        help="what to paint of pages that have colours: their grey parts (default), all, nothing",
    )
    add(
        "--domain",
        choices=("auto", "grey", "ink"),
        help="what pages are: grey ones keep their lightness, inked ones take a layer of colours "
        "(default: each is looked at, where the model has learned both)",
    )
    add(
        "--tone",
        metavar="N",
        type=console.number(0, 1),
        help="how much screentone of inked pages stays: 1 all (default), 0 even grey instead",
    )
    add(
        "--hints",
        metavar="FILE",
        type=console.path,
        help="JSON file of colours at places of pages: see docs/painting.md",
    )
    add(
        "--palette",
        metavar="COLOURS",
        help="colours that areas settle on: '#aabbcc,#102030', a GIMP palette or a JSON list",
    )
    add("--book", metavar="FILE", type=console.path, help="colour book of the series")
    add(
        "--reference",
        metavar="FILE",
        type=console.path,
        action="append",
        default=[],
        help="coloured page or character sheet whose colours pages take; may be given again",
    )
    add(
        "--learn",
        action="store_true",
        help="add what --hints and --reference say to the book, which is made if there is none",
    )
    console.add_device(made)
    form = made.add_mutually_exclusive_group()
    form.add_argument("--compare", action="store_true", help="write original beside result")
    form.add_argument("--layer", action="store_true", help="write the colours alone, as a PNG")
    add("--json", action="store_true", help="report each page as a line of JSON")
    add("--overwrite", action="store_true", help="replace results that are there already")
    add("--dry-run", action="store_true", help="say what would be painted, and paint nothing")
    add("--version", action=_Version, nargs=0, help="print the version")
    return made


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        try:
            version = importlib.metadata.version("colorize")
        except importlib.metadata.PackageNotFoundError:
            version = "of a folder that is not installed"
        print(f"colorize {version}")
        parser.exit()


def run(arguments: Sequence[str], root: Path) -> int:
    """Paint.

    Args:
        arguments: of the command line.
        root: of the project whose pipeline made the model.

    Returns:
        The exit status.
    """
    made = parser()
    options = made.parse_args(arguments)
    if options.layers and (options.layer or options.compare):
        made.error("argument --layers: not allowed with argument --layer or --compare")
    if options.learn and options.book is None:
        made.error("argument --learn: it needs --book, the file to write to")
    if options.learn and options.hints is None and not options.reference:
        made.error("argument --learn: it needs --hints or --reference, to learn from")
    if options.dry_run and options.json:
        made.error("argument --dry-run: not allowed with argument --json")
    ending = openraster.SUFFIX if options.layers else ".png" if options.layer else ""
    found = plan(options.inputs, options.layers or options.out, ending=ending)
    if options.hints is not None:
        found = address(found, hints.read(options.hints), options.hints)
    if options.palette is not None:
        from colorize.paint import palette  # needs numpy

        options.palette = palette.parse(options.palette)
    if options.dry_run:
        return _show(found, overwrite=options.overwrite)
    model = registry.locate(options.model, trained=root / registry.TRAINED)
    from colorize.paint import opening  # needs OpenCV

    with opening.begun(
        found.jobs,
        overwrite=options.overwrite,
        recolour=options.recolour or "grey",
        domain=options.domain or "auto",
    ) as begun:
        return _paint(found, options, model, begun)


def _show(found: Plan, *, overwrite: bool) -> int:
    """Say what would be painted."""
    for job in found.jobs:
        kept = is_file(job.target) and not overwrite
        print(f"{shown(job.source)} -> {shown(job.target)}{' (there already)' if kept else ''}")
    for path, reason in found.faults:
        console.say(f"{path}: {reason}")
    if found.left:
        console.say(f"left as they are: {describe(found.left)}")
    return console.FAILED if found.faults else 0


def _paint(
    found: Plan,
    options: argparse.Namespace,
    model: Path,
    begun: Mapping[Path, "Begun"],
) -> int:
    """Paint what is not there yet and report it; some of it is being opened already."""
    # PyTorch takes more than a second to import: a typo need not wait for it.
    with console.importing():
        from colorize.paint.pages import Form
        from colorize.paint.painter import Painter
        from colorize.paint.printing import report
        from colorize.paint.work import count, look, paint_all

    given = {name: getattr(options, name) for name in LOOK if getattr(options, name) is not None}
    digest = registry.digest(model)
    painter = Painter.load(model, device=options.device, **given)
    _open_book(painter, found, options)
    chosen_forms = {Form.COMPARE: options.compare, Form.LAYER: options.layer}
    chosen_forms[Form.LAYERS] = options.layers
    form = next((form for form, chosen in chosen_forms.items() if chosen), Form.PAINTED)
    known = [painter.book.digest] if painter.book else []
    chosen = json.dumps([digest, form, *(getattr(painter, name) for name in LOOK), *known])
    settings = hashlib.sha256(chosen.encode()).hexdigest()
    left, there = look(found, settings=settings, overwrite=options.overwrite)
    kinds: Counter[str] = Counter()
    painting = paint_all(painter, found, left, form=form, settings=settings, begun=begun)
    with closing(painting) as results:
        counted = _counting(results, kinds)
        outcomes = report(there, counted, total=count(left), as_json=options.json)
    if painter.book and kinds["ink"] and not painter.book.speaks_of("ink"):
        console.say(f"inked pages, which take no colours from the colour book: {kinds['ink']}")
    if found.left:
        console.say(f"left as they are: {describe(found.left)}")
    return console.FAILED if outcomes["failed"] else 0


def _counting(results: Iterable["Result"], kinds: Counter[str]) -> Iterator["Result"]:
    """Pass results on, and count as what the pages were painted."""
    for result in results:
        kinds[result.domain] += 1
        yield result


def _open_book(painter: "Painter", found: Plan, options: argparse.Namespace) -> None:
    """Give the painter its colour book, with what this run adds to it."""
    if options.book is None and not options.reference:
        return
    from colorize.paint import learning
    from colorize.paint.colourbook import Book, held

    model = learning.fingerprint(painter.model)
    with held(options.book) if options.learn else nullcontext():
        book = Book(model)
        if options.book is not None and (options.book.exists() or not options.learn):
            book = Book.read(options.book, model=model, bins=len(painter.model.centres))
        for path in options.reference:
            book = book.learned(learning.of_file(painter, path))
        if options.learn:
            book = book.learned(learning.of_jobs(painter, found.jobs))
            book.write(options.book)
    painter.book = book
