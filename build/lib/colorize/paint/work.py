"""All jobs of a run, one after another: what is there is kept, what fails stops nothing else."""

from collections.abc import Iterator, Sequence

from colorize.errors import ArchiveError
from colorize.paint.books import count_pages, paint_book
from colorize.paint.jobs import Job
from colorize.paint.pages import Form, Outcome, Result, paint_files
from colorize.paint.painter import Painter


def count(jobs: Sequence[Job]) -> int:
    """Count the pages of jobs; a book that cannot be opened counts for one."""
    return sum(_count(job) for job in jobs)


def _count(job: Job) -> int:
    try:
        return count_pages(job.source) if job.is_book else 1
    except ArchiveError:
        return 1


def paint_all(
    painter: Painter, jobs: Sequence[Job], *, form: Form, settings: str
) -> Iterator[Result]:
    """Paint pages, then books.

    Args:
        painter: see `pages.paint_pages`.
        jobs: whose targets, where they exist, are replaced.
        form: what to write for each page.
        settings: see `books.paint_book`.

    Yields:
        A result for each page, and one for each book that cannot be painted.
    """
    yield from paint_files(painter, [job for job in jobs if not job.is_book], form=form)
    for job in jobs:
        if job.is_book:
            try:
                yield from paint_book(painter, job, form=form, settings=settings)
            except ArchiveError as error:
                yield Result(
                    source=str(job.source),
                    target=str(job.target),
                    outcome=Outcome.FAILED,
                    reason=str(error),
                )
