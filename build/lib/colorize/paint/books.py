"""Books of pages: CBZ in, CBZ out, and a run that was killed goes on where it stopped.

Painted pages wait in a hidden folder beside the book to come, ``.NAME.painting``: there they
survive, whatever the folder that the next run is started in, and the last step is a rename within
one file system. The folder belongs to one original, one model and one choice of options; another
one starts anew.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from colorize import files
from colorize.errors import ArchiveError
from colorize.imaging import formats
from colorize.paint.archive import Archive
from colorize.paint.jobs import Job
from colorize.paint.pages import Form, Outcome, Page, Result, paint_pages
from colorize.paint.painter import Painter

_SETTINGS = "settings"
_BOUND = "book"


def count_pages(path: Path) -> int:
    """Count the pages of a book.

    Raises:
        ArchiveError: it is damaged or hostile.
    """
    with Archive(path) as book:
        return sum(formats.is_page(member.filename) for member in book.members)


def paint_book(painter: Painter, job: Job, *, form: Form, settings: str) -> Iterator[Result]:
    """Paint one book; the result lies there once the iterator has ended.

    Order and names of the members stay, and so does every member that is no page or that cannot
    be painted. The same original and settings give the same bytes, however often interrupted.

    Args:
        painter: see `paint_pages`.
        job: of a book.
        form: what to write for each page.
        settings: stands for the model and all options; pages that were painted under other ones
            are not used.

    Yields:
        A result a page.

    Raises:
        ArchiveError: it is damaged, hostile or without a page; nothing is written.
    """
    with Archive(job.source) as book:
        names = [member.filename for member in book.members]
        pages = [number for number, name in enumerate(names) if formats.is_page(name)]
        if not pages:
            raise ArchiveError(f"{job.source} holds no page")
        scratch = _scratch(job, settings)
        result = partial(Result, source=str(job.source), target=str(job.target))
        left = [number for number in pages if not _part(scratch, number).exists()]
        for number in sorted(set(pages) - set(left)):
            yield result(page=names[number], outcome=Outcome.PAINTED)
        waiting = (_page(book, book.members[number], form=form) for number in left)
        finished = paint_pages(painter, waiting, form=form)
        for number, page in zip(left, finished, strict=True):
            if page.content is not None:
                files.write_bytes(_part(scratch, number), page.content)
            yield result(page=page.name, outcome=page.outcome, reason=page.reason)
        _bind(book, scratch, form=form)
        (scratch / _BOUND).replace(job.target)
        shutil.rmtree(scratch)


def _page(book: Archive, member: zipfile.ZipInfo, *, form: Form) -> Page:
    original = formats.suffix(member.filename)
    return Page(
        name=member.filename,
        original=original,
        kind=".png" if form is Form.LAYER else original,
        read=partial(book.read, member),
    )


def _scratch(job: Job, settings: str) -> Path:
    """The folder of painted pages, empty unless it is of the same original and settings."""
    with job.source.open("rb") as file:
        source = hashlib.file_digest(file, "sha256").hexdigest()
    scratch = job.target.with_name(f".{job.target.name}.painting")
    key = f"{source}\n{settings}\n".encode()
    note = scratch / _SETTINGS
    if not note.is_file() or note.read_bytes() != key:
        if scratch.exists():
            shutil.rmtree(scratch)
        files.write_bytes(note, key)
    return scratch


def _part(scratch: Path, number: int) -> Path:
    return scratch / f"{number:05}"


def _bind(book: Archive, scratch: Path, *, form: Form) -> None:
    """Write the book to come into its folder: painted pages, and all else as it was."""
    names = [member.filename for member in book.members]
    if form is Form.LAYER:
        names = formats.layer_names(names)
    with files.atomic(scratch / _BOUND) as file, zipfile.ZipFile(file, "w") as bound:
        bound.comment = book.comment
        for number, (member, name) in enumerate(zip(book.members, names, strict=True)):
            part = _part(scratch, number)
            painted = part.exists()
            info = zipfile.ZipInfo(name if painted else member.filename, member.date_time)
            info.external_attr = member.external_attr
            info.compress_type = zipfile.ZIP_STORED if painted else member.compress_type
            bound.writestr(info, part.read_bytes() if painted else book.salvage(member))
