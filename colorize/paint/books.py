"""Books of pages: CBZ in, CBZ out, and a run that was killed resumes where it stopped.

Painted pages wait in a hidden folder beside the book to come, ``.NAME.painting``: there they
survive, whatever the folder that the next run is started in, and the last step is a rename within
one file system. The folder belongs to one original, one model and one choice of options; another
one starts anew. A lock in it keeps a second run from the same book.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from colorize import files
from colorize.errors import ArchiveError
from colorize.imaging import formats
from colorize.paint.archive import Archive, Binder, Member
from colorize.paint.hints import as_text
from colorize.paint.jobs import Job, is_file
from colorize.paint.pages import Form, Outcome, Page, Result, paint_pages
from colorize.paint.painter import Painter
from colorize.paint.record import Entry, Record, digest
from colorize.paint.workshop import make_folder, remove

_SETTINGS = "settings"
_BOUND = "book"
_LOCK = "lock"
_NAME_BYTES = 230
"""Of a book's name, up to which that of its hidden folder can hold it."""


def count_pages(path: Path) -> int:
    """Count the pages of a book.

    Raises:
        ArchiveError: it is damaged or hostile.
    """
    with Archive(path) as book:
        return sum(member.is_page for member in book.members)


def paint_book(
    painter: Painter, job: Job, *, form: Form, settings: str, base: Path
) -> Iterator[Result]:
    """Paint one book; the result lies there once the iterator has ended.

    Order and names of the members stay, and so does every member that is no page or that cannot
    be painted. The same original and settings give the same bytes, however often interrupted.

    Args:
        painter: see `paint_pages`.
        job: of a book.
        form: what to write for each page.
        settings: stands for the model and all options; pages that were painted under other ones
            are not used.
        base: folder of all results, where they are recorded.

    Yields:
        A result a page.

    Raises:
        ArchiveError: it is damaged, hostile or without a page, another run paints it, or it has
            changed meanwhile; nothing is written.
    """
    with Archive(job.source) as book:
        pages = [number for number, member in enumerate(book.members) if member.is_page]
        if not pages:
            raise ArchiveError("holds no page")
        with _scratch(job) as scratch:
            source = _prepare(scratch, job, settings)
            placed = False
            result = partial(Result, source=str(job.source), target=str(job.target))
            outcomes: dict[int, Outcome] = {}
            part = partial(_part, scratch, book, job)
            for number in pages:
                if part(number).exists():
                    outcomes[number] = Outcome.PAINTED
            for number in outcomes:
                yield result(page=book.members[number].name, outcome=Outcome.PAINTED)
            left = [number for number in pages if number not in outcomes]
            waiting = (_page(book, book.members[number], job, form=form) for number in left)
            finished = paint_pages(painter, waiting, form=form)
            for number, page in zip(left, finished, strict=True):
                if page.content is not None:
                    files.write_bytes(part(number), page.content)
                    outcomes[number] = Outcome.PAINTED
                else:
                    outcomes[number] = page.outcome
                yield result(
                    page=page.name,
                    target="" if page.outcome is Outcome.FAILED else str(job.target),
                    outcome=page.outcome,
                    reason=page.reason,
                    domain=page.domain,
                )
            failed = sum(outcome is Outcome.FAILED for outcome in outcomes.values())
            if failed < len(pages):
                _bind(book, scratch, outcomes, job, form=form)
                size = (scratch / _BOUND).stat().st_size
                entry = Entry(
                    source=source, settings=settings, size=size, failed=failed, hints=job.told
                )
                placed = _place(scratch, job, entry, base)
        if failed == len(pages):
            raise ArchiveError("has no page that can be painted")
        if not placed:
            raise ArchiveError(
                f"was not replaced at {job.target}: {failed} pages failed, and the book that is "
                "there may be better"
            )


def _page(book: Archive, member: Member, job: Job, *, form: Form) -> Page:
    original = formats.suffix(member.name)
    return Page(
        name=member.name,
        original=original,
        kind=form.ending or original,
        read=partial(book.read, member),
        hints=job.hints.get(member.name, ()),
    )


@contextmanager
def _scratch(job: Job) -> Iterator[Path]:
    """The folder of painted pages, for this run alone; it goes if the block ends well."""
    name = job.target.name
    if len(os.fsencode(name)) > _NAME_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    scratch = job.target.with_name(f".{name}.painting")
    make_folder(scratch)
    lock = FileLock(scratch / _LOCK, timeout=0)
    try:
        lock.acquire()
    except (Timeout, FileNotFoundError):  # the other run ended, and its folder went, at this moment
        raise ArchiveError("is being painted by another run: wait for it, or end it") from None
    try:
        yield scratch
        remove(scratch, lock)
    finally:
        lock.release()


def _prepare(scratch: Path, job: Job, settings: str) -> str:
    """Empty the folder unless it is of the same original and settings; SHA-256 of the original."""
    source = digest(job.source)
    key = f"{source}\n{settings}\n".encode()
    note = scratch / _SETTINGS
    if not note.is_file() or note.read_bytes() != key:
        for path in scratch.iterdir():
            if path.name != _LOCK:
                path.unlink()
        files.write_bytes(note, key)
    return source


def _part(scratch: Path, book: Archive, job: Job, number: int) -> Path:
    """The place of a painted page: another one for other hints, so that only it is painted anew."""
    told = as_text(job.hints.get(book.members[number].name, ()))
    kind = f"-{hashlib.sha256(told.encode()).hexdigest()[:16]}" if told else ""
    return scratch / f"{number:05}{kind}"


def _bind(
    book: Archive, scratch: Path, outcomes: Mapping[int, Outcome], job: Job, *, form: Form
) -> None:
    """Write the book to come into its folder: painted pages, and all else as it was.

    Raises:
        ArchiveError: the original has changed, or a painted page is gone.
    """
    names = [member.name for member in book.members]
    results = formats.renamed(names, form.ending) if form.ending else names
    with (scratch / _BOUND).open("wb") as file:
        binder = Binder(file)
        for number, member in enumerate(book.members):
            part = _part(scratch, book, job, number)
            if part.exists():
                name = _renamed(member, results[number])
                binder.write(member, part.read_bytes(), name=name)
            elif outcomes.get(number) is Outcome.PAINTED:
                raise ArchiveError("lost a painted page to another process; run the command again")
            else:
                binder.copy(book, member)
        binder.finish(book.comment)
        file.flush()
        os.fsync(file.fileno())
    if not book.is_unchanged():
        raise ArchiveError("has changed while it was read; run the command again")


def _renamed(member: Member, name: str) -> bytes:
    """The bytes of a page's name, or of that in another format."""
    raw = member.entry.name
    if name == member.name:
        return raw
    ending = formats.suffix(member.name)
    other = formats.suffix(name)
    if name == f"{member.name}{other}" or not raw.lower().endswith(ending.encode()):
        return raw + other.encode()
    return raw[: -len(ending)] + other.encode()


def _place(scratch: Path, job: Job, entry: Entry, base: Path) -> bool:
    """Put a book in its place, unless one that is there may have more of its pages painted."""
    record = Record(base)
    if entry.failed and is_file(job.target):
        there = record.find(job.target)
        if there is None or there.failed < entry.failed:
            return False
    record.add(job.target, entry)
    (scratch / _BOUND).replace(job.target)
    return True
