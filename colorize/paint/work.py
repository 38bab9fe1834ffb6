"""Runs all jobs one after another: keeps existing results, continues after failures."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from colorize.errors import ArchiveError
from colorize.paint.books import count_pages, paint_book
from colorize.paint.jobs import Job, Plan, is_file
from colorize.paint.opening import Begun
from colorize.paint.pages import DISK, Form, Outcome, Result, paint_files
from colorize.paint.painter import Painter
from colorize.paint.record import Record, digest
from colorize.paint.workshop import sweep

SAME = "painted before with the same model and options"
OTHER = "painted before with another model or other options"
CHANGED = "painted before, and the original has changed since"
UNKNOWN = "there already, and not known to be painted by this command"


def count(jobs: Sequence[Job]) -> int:
    """Count the pages of jobs; a book that cannot be opened counts for one."""
    return sum(_count(job) for job in jobs)


def _count(job: Job) -> int:
    try:
        return count_pages(job.source) if job.is_book else 1
    except ArchiveError:
        return 1


def look(plan: Plan, *, settings: str, overwrite: bool = False) -> tuple[list[Job], list[Result]]:
    """Separate the jobs that are to be painted from the results that exist.

    A book with failed pages is painted again when its original, the model or the options differ.
    What the artist asks for is what changes from run to run: a result that was painted with other
    hints is painted again, unless its original has changed.

    Args:
        plan: of the run.
        settings: stands for the model and all options.
        overwrite: whether results that are there are replaced.

    Returns:
        Jobs that are left, and a result for each of the others and for each fault of the plan.
    """
    record = Record(plan.base)
    left: list[Job] = []
    there = [
        Result(source=str(path), target="", outcome=Outcome.FAILED, reason=reason)
        for path, reason in plan.faults
    ]
    for job in plan.jobs:
        result = None if overwrite else _kept(job, record, settings)
        if result is None:
            left.append(job)
        else:
            there.append(result)
    return left, there


def _kept(job: Job, record: Record, settings: str) -> Result | None:
    """What there is to say of a result that stays; none where there is none, or a better may be."""
    if not is_file(job.target):
        return None
    entry = record.find(job.target)
    reason, outcome = UNKNOWN, Outcome.KEPT
    if entry is not None:
        try:
            changed = digest(job.source) != entry.source
        except OSError as error:
            changed, outcome = True, Outcome.FAILED
            reason = f"unreadable: {error.strerror}; the result that is there stays"
        else:
            reason = CHANGED if changed else OTHER if entry.settings != settings else SAME
        if not changed and entry.hints != job.told:
            return None
        if entry.failed and outcome is Outcome.KEPT:
            if reason is not SAME:
                return None
            outcome = Outcome.FAILED
            reason = f"{entry.failed} of its pages failed before; --overwrite tries them again"
    return Result(source=str(job.source), target=str(job.target), outcome=outcome, reason=reason)


def paint_all(
    painter: Painter,
    plan: Plan,
    jobs: Sequence[Job],
    *,
    form: Form,
    settings: str,
    begun: Mapping[Path, Begun] | None = None,
) -> Generator[Result, None, None]:
    """Paint pages, then books.

    Args:
        painter: see `pages.paint_pages`.
        plan: of the run.
        jobs: those of it that are left; their targets, where they exist, are replaced.
        form: what to write for each page.
        settings: see `books.paint_book`.
        begun: see `pages.paint_files`.

    Yields:
        A result for each page, and one for each book that cannot be painted.

    Raises:
        OSError: the disk is full or fails; all that was painted stays.
    """
    sweep(plan.base)
    pages = [job for job in jobs if not job.is_book]
    yield from paint_files(
        painter, pages, form=form, base=plan.base, settings=settings, begun=begun
    )
    for job in jobs:
        if job.is_book:
            reason = ""
            try:
                yield from paint_book(painter, job, form=form, settings=settings, base=plan.base)
            except ArchiveError as error:
                reason = str(error)
            except OSError as error:
                if error.errno in DISK:
                    raise
                reason = f"unwritable: {error.strerror}: {error.filename}"
            if reason:
                yield Result(
                    source=str(job.source),
                    target=str(job.target) if is_file(job.target) else "",
                    outcome=Outcome.FAILED,
                    reason=reason,
                )
