"""Gives hints to the pages that they are meant for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from colorize.errors import ArchiveError, InputError, one_line
from colorize.paint.archive import Archive
from colorize.paint.hints import Hint
from colorize.paint.jobs import Job, Plan


def address(plan: Plan, hints: Mapping[str | None, tuple[Hint, ...]], path: Path) -> Plan:
    """Give each job its hints.

    A hint names a page by its path inside what was given: ``003.png`` for that page, in a folder
    or in a book, ``vol1.cbz/003.png`` for a page of a book in a folder. Where a single book is
    painted, both forms will do; where a single page is, hints need no name.

    Args:
        plan: of the run.
        hints: by page, as `hints.read` gives them.
        path: of their file, for messages.

    Raises:
        InputError: some hints are for no page of the plan.
    """
    alone = len(plan.jobs) == 1
    single = alone and not plan.jobs[0].is_book
    left = set(hints)
    jobs = []
    for job in plan.jobs:
        found: dict[str, tuple[Hint, ...]] = {}
        pages = _pages(job, alone=alone)
        if pages is None:  # the book is damaged, which is told when it is painted
            left -= {key for key in left if alone or (key or "").startswith(f"{job.name}/")}
        for page, names in pages or ():
            keys = [*names, None] if single else names
            told = tuple(hint for key in keys for hint in hints.get(key, ()))
            if told:
                found[page] = told
                left.difference_update(keys)
        jobs.append(replace(job, hints=found))
    left = {page for page in left if page is None or not _is_at_fault(page, plan.faults)}
    if left:
        named = sorted(page for page in left if page is not None)
        if named:
            shown = ", ".join(one_line(page, length=60) for page in named[:3])
            more = f" and {len(named) - 3} more" if len(named) > 3 else ""
            raise InputError(f"{path}: there is no such page: {shown}{more}")
        raise InputError(f"{path}: hints must name their pages, where there are several")
    return replace(plan, jobs=jobs)


def _is_at_fault(page: str, faults: Sequence[tuple[Path, str]]) -> bool:
    """Tell whether a page, or what it lies in, cannot be read, which is told when others are."""
    place = PurePosixPath(page)
    parts = [place.parts, *(above.parts for above in place.parents if above.parts)]
    return any(fault.parts[-len(some) :] == some for fault, _ in faults for some in parts)


def _pages(job: Job, *, alone: bool) -> list[tuple[str, list[str | None]]] | None:
    """List a job's pages, as it calls them, and the names by which hints may call them.

    Returns:
        None of a book that cannot be opened.
    """
    if not job.is_book:
        return [("", [job.name])]
    try:
        with Archive(job.source) as book:
            names = [member.name for member in book.members if member.is_page]
    except ArchiveError:
        return None
    return [(name, [f"{job.name}/{name}", *([name] if alone else [])]) for name in names]
