"""Decoded pages, of which the newest are kept in memory."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.errors import ImageError
from colorize.imaging.decode import RGB, decode
from colorize.paint import inked
from colorize.paint.memo import Memo
from colorize.paint.opening import MAX_PIXELS, check_sides
from colorize.paint.painter import Painter
from colorize.studio.pictures import LEVELS
from colorize.studio.project import Page, Project

MAX_SHEETS = 4
SHEET_PIXELS = 60_000_000
"""Of decoded pages that are kept in memory; one is always kept."""

MEMO_PIXELS = 4_000_000
"""Of a picture of a page up to which is kept what the page's hints do not change: 60 bytes a
pixel."""


class Detail(NamedTuple):
    """A page at a level of detail.

    Attributes:
        rgb: (h, w, 3) uint8.
        kept: (h, w), true where it keeps its colours.
    """

    rgb: RGB
    kept: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A decoded page.

    Attributes:
        full: the page at its own size.
        small: at the first level of detail.
        kind: as what it is painted, unless the settings say otherwise.
    """

    full: Detail
    small: Detail
    kind: inked.Kind

    @classmethod
    def of(cls, painter: Painter, content: bytes) -> "Sheet":
        """Decode a page's file.

        Raises:
            ImageError: it cannot be read or is too large.
        """
        rgb = check_sides(decode(content, max_pixels=MAX_PIXELS))
        kept = painter.kept(rgb)
        if kept is None:
            kept = np.zeros(rgb.shape[:2], bool)
        full = Detail(rgb, kept)
        return cls(full=full, small=_shrunk(full, LEVELS[0]), kind=painter.domain_of(rgb))

    @property
    def pixels(self) -> int:
        """Of the page."""
        return self.full.kept.size

    def at(self, level: int) -> Detail:
        """Give the page at a level of detail, an index of `LEVELS`."""
        return self.small if level == 0 else _shrunk(self.full, LEVELS[level])

    @property
    def facts(self) -> dict[str, Any]:
        """What a browser is told of it."""
        height, width = self.full.kept.shape
        coloured = bool(self.full.kept.all())
        return {"width": width, "height": height, "coloured": coloured, "domain": self.kind}


class Sheets:
    """Decodes pages; used by one thread, but for `facts` and `forget`.

    Args:
        project: whose pages.
        painter: that tells what a page keeps and is.
    """

    def __init__(self, project: Project, painter: Painter) -> None:
        self._project = project
        self._painter = painter
        self._lock = threading.Lock()
        self._sheets: OrderedDict[str, Sheet] = OrderedDict()
        self._facts: dict[str, dict[str, Any]] = {}
        self._memos: tuple[str, dict[int, Memo]] = ("", {})

    def of(self, page: Page) -> Sheet:
        """Decode a page, or find it decoded.

        Raises:
            ImageError: it cannot be read.
        """
        with self._lock:
            found = self._sheets.get(page.id)
            if found is not None:
                self._sheets.move_to_end(page.id)
                return found
        try:
            made = Sheet.of(self._painter, self._project.content(page))
        except MemoryError:
            raise ImageError("too_large", "not enough memory to read it") from None
        with self._lock:
            self._facts[page.id] = made.facts
            self._sheets[page.id] = made
            total = sum(sheet.pixels for sheet in self._sheets.values())
            while len(self._sheets) > 1 and (
                total > SHEET_PIXELS or len(self._sheets) > MAX_SHEETS
            ):
                total -= self._sheets.popitem(last=False)[1].pixels
        return made

    def memo(self, page: Page, level: int) -> Memo:
        """Give what was found for a page, at the first level and at one more that was asked for.

        It lasts until another page is asked for.

        Args:
            page: that somebody looks at.
            level: of detail at which they do.
        """
        if level and min(self.of(page).pixels, LEVELS[level] or MAX_PIXELS) > MEMO_PIXELS:
            return Memo()
        shown, memos = self._memos
        if shown != page.id:
            memos = {}
        if level not in memos:
            kept = {each: memo for each, memo in memos.items() if 0 in (each, level)}
            memos = {**kept, level: Memo()}
        self._memos = (page.id, memos)
        return memos[level]

    def facts(self, page: Page) -> dict[str, Any]:
        """What is known of a page; nothing before it was decoded."""
        return self._facts.get(page.id, {})

    def forget(self, page: Page) -> None:
        """Drop all that is kept of a page that is gone."""
        with self._lock:
            self._sheets.pop(page.id, None)
            self._facts.pop(page.id, None)
            if self._memos[0] == page.id:
                self._memos = ("", {})


def _shrunk(page: Detail, pixels: int | None) -> Detail:
    """The page with so many pixels at most."""
    if pixels is None or page.kept.size <= pixels:
        return page
    rgb = scaled(page.rgb, (pixels / page.kept.size) ** 0.5)
    mask = np.ascontiguousarray(page.kept).view(np.uint8)
    kept = cv2.resize(mask, rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    return Detail(rgb, kept)


def scaled(rgb: RGB, scale: float) -> RGB:
    """The page (H, W, 3), its sides multiplied by 1 or less."""
    if scale >= 1:
        return rgb
    height, width = rgb.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
