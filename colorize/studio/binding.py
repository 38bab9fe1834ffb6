"""Binds the painted pages of a project as a book."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from colorize import files
from colorize.paint.archive import Archive, Binder
from colorize.studio.project import Page, Project, is_paintable

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of the pages of a book that is made anew, so that the same pages give the same bytes."""


def bind(project: Project, path: Path, paint: Callable[[Page], bytes | None]) -> None:
    """Write a book of all pages.

    Of pages that come from one book, that book is written: painted pages take the place of theirs,
    pages that were removed from the project are left out, and all else is copied. Otherwise a book
    is made of the pages, in their order.

    Args:
        project: whose pages.
        path: of the CBZ file to write.
        paint: gives the bytes of a page's file; none for one that cannot be painted.

    Raises:
        ArchiveError: the copy of the book is damaged.
    """
    source = project.book()
    if source is not None:
        _rebind(project, source, path, paint)
        return
    with files.atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as book:
        for page in project.pages:
            painted = paint(page)
            content = project.content(page) if painted is None else painted
            book.writestr(zipfile.ZipInfo(page.name, EPOCH), content)


def _rebind(
    project: Project, source: Path, path: Path, paint: Callable[[Page], bytes | None]
) -> None:
    """Write a book as `colorize.paint.books` does."""
    pages = {page.member: page for page in project.pages}
    with files.atomic(path) as file, Archive(source) as book:
        binder = Binder(file)
        for number, member in enumerate(book.members):
            page = pages.get(number)
            if page is None and is_paintable(member):
                continue
            content = None if page is None else paint(page)
            if content is None:
                binder.copy(book, member)
            else:
                binder.write(member, content, name=member.entry.name)
        binder.finish(book.comment)
