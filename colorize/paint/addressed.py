"""Gives hints to the pages that they are meant for."""

from collections.abc import Mapping
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
        alone = len(plan.jobs) == 1
        pages = _pages(job, alone=alone)
        if pages is None:  # the book is damaged, which is told when it is painted
            left -= {key for key in left if alone or (key or "").startswith(f"{job.name}/")}
        for page, name in pages or ():
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


def _pages(job: Job, *, alone: bool) -> list[tuple[str, str]] | None:
    """List a job's pages, as it calls them, and the names by which hints may call them.

    Returns:
        None of a book that cannot be opened.
    """
    if not job.is_book:
        return [("", job.name)]
    try:
        with Archive(job.source) as book:
            names = [member.name for member in book.members if member.is_page]
    except ArchiveError:
        return None
    return [(name, name if alone else f"{job.name}/{name}") for name in names]
