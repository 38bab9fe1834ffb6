"""Gives hints to the pages that they are meant for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from colorize.errors import ArchiveError, InputError, one_line
from colorize.paint.archive import Archive
from colorize.paint.hints import Hint
from colorize.paint.jobs import Job, Plan


def address(plan: Plan, hints: Mapping[str | None, tuple[Hint, ...]], path: Path) -> Plan:
    """Give each job its hints.

    A hint names a page by its path inside what was given: ``003.png`` for that page, in a folder
    or in a book, ``vol1.cbz/003.png`` for a page of a book in a folder. Where a single page is
    painted, hints need no name.

    Args:
        plan: of the run.
        hints: by page, as `hints.read` gives them.
        path: of their file, for messages.

    Raises:
        InputError: some hints are for no page of the plan.
    """
    single = len(plan.jobs) == 1 and not plan.jobs[0].is_book
    left = set(hints)
    jobs = []
    for job in plan.jobs:
        found: dict[str, tuple[Hint, ...]] = {}
        for page, name in _pages(job, alone=len(plan.jobs) == 1):
            keys = [name, None] if single else [name]
            told = tuple(hint for key in keys for hint in hints.get(key, ()))
            if told:
                found[page] = told
                left.difference_update(keys)
        jobs.append(replace(job, hints=found))
    if left:
        named = sorted(page for page in left if page is not None)
        if named:
            shown = ", ".join(one_line(page, length=60) for page in named[:3])
            more = f" and {len(named) - 3} more" if len(named) > 3 else ""
            raise InputError(f"{path}: there is no such page: {shown}{more}")
        raise InputError(f"{path}: hints must name their pages, where there are several")
    return replace(plan, jobs=jobs)


def _pages(job: Job, *, alone: bool) -> Iterator[tuple[str, str]]:
    """Yield the pages of a job, as it calls them, and the names by which hints may call them."""
    if not job.is_book:
        yield "", job.name
        return
    try:
        with Archive(job.source) as book:
            for member in book.members:
                if member.is_page:
                    yield member.name, member.name if alone else f"{job.name}/{member.name}"
    except ArchiveError:
        return  # it is reported when it is painted
