"""Paints the pages of a project for the screen and for export.

A page is shown at the size of a screen first, since that takes a fraction of the time, and in full
where somebody looks closer. What is painted depends on the page, its hints and the settings alone:
these give a picture its version, and a picture of the same version is never painted twice.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.errors import ImageError
from colorize.imaging.decode import RGB, decode
from colorize.imaging.encode import encode
from colorize.paint import inked, pages
from colorize.paint.hints import Hint
from colorize.paint.painter import MAX_PIXELS, Painter, check_sides
from colorize.studio.likely import Guess
from colorize.studio.project import Page, Project, Settings, digest, written
from colorize.studio.worker import Busy, Worker

SCREEN_PIXELS = 500_000
"""Pixels of a page as it is shown first."""

THUMB = 240
"""Pixels of the longer side of a thumbnail."""

SHEET_PIXELS = 60_000_000
"""Of decoded pages that are kept in memory; one is always kept."""

MAX_SHEETS = 4
PICTURE_BYTES = 64_000_000
"""Of encoded pictures that are kept in memory."""


BARE = "0"
"""Version of what shows the page as it was."""


class View(StrEnum):
    """Pictures of a page that a browser can ask for."""

    THUMB = "thumb"
    SCREEN = "screen"
    FULL = "full"
    BEFORE_SCREEN = "before-screen"
    BEFORE_FULL = "before-full"


class Form(StrEnum):
    """Files of a page that can be exported."""

    PAINTED = "painted"
    PNG = "png"
    LAYER = "layer"


class Picture(NamedTuple):
    """A picture of a page.

    Attributes:
        version: what it depends on, see `Renderer.version`; `BARE` where that is the page alone.
        content: bytes of a JPEG.
    """

    version: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A decoded page.

    Attributes:
        rgb: (H, W, 3) uint8.
        kept: (H, W), true where it keeps its colours; None where nowhere.
        small: the page at the size of a screen.
        small_kept: the same of that.
        guess: what the network thinks of it, once somebody asked.
    """

    rgb: RGB
    kept: NDArray[np.bool_] | None
    small: RGB
    small_kept: NDArray[np.bool_] | None
    guess: tuple[inked.Kind, Guess] | None = None

    @classmethod
    def of(cls, painter: Painter, content: bytes) -> "Sheet":
        """Decode a page's file.

        Raises:
            ImageError: it cannot be read or is too large.
        """
        rgb = check_sides(decode(content, max_pixels=MAX_PIXELS))
        kept = painter.kept(rgb)
        small = _shrunk(rgb)
        small_kept = None
        if kept is not None:
            size = small.shape[1::-1]
            mask = np.ascontiguousarray(kept).view(np.uint8)
            small_kept = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 0
        return cls(rgb=rgb, kept=kept, small=small, small_kept=small_kept)

    @property
    def is_coloured(self) -> bool:
        """Whether the whole page keeps its colours."""
        return self.kept is not None and bool(self.kept.all())


class Renderer:
    """Gives pictures and files of a project's pages.

    Args:
        project: whose pages.
        painter: of the model to paint with; its options give way to the project's settings.
        model: digest of the model's file.
        tell: is called with a page whose state has changed, from any thread.
    """

    def __init__(
        self, project: Project, painter: Painter, *, model: str, tell: Callable[[Page], None]
    ) -> None:
        self._project = project
        self._base = painter
        self._model = model
        self._tell = tell
        self.worker = Worker()
        self._lock = threading.Lock()
        self._sheets: OrderedDict[str, Sheet] = OrderedDict()
        self._pictures: OrderedDict[tuple[str, View], Picture] = OrderedDict()
        self._cached = _listed(project)
        self._failures: dict[str, str] = {}
        self._facts: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        """Stop painting."""
        self.worker.close()

    def painter(self, settings: Settings) -> Painter:
        """Make a painter of the settings.

        Raises:
            InputError: the model has not learned that domain.
        """
        base = self._base
        return Painter(
            base.model,
            temperature=settings.temperature,
            saturation=settings.saturation,
            side=base.side,
            snap=base.snap,
            recolour=base.recolour,
            domain=settings.domain,
            tone=settings.tone,
        )

    def version(self, page: Page) -> str:
        """What a page's pictures depend on, as a short text."""
        return self._version(self._project.hints(page), self._project.settings)

    def _version(self, hints: tuple[Hint, ...], settings: Settings) -> str:
        return digest(self._model, asdict(settings), [written(hint) for hint in hints])

    def state(self, page: Page) -> dict[str, Any]:
        """Tell a browser of a page."""
        version = self.version(page)
        failure = self._failures.get(page.id, "")
        done = self._cached.get((page.id, View.SCREEN)) == version
        return {
            "id": page.id,
            "name": page.name,
            "version": version,
            "thumb": self._cached.get((page.id, View.THUMB), BARE),
            "state": "failed" if failure else "painted" if done else "waiting",
            "reason": failure,
            "hints": [written(hint) for hint in self._project.hints(page)],
            **self._facts.get(page.id, {}),
        }

    def paint_ahead(self) -> None:
        """Paint what is not painted yet, whenever there is time."""
        for page in self._project.pages:
            if self._cached.get((page.id, View.SCREEN)) != self.version(page):
                try:
                    self._ask(page, View.SCREEN, urgent=False)
                except Busy:
                    return

    def view(self, page: Page, view: View) -> "Future[Picture]":
        """Give a picture of a page, as it is by the time that it is made.

        Raises:
            Busy: too much is asked for.
        """
        ready = self._found(page, view)
        if ready is not None:
            done: Future[Picture] = Future()
            done.set_result(ready)
            return done
        return self._ask(page, view, urgent=True)

    def open(self, page: Page) -> "Future[dict[str, Any]]":
        """Decode a page and tell of it.

        Raises:
            Busy: too much is asked for.
        """

        def work() -> dict[str, Any]:
            self._sheet(page)
            return self.state(page)

        return self.worker.submit((page.id, "open"), work, urgent=True)

    def likely(self, page: Page, x: float, y: float) -> "Future[list[str]]":
        """Give the colours that the network finds likely at a point, as ``#rrggbb``.

        Raises:
            Busy: too much is asked for.
        """

        def work() -> list[str]:
            sheet = self._sheet(page)
            painter = self.painter(self._project.settings)
            domain = painter.domain_of(sheet.rgb)
            if sheet.guess is None or sheet.guess[0] != domain:
                sheet.guess = domain, Guess(painter, sheet.small, domain=domain)
            return [f"#{bytes(color).hex()}" for color in sheet.guess[1].at(x, y)]

        return self.worker.submit((page.id, "likely", x, y), work, urgent=True)

    def export(self, page: Page, form: Form, *, urgent: bool) -> "Future[bytes]":
        """Give the file of a page: the same bytes as the command writes.

        Raises:
            Busy: too much is asked for.
        """
        hints, settings = self._project.hints(page), self._project.settings
        work = partial(self._file, page, form, hints=hints, settings=settings)
        key = (page.id, form, digest(asdict(settings), [written(hint) for hint in hints]))
        return self.worker.submit(key, work, urgent=urgent)

    def forget(self, page: Page) -> None:
        """Drop all that is kept of a page that is gone."""
        with self._lock:
            self._sheets.pop(page.id, None)
            for view in View:
                self._pictures.pop((page.id, view), None)
        for known in (self._failures, self._facts):
            known.pop(page.id, None)
        for view in View:
            self._cached.pop((page.id, view), None)

    def _version_of(self, page: Page, view: View) -> str:
        """Of a view; of the thumbnail the newest there is, the page as it was at worst."""
        if view is View.THUMB:
            return self._cached.get((page.id, view), BARE)
        return BARE if view in (View.BEFORE_SCREEN, View.BEFORE_FULL) else self.version(page)

    def _found(self, page: Page, view: View) -> Picture | None:
        """Find the newest picture in memory or in the cache; None where it is not made yet."""
        version = self._version_of(page, view)
        with self._lock:
            known = self._pictures.get((page.id, view))
            if known is not None and known.version == version:
                self._pictures.move_to_end((page.id, view))
                return known
        if self._cached.get((page.id, view)) != version:
            return None
        try:
            content = _path(self._project, page, view, version).read_bytes()
        except OSError:
            self._cached.pop((page.id, view), None)
            return None
        picture = Picture(version, content)
        self._keep(page, view, picture)
        return picture

    def _ask(self, page: Page, view: View, *, urgent: bool) -> "Future[Picture]":
        return self.worker.submit((page.id, view), partial(self._made, page, view), urgent=urgent)

    def _made(self, page: Page, view: View) -> Picture:
        """Make a picture of a page as it is now."""
        ready = self._found(page, view)
        if ready is not None:
            return ready
        try:
            sheet = self._sheet(page)
            if view in (View.SCREEN, View.FULL):
                return self._painted(page, sheet, view)
            before = sheet.rgb if view is View.BEFORE_FULL else sheet.small
            picture = Picture(BARE, _jpeg(_thumb(before) if view is View.THUMB else before))
        except ImageError as error:
            self._failures[page.id] = str(error)
            self._tell(page)
            raise
        self._keep(page, view, picture)
        return picture

    def _painted(self, page: Page, sheet: Sheet, view: View) -> Picture:
        hints, settings = self._project.hints(page), self._project.settings
        version = self._version(hints, settings)
        painter = self.painter(settings)
        if view is View.FULL:
            painted = painter.paint(sheet.rgb, kept=sheet.kept, hints=hints)
        else:
            # What the page is, ink or grey, is seen on the page itself.
            domain = painter.domain_of(sheet.rgb)
            painter = self.painter(Settings(**{**asdict(settings), "domain": domain}))
            painted = painter.paint(sheet.small, kept=sheet.small_kept, hints=hints)
        picture = Picture(version, _jpeg(painted))
        self._keep(page, view, picture)
        if view is View.SCREEN:
            # After the answer: whoever waits for the picture need not wait for the disk.
            thumb = Picture(version, _jpeg(_thumb(painted)))
            self._keep(page, View.THUMB, thumb)
            key = (page.id, "store")
            work = partial(self._store, page, {View.SCREEN: picture, View.THUMB: thumb})
            self.worker.submit(key, work, urgent=True, pause=False)
        return picture

    def _store(self, page: Page, pictures: dict[View, Picture]) -> None:
        """Put pictures into the cache, in the place of older ones."""
        if self._project.page(page.id) is None:
            return
        for view, picture in pictures.items():
            before = self._cached.get((page.id, view))
            path = _path(self._project, page, view, picture.version)
            files.write_bytes(path, picture.content)
            self._cached[page.id, view] = picture.version
            if before is not None and before != picture.version:
                _path(self._project, page, view, before).unlink(missing_ok=True)
        self._tell(page)

    def _keep(self, page: Page, view: View, picture: Picture) -> None:
        with self._lock:
            self._pictures.pop((page.id, view), None)
            self._pictures[page.id, view] = picture
            total = sum(len(kept.content) for kept in self._pictures.values())
            while total > PICTURE_BYTES and len(self._pictures) > 1:
                total -= len(self._pictures.popitem(last=False)[1].content)

    def _sheet(self, page: Page) -> Sheet:
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
            made = Sheet.of(self._base, self._project.content(page))
        except MemoryError:
            raise ImageError("too_large", "not enough memory to read it") from None
        height, width = made.rgb.shape[:2]
        self._facts[page.id] = {
            "width": width,
            "height": height,
            "coloured": made.is_coloured,
            "domain": self._base.domain_of(made.rgb),
        }
        with self._lock:
            self._sheets[page.id] = made
            total = sum(sheet.rgb.size // 3 for sheet in self._sheets.values())
            while len(self._sheets) > 1 and (
                total > SHEET_PIXELS or len(self._sheets) > MAX_SHEETS
            ):
                total -= self._sheets.popitem(last=False)[1].rgb.size // 3
        return made

    def _file(
        self, page: Page, form: Form, *, hints: tuple[Hint, ...], settings: Settings
    ) -> bytes:
        """Make a file of a page as the command does."""
        content = self._project.content(page)
        given = pages.Page(
            name=page.name,
            original=page.kind,
            kind=page.kind if form is Form.PAINTED else ".png",
            read=lambda: content,
            hints=hints,
        )
        chosen = pages.Form.LAYER if form is Form.LAYER else pages.Form.PAINTED
        (made,) = pages.paint_pages(self.painter(settings), [given], form=chosen)
        if made.outcome is pages.Outcome.FAILED:
            raise ImageError(*made.reason.split(": ", 1))
        return content if made.content is None else made.content


def _path(project: Project, page: Page, view: View, version: str) -> Path:
    return project.cache / f"{page.id}-{view}-{version}.jpg"


def _listed(project: Project) -> dict[tuple[str, View], str]:
    """Versions of the pictures in the cache."""
    found: dict[tuple[str, View], str] = {}
    for path in project.cache.iterdir():
        page_id, _, rest = path.stem.partition("-")
        view, _, version = rest.rpartition("-")
        if project.page(page_id) is not None and view in (View.SCREEN, View.THUMB):
            found[page_id, View(view)] = version
    return found


def _shrunk(rgb: RGB) -> RGB:
    """The page (H, W, 3) with `SCREEN_PIXELS` at most."""
    height, width = rgb.shape[:2]
    scale = (SCREEN_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _thumb(rgb: RGB) -> RGB:
    height, width = rgb.shape[:2]
    scale = min(1.0, THUMB / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(rgb: RGB) -> bytes:
    return encode(rgb, kind=".jpg")
