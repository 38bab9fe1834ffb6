"""Decoded pages, of which the newest are kept in memory."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.errors import ImageError
from colorize.imaging.decode import RGB, decode
from colorize.paint import inked
from colorize.paint.memo import Memo
from colorize.paint.painter import MAX_PIXELS, Painter, check_sides
from colorize.studio.project import Page, Project

SCREEN_PIXELS = 500_000
"""Pixels of a page as it is shown first: on a laptop a whole page has no more."""

MAX_SHEETS = 4
SHEET_PIXELS = 60_000_000
"""Of decoded pages that are kept in memory; one is always kept."""

MEMO_PIXELS = 4_000_000
"""Of a page up to which is kept, in full size, what its hints do not change: 60 bytes a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A decoded page.

    Attributes:
        rgb: (H, W, 3) uint8.
        kept: (H, W), true where it keeps its colours.
        small: the page at the size of a screen.
        small_kept: the same of that.
        kind: as what it is painted, unless the settings say otherwise.
    """

    rgb: RGB
    kept: NDArray[np.bool_]
    small: RGB
    small_kept: NDArray[np.bool_]
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
        small = shrunk(rgb, SCREEN_PIXELS)
        mask = np.ascontiguousarray(kept).view(np.uint8)
        small_kept = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
        kind = painter.domain_of(rgb)
        return cls(rgb=rgb, kept=kept, small=small, small_kept=small_kept, kind=kind)

    @property
    def facts(self) -> dict[str, Any]:
        """What a browser is told of it."""
        height, width = self.rgb.shape[:2]
        coloured = bool(self.kept.all())
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
        self._memos: tuple[str, dict[bool, Memo]] = ("", {})

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
            total = sum(sheet.rgb.size // 3 for sheet in self._sheets.values())
            while len(self._sheets) > 1 and (
                total > SHEET_PIXELS or len(self._sheets) > MAX_SHEETS
            ):
                total -= self._sheets.popitem(last=False)[1].rgb.size // 3
        return made

    def memo(self, page: Page, *, full: bool) -> Memo:
        """Give what was found for a page, which lasts until another page is asked for.

        Args:
            page: that somebody looks at.
            full: whether at its full size, or at the size of a screen.
        """
        if full and self.of(page).rgb.size // 3 > MEMO_PIXELS:
            return Memo()
        if self._memos[0] != page.id:
            self._memos = (page.id, {False: Memo(), True: Memo()})
        return self._memos[1][full]

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


def shrunk(rgb: RGB, pixels: int) -> RGB:
    """The page (H, W, 3) with so many pixels at most."""
    height, width = rgb.shape[:2]
    return scaled(rgb, min(1.0, (pixels / (height * width)) ** 0.5))


def scaled(rgb: RGB, scale: float) -> RGB:
    """The page (H, W, 3), its sides multiplied by 1 or less."""
    if scale >= 1:
        return rgb
    height, width = rgb.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
