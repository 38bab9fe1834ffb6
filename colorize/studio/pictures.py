"""The pictures of pages that browsers show: in memory, and the small ones on the disk."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from colorize import files
from colorize.studio.project import Page, Project

PICTURE_BYTES = 64_000_000
"""Of encoded pictures that are kept in memory."""

BARE = "0"
"""Version of what shows the page as it was."""


LEVELS: tuple[int | None, ...] = (500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, None)
"""Levels of detail at which a page is shown: its pixels at most; the last is its own size. A page
that fits a laptop's screen has no more pixels than the first, and is painted in a fraction of the
time."""


class Kind(StrEnum):
    """What a picture of a page shows."""

    THUMB = "thumb"
    PAINTED = "painted"
    ORIGINAL = "original"


class View(NamedTuple):
    """A picture of a page that a browser can ask for.

    Attributes:
        kind: what it shows.
        level: of detail, an index of `LEVELS`; 0 of a thumbnail.
    """

    kind: Kind
    level: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind is Kind.THUMB else f"{self.kind}-{self.level}"


THUMB = View(Kind.THUMB)
SCREEN = View(Kind.PAINTED)
"""What is shown first, and painted ahead."""

STORED = (SCREEN, THUMB)

VIEWS: Mapping[str, View] = {
    str(view): view
    for view in (
        THUMB,
        *(View(kind, n) for kind in (Kind.PAINTED, Kind.ORIGINAL) for n in range(len(LEVELS))),
    )
}
"""All views by their names, such as ``thumb`` and ``painted-2``."""


class Picture(NamedTuple):
    """A picture of a page.

    Attributes:
        version: what it depends on, see `Renderer.version`; `BARE` where that is the page alone.
        content: bytes of a JPEG.
    """

    version: str
    content: bytes


class Pictures:
    """Keeps the newest picture of each page and view; several threads may use it.

    Args:
        project: whose pages, and in whose folder.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, View], Picture] = OrderedDict()
        self._stored = _listed(project)

    def stored(self, page: Page, view: View) -> str | None:
        """Version of the picture that is on the disk."""
        return self._stored.get((page.id, view))

    def find(self, page: Page, view: View, version: str) -> Picture | None:
        """Find a picture of a version in memory or on the disk."""
        with self._lock:
            known = self._kept.get((page.id, view))
            if known is not None and known.version == version:
                self._kept.move_to_end((page.id, view))
                return known
        if self.stored(page, view) != version:
            return None
        try:
            content = self._path(page, view, version).read_bytes()
        except OSError:
            with self._lock:
                if self.stored(page, view) == version:  # and not a newer one by now
                    del self._stored[page.id, view]
            return None
        return self.keep(page, view, Picture(version, content))

    def newest(self, page: Page, view: View) -> Picture | None:
        """Give the newest picture in memory."""
        return self._kept.get((page.id, view))

    def keep(self, page: Page, view: View, picture: Picture) -> Picture:
        """Keep a picture in memory, in the place of an older one; the same is given back."""
        with self._lock:
            self._kept.pop((page.id, view), None)
            self._kept[page.id, view] = picture
            total = sum(len(kept.content) for kept in self._kept.values())
            while total > PICTURE_BYTES and len(self._kept) > 1:
                total -= len(self._kept.popitem(last=False)[1].content)
        return picture

    def store(self, page: Page, pictures: Mapping[View, Picture]) -> None:
        """Put pictures on the disk, in the place of older ones."""
        for view, picture in pictures.items():
            before = self.stored(page, view)
            files.write_bytes(self._path(page, view, picture.version), picture.content)
            self._stored[page.id, view] = picture.version
            if before is not None and before != picture.version:
                self._path(page, view, before).unlink(missing_ok=True)

    def forget(self, page: Page) -> None:
        """Drop all pictures of a page that is gone."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == page.id]:
                del self._kept[key]
        for view in STORED:
            self._stored.pop((page.id, view), None)

    def _path(self, page: Page, view: View, version: str) -> Path:
        return self._project.cache / f"{page.id}-{view}-{version}.jpg"


def _listed(project: Project) -> dict[tuple[str, View], str]:
    """Versions of the pictures on the disk."""
    found: dict[tuple[str, View], str] = {}
    for path in project.cache.iterdir():
        page_id, _, rest = path.stem.partition("-")
        view, _, version = rest.rpartition("-")
        known = VIEWS.get(view)
        if project.page(page_id) is not None and known in STORED:
            found[page_id, known] = version
    return found
