"""Paints the pages of a project for the screen and for export.

A page is shown at the first level of detail first, since that takes a fraction of the time, and
then at the level that the screen can show, which is the page's own size where somebody looks
closely. What is painted depends on the page, its hints, the settings and the project's colours
alone: these give a picture its version, and a picture of the same version is never painted twice.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from itertools import count
from typing import Any

from colorize.errors import ColorizeError, InputError
from colorize.imaging.decode import RGB, decode
from colorize.imaging.encode import encode
from colorize.paint import inked, learning
from colorize.paint.colourbook import Entry
from colorize.paint.hints import Hint
from colorize.paint.memo import Memo
from colorize.paint.opening import MAX_PIXELS
from colorize.paint.painter import Painter
from colorize.studio.colours import Colours, Held
from colorize.studio.filing import Form, file_of
from colorize.studio.likely import Guess
from colorize.studio.pictures import BARE, SCREEN, THUMB, Kind, Picture, Pictures, View
from colorize.studio.project import Page, Project, Settings, digest, written
from colorize.studio.sheets import Sheet, Sheets, scaled
from colorize.studio.worker import Busy, Worker

THUMB_SIDE = 240
"""Pixels of the longer side of a thumbnail."""


class Renderer:
    """Gives pictures and files of a project's pages.

    Args:
        project: whose pages.
        colours: of the project.
        painter: of the model to paint with; its options give way to the project's settings.
        model: digest of the model's file.
        tell: is called with a page whose state has changed, from any thread.
    """

    def __init__(
        self,
        project: Project,
        colours: Colours,
        painter: Painter,
        *,
        model: str,
        tell: Callable[[Page], None],
    ) -> None:
        self._project = project
        self._colours = colours
        self._base = painter
        self._model = model
        self._tell = tell
        self.worker = Worker()
        self._sheets = Sheets(project, painter)
        self._pictures = Pictures(project)
        self._failures: dict[str, str] = {}
        self._clock = count(time.time_ns() // 1_000_000)  # a server that is started anew is later
        self._shown = ""

    def close(self) -> None:
        """Stop painting."""
        self.worker.close()

    def painter(self, settings: Settings, kind: inked.Kind | None = None) -> Painter:
        """Make a painter of settings and of the project's colours.

        Args:
            settings: of all pages.
            kind: of the page where the settings leave it open.

        Raises:
            InputError: the model has not learned that domain.
        """
        return self._painter(settings, self._colours.held, kind)

    def _painter(self, settings: Settings, held: Held, kind: inked.Kind | None = None) -> Painter:
        base = self._base
        made = Painter(
            base.model,
            temperature=settings.temperature,
            adjustment=settings.adjustment,
            hues=base.hues if settings.hues is None else settings.hues,
            brightness=base.brightness if settings.brightness is None else settings.brightness,
            saturation=settings.saturation,
            side=base.side,
            snap=base.snap,
            recolour=base.recolour,
            domain=kind if kind is not None and settings.domain == "auto" else settings.domain,
            tone=settings.tone,
            palette=held.palette,
        )
        if settings.book and held.book.entries:
            made.book = held.book
        return made

    def version(self, page: Page) -> str:
        """What a page's pictures depend on, as a short text."""
        return self._version(*self._asked(page))

    def revision(self, page: Page) -> str:
        """What a page's hints are, as a short text: who changes them has to know the newest."""
        return digest([written(hint) for hint in self._project.hints(page)])

    def _asked(self, page: Page) -> tuple[tuple[Hint, ...], Settings, Held]:
        """What is asked for of a page now; others may change it at any time."""
        return self._project.hints(page), self._project.settings, self._colours.held

    def _version(self, hints: tuple[Hint, ...], settings: Settings, held: Held) -> str:
        book = held.digest if settings.book else ""
        told = [written(hint) for hint in hints]
        return digest(self._model, asdict(settings), told, held.palette, book)

    def state(self, page: Page) -> dict[str, Any]:
        """Tell a browser of a page."""
        at = next(self._clock)  # before anything is read: what has a later number is no older
        version = self.version(page)
        failure = self._failures.get(page.id, "")
        done = self._pictures.stored(page, SCREEN) == version
        return {
            "at": at,
            "id": page.id,
            "name": page.name,
            "version": version,
            "revision": self.revision(page),
            "thumb": self._pictures.stored(page, THUMB) or BARE,
            "state": "failed" if failure else "painted" if done else "waiting",
            "reason": failure,
            "hints": [written(hint) for hint in self._project.hints(page)],
            **self._sheets.facts(page),
        }

    def paint_ahead(self) -> None:
        """Paint what is not painted yet, whenever there is time."""
        for page in self._project.pages:
            if self._pictures.stored(page, SCREEN) != self.version(page):
                try:
                    self._ask(page, SCREEN, urgent=False)
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
        """Decode a page and tell of it, and then find out what its next hint does not change.

        Raises:
            Busy: too much is asked for.
        """

        def work() -> dict[str, Any]:
            self._sheets.of(page)
            with suppress(Busy):
                key = (page.id, "prepare")
                self.worker.submit(key, partial(self._prepare, page), urgent=True, pause=False)
            return self.state(page)

        self._shown = page.id
        return self.worker.submit((page.id, "open"), work, urgent=True)

    def likely(self, page: Page, x: float, y: float) -> "Future[list[str]]":
        """Give the colours that the network finds likely at a point, as ``#rrggbb``.

        Raises:
            Busy: too much is asked for.
        """

        def work() -> list[str]:
            guess = self._guess(page)
            return [f"#{bytes(color).hex()}" for color in guess.at(x, y)]

        return self.worker.submit((page.id, "likely", x, y), work, urgent=True)

    def learn(self, page: Page, hint: Hint, name: str) -> "Future[Entry]":
        """Learn what the region of a hint looks like, for the colour book.

        Args:
            page: whose region.
            hint: at a place of it, beside the page's other hints, which may divide the region.
            name: of what is there.

        Returns:
            A future of the entry. It raises `InputError` where nothing can be learned.

        Raises:
            Busy: too much is asked for.
        """
        others = [held for held in self._project.hints(page) if held[:2] != hint[:2]]

        def work() -> Entry:
            painter = self.painter(self._project.settings)
            rgb = self._sheets.of(page).full.rgb
            place = f" {hint.x:.6g} {hint.y:.6g}"
            for entry in learning.of_hints(painter, rgb, [*others, hint], name=name):
                if entry.key.endswith(place):
                    return entry
            raise InputError("this place is too small to be known again on another page")

        return self.worker.submit((page.id, "learn", hint, name), work, urgent=True)

    def export(self, page: Page, form: Form, *, urgent: bool) -> "Future[bytes]":
        """Give the file of a page: the same bytes as the command writes.

        Raises:
            Busy: too much is asked for.
        """
        hints, settings, held = self._asked(page)
        painter = self._painter(settings, held)
        work = partial(file_of, self._project, page, form, painter=painter, hints=hints)
        key = (page.id, form, self._version(hints, settings, held))
        return self.worker.submit(key, work, urgent=urgent)

    def forget(self, page: Page) -> None:
        """Drop all that is kept of a page that is gone."""
        self._sheets.forget(page)
        self._pictures.forget(page)
        self._failures.pop(page.id, None)

    def _found(self, page: Page, view: View) -> Picture | None:
        """Find the newest picture; of the thumbnail the newest there is."""
        if view.kind is Kind.THUMB:
            version = self._pictures.stored(page, view) or BARE
        else:
            version = self.version(page) if view.kind is Kind.PAINTED else BARE
        return self._pictures.find(page, view, version)

    def _ask(self, page: Page, view: View, *, urgent: bool) -> "Future[Picture]":
        work = partial(self._made, page, view, ahead=not urgent)
        return self.worker.submit((page.id, view), work, urgent=urgent)

    def _made(self, page: Page, view: View, *, ahead: bool) -> Picture:
        """Make a picture of a page as it is now.

        Raises:
            LookupError: the page was removed.
        """
        if self._project.page(page.id) is None:
            raise LookupError
        picture = self._found(page, view)
        if picture is None:
            try:
                picture = self._pictures.keep(page, view, self._new(page, view, ahead=ahead))
            except ColorizeError as error:
                if view.level == 0:  # without a closer look a page can still be worked on
                    self._failures[page.id] = str(error)
                    self._tell(page)
                raise
        if view == SCREEN:
            if self._failures.pop(page.id, ""):
                self._tell(page)
            if self._pictures.stored(page, view) != picture.version:
                # After the answer: whoever waits for the picture need not wait for the disk.
                with suppress(Busy):
                    work = partial(self._store, page)
                    self.worker.submit((page.id, "store"), work, urgent=True, pause=False)
        return picture

    def _new(self, page: Page, view: View, *, ahead: bool) -> Picture:
        sheet = self._sheets.of(page)
        if view.kind is Kind.PAINTED:
            memo = Memo() if ahead else self._sheets.memo(page, view.level)
            return self._painted(page, sheet, view, memo)
        before = sheet.at(view.level).rgb
        return Picture(BARE, _jpeg(_thumb(before) if view.kind is Kind.THUMB else before))

    def _painted(self, page: Page, sheet: Sheet, view: View, memo: Memo) -> Picture:
        hints, settings, held = self._asked(page)
        version = self._version(hints, settings, held)
        painter = self._painter(settings, held, sheet.kind)
        rgb, kept = sheet.at(view.level)
        painted = painter.paint(rgb, kept=kept, hints=hints, memo=memo)
        return Picture(version, _jpeg(painted))

    def _store(self, page: Page) -> None:
        """Put the newest picture of a page on the disk, and its thumbnail."""
        picture = self._pictures.newest(page, SCREEN)
        if picture is None or self._project.page(page.id) is None:
            return
        if picture.version != self.version(page):
            with suppress(Busy):  # what is asked for has changed, and nobody may ask for the page
                self._ask(page, SCREEN, urgent=False)
            return
        small = _thumb(decode(picture.content, max_pixels=MAX_PIXELS))
        thumb = self._pictures.keep(page, THUMB, Picture(picture.version, _jpeg(small)))
        self._pictures.store(page, {SCREEN: picture, THUMB: thumb})
        self._tell(page)

    def _prepare(self, page: Page) -> None:
        """Find out what no hint changes of a page that is still shown."""
        if page.id != self._shown or self._project.page(page.id) is None:
            return
        sheet = self._sheets.of(page)
        painter = self.painter(self._project.settings, sheet.kind)
        memo = self._sheets.memo(page, 0)
        painter.paint(sheet.small.rgb, kept=sheet.small.kept, memo=memo)
        self._guess(page).at(0, 0)

    def _guess(self, page: Page) -> Guess:
        sheet, memo = self._sheets.of(page), self._sheets.memo(page, 0)
        painter = self.painter(self._project.settings, sheet.kind)
        kind = painter.domain_of(sheet.small.rgb)
        key = (kind, painter.decoding_of(kind), painter.hues, painter.brightness)
        make = partial(Guess, painter, sheet.small.rgb, domain=kind, memo=memo)
        return memo.of("guess", key, make)


def _thumb(rgb: RGB) -> RGB:
    return scaled(rgb, THUMB_SIDE / max(rgb.shape[:2]))


def _jpeg(rgb: RGB) -> bytes:
    return encode(rgb, kind=".jpg")
