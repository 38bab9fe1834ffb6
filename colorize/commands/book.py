"""``colorize book FILE``: shows what a colour book holds, and deletes entries."""

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from colorize import files
from colorize.commands import console
from colorize.errors import ImageError, InputError
from colorize.imaging import formats
from colorize.imaging.encode import encode
from colorize.paint.colourbook import Book, held, swatches
from colorize.paint.hints import hexadecimal
from colorize.paint.kinds import shown


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize book", description="Show the entries of a colour book, or delete some."
    )
    made.add_argument("book", metavar="FILE", type=console.path, help="colour book")
    made.add_argument("--out", metavar="PICTURE", type=console.path, help="draw the colours")
    made.add_argument(
        "--delete",
        metavar="N",
        type=console.number(1, 1_000_000, whole=True),
        action="append",
        default=[],
        help="delete entry N, as the table numbers it; may be given again",
    )
    return made


def run(arguments: Sequence[str], root: Path) -> int:
    """Show or change a book.

    Args:
        arguments: of the command line.
        root: not used.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    if options.out is not None and formats.suffix(options.out.name) not in formats.WRITERS:
        known = " or ".join(sorted(formats.WRITERS))
        raise InputError(f"{options.out}: its name must end in {known}")
    with held(options.book) if options.delete and options.book.exists() else nullcontext():
        book = Book.read(options.book)
        for number in sorted(set(options.delete or ()), reverse=True):
            book = book.without(number)
        if options.out is not None:
            _draw(book, options.out)
        if options.delete:  # after all that may fail
            book.write(options.book)
    for number, entry in enumerate(book.entries, 1):
        row = f"{number:4}  {hexadecimal(entry.color)}  L {entry.tone:3.0f}  {entry.kind:4}"
        print(f"{row}  {shown(entry.name)}".rstrip())
    return 0


def _draw(book: Book, out: Path) -> None:
    """Write a picture of a book's colours."""
    try:
        picture = encode(swatches(book.entries), kind=formats.suffix(out.name))
    except ImageError as error:
        raise InputError(f"{out}: {error}") from None
    files.write_bytes(out, picture)
