"""The work of one studio: pages, hints and settings, in a folder that is always up to date.

Everything is in files that are whole or absent, so a browser that is closed or a server that is
killed loses nothing that it had answered for:

- ``project.json``: the pages in their order, and the settings;
- ``hints.json``: the hints, as `colorize.paint.hints` reads them;
- ``sources/``: copies of the pages and books, under names that the studio gives;
- ``cache/``: pictures that are shown, which may be deleted at any time.

Names of pages come from others. They are text to show and to compare, never a path.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from colorize import files
from colorize.errors import ArchiveError, ImageError, InputError
from colorize.imaging import formats
from colorize.imaging.decode import probe, read
from colorize.paint import hints as hint_files
from colorize.paint import inked
from colorize.paint.archive import Archive, Member
from colorize.paint.hints import MAX_HINTS, MAX_PAGE_HINTS, MAX_RADIUS, RADIUS, Hint
from colorize.paint.opening import MAX_BYTES, MAX_PIXELS

MAX_PAGES = 10_000
"""Of a project, as of a book."""

MAX_NAME = 200
"""Letters of a page's name."""

DIGITS = 5
"""Decimal places of a hint's position: a fiftieth of a pixel on a page of 2000."""

FORMAT = 1

_ID = re.compile(r"[0-9a-f]{16}")
_SOURCE = re.compile(r"[0-9a-f]{16}\.[a-z0-9]{2,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the project.

    Attributes:
        id: that the studio gave it, 16 hexadecimal digits.
        name: by which people and the file of hints know it; no other page has it.
        source: name of the file in ``sources/`` that holds it.
        member: its number in that book; None where the file is the page.
    """

    id: str
    name: str
    source: str
    member: int | None = None

    @property
    def kind(self) -> str:
        """Suffix of its format, with the dot."""
        return formats.suffix(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How all pages are painted: the options of the command of the same names.

    Attributes:
        temperature: 0.01 to 1; None for the model's own.
        adjustment: -1 to 4; None for the model's own.
        hues: of inked pages, 0 to 1; None for that of the painter.
        brightness: of inked pages, 0.25 to 4; None for that of the painter.
        saturation: 0 to 10.
        tone: share of the screentone that stays, 0 to 1.
        domain: what pages are.
        book: whether the project's colour book is used.
    """

    temperature: float | None = None
    adjustment: float | None = None
    hues: float | None = None
    brightness: float | None = None
    saturation: float = 1.0
    tone: float = 1.0
    domain: inked.Choice = "auto"
    book: bool = True

    @classmethod
    def of(cls, found: object) -> Self:
        """Check what a browser or a file says.

        Raises:
            InputError: it is none of this.
        """
        if not isinstance(found, dict) or not set(found) <= set(cls.__slots__):
            raise InputError(f"settings are an object of {', '.join(cls.__slots__)}")
        if found.get("domain", "auto") not in inked.CHOICES:
            raise InputError(f"domain is one of {', '.join(inked.CHOICES)}")
        if not isinstance(found.get("book", True), bool):
            raise InputError("book is true or false")
        for name, (low, high) in _LIMITS.items():
            if name in found and (found[name] is not None or name not in _OWN):
                _number(found[name], low, high, name)
        return cls(**found)


_LIMITS = {
    "temperature": (0.01, 1.0),
    "adjustment": (-1.0, 4.0),
    "hues": (0.0, 1.0),
    "brightness": (0.25, 4.0),
    "saturation": (0.0, 10.0),
    "tone": (0.0, 1.0),
}
_OWN = ("temperature", "adjustment", "hues", "brightness")
"""Settings that the model or its painter has values of its own for."""


class Project:
    """Pages, hints and settings; every change is on the disk when its method returns.

    Several threads may read it; one at a time changes it.

    Args:
        folder: of the project; it is made where there is none.

    Raises:
        InputError: what is in the folder is no project, or its hints are malformed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = folder / "sources"
        self.cache = folder / "cache"
        self.exports = folder / "exports"
        for path in (folder, self.sources, self.cache):
            path.mkdir(parents=True, exist_ok=True)
            files.sweep(path)
        files.sweep(self.exports)
        self._lock = threading.RLock()
        self._pages: dict[str, Page] = {}
        self._hints: dict[str, tuple[Hint, ...]] = {}
        self._settings = Settings()
        self._opened: list[str] = []
        self._load()

    @property
    def hints_file(self) -> Path:
        """The file of hints, as the command reads it."""
        return self.folder / "hints.json"

    @property
    def pages(self) -> list[Page]:
        """All pages in their order."""
        return list(self._pages.values())

    @property
    def settings(self) -> Settings:
        """How pages are painted."""
        return self._settings

    def page(self, page_id: str) -> Page | None:
        """Find a page; None where there is none of that id."""
        return self._pages.get(page_id)

    def hints(self, page: Page) -> tuple[Hint, ...]:
        """Hints of a page."""
        return self._hints.get(page.name, ())

    def content(self, page: Page) -> bytes:
        """Read the bytes of a page's file.

        Raises:
            ImageError: they cannot be read.
        """
        path = self.sources / page.source
        if page.member is None:
            return read(path, max_bytes=MAX_BYTES)
        try:
            with Archive(path) as book:
                return book.read(book.members[page.member])
        except (ArchiveError, IndexError) as error:
            raise ImageError("unreadable", f"its book {error}") from None

    def book(self) -> Path | None:
        """The book that all pages come from; None where they do not come from one."""
        found = {page.source for page in self.pages if page.member is not None}
        if len(found) != 1 or any(page.member is None for page in self.pages):
            return None
        return self.sources / found.pop()

    def set_settings(self, settings: Settings) -> None:
        """Paint all pages by other settings."""
        with self._lock:
            self._settings = settings
            self._save()

    def set_hints(self, page: Page, hints: Sequence[Hint]) -> None:
        """Give a page other hints in the place of its own.

        Raises:
            InputError: the project has more hints than a file of hints may hold.
        """
        with self._lock:
            changed = {**self._hints, page.name: tuple(hints)}
            if not hints:
                del changed[page.name]
            content = self._listed_hints(changed)
            if sum(map(len, changed.values())) > MAX_HINTS or len(content) > hint_files.MAX_BYTES:
                raise InputError(f"a project has {MAX_HINTS} hints at most")
            files.write_bytes(self.hints_file, content)
            self._hints = changed

    def add_page(self, name: str, content: bytes) -> Page:
        """Add a page by the bytes of its file.

        Args:
            name: of the file; what leads to it, as ``chapter/003.png``, is part of the name.
            content: of the file.

        Raises:
            ImageError: it is no picture that can be painted.
            InputError: there are too many pages.
        """
        name = label(name)
        suffix = formats.suffix(name)
        if suffix not in formats.WRITERS:
            raise ImageError("unreadable", f"{suffix or 'a name without a suffix'} is no page")
        if len(content) > MAX_BYTES:
            raise ImageError("too_many_bytes", f"more than {MAX_BYTES} bytes")
        probe(content, max_pixels=MAX_PIXELS)
        with self._lock:
            self._check_room(1)
            source = f"{secrets.token_hex(8)}{suffix}"
            files.write_bytes(self.sources / source, content)
            page = Page(id=secrets.token_hex(8), name=self._free(name), source=source)
            self._pages[page.id] = page
            self._save()
            return page

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Give a place for the bytes of a book that is on its way; what stays there is removed."""
        path = self.sources / f".{secrets.token_hex(8)}.{secrets.token_hex(4)}.part"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def add_book(self, name: str, path: Path) -> list[Page]:
        """Add all pages of a book.

        Args:
            name: of the book.
            path: of its file, made by `incoming`; it is moved.

        Raises:
            ArchiveError: it is damaged, hostile or without a page.
            InputError: there are too many pages.
        """
        with Archive(path) as book:
            members = [(n, m) for n, m in enumerate(book.members) if is_paintable(m)]
        if not members:
            raise ArchiveError("holds no page that can be painted")
        with self._lock:
            self._check_room(len(members))
            source = f"{secrets.token_hex(8)}.cbz"
            path.replace(self.sources / source)
            added = []
            for number, member in members:
                free = self._free(_short(f"{label(name)}/{label(member.name)}"))
                page = Page(id=secrets.token_hex(8), name=free, source=source, member=number)
                self._pages[page.id] = page
                added.append(page)
            self._save()
            return added

    def add_file(self, path: Path, name: str) -> list[Page]:
        """Add a page or a book that lies on the disk, unless that was done before; it is copied.

        Raises:
            ImageError: it is no picture that can be painted.
            ArchiveError: it is no book that can be painted.
            InputError: there are too many pages.
        """
        place = os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")
        if place in self._opened:
            return []
        if formats.is_page(name):
            added = [self.add_page(name, read(path, max_bytes=MAX_BYTES))]
        else:
            with self.incoming() as copy:
                try:
                    shutil.copyfile(path, copy)
                except OSError as error:
                    raise ArchiveError(f"cannot be read: {error.strerror}") from None
                added = self.add_book(name, copy)
        with self._lock:
            self._opened.append(place)
            self._save()
        return added

    def remove(self, pages: Iterable[Page]) -> None:
        """Remove pages with their hints; the files that they came from are not touched."""
        with self._lock:
            for page in pages:
                self._pages.pop(page.id, None)
                self._hints.pop(page.name, None)
            if not self._pages:
                self._opened.clear()
            self._save()
            self._save_hints()
            self._tidy()

    def _check_room(self, more: int) -> None:
        if len(self._pages) + more > MAX_PAGES:
            raise InputError(f"a project has {MAX_PAGES} pages at most")

    def _free(self, name: str) -> str:
        """A name that no page has: of a second ``003.png``, ``003 (2).png``."""
        taken = {page.name for page in self._pages.values()}
        ending = formats.suffix(name)
        stem = name[: len(name) - len(ending)]
        tails = (f" ({number}){ending}" for number in range(2, len(taken) + 3))
        ways = (f"{_short(stem, MAX_NAME - len(tail))}{tail}" for tail in tails)
        return next(way for way in (name, *ways) if way not in taken)

    def _save(self) -> None:
        content = {
            "format": FORMAT,
            "settings": asdict(self._settings),
            "opened": self._opened,
            "pages": [asdict(page) for page in self._pages.values()],
        }
        files.write_bytes(self.folder / "project.json", _json(content, indent=1) + b"\n")

    def _save_hints(self) -> None:
        files.write_bytes(self.hints_file, self._listed_hints(self._hints))

    def _listed_hints(self, hints: Mapping[str, Sequence[Hint]]) -> bytes:
        """Write hints as their file has them, a line each, in the order of the pages."""
        order = {page.name: number for number, page in enumerate(self.pages)}
        names = sorted(hints, key=lambda name: order.get(name, len(order)))
        lines = [_json({"page": name, **written(h)}) for name in names for h in hints[name]]
        return b'{"hints": [\n' + b",\n".join(lines) + b"\n]}\n"

    def _load(self) -> None:
        path = self.folder / "project.json"
        if path.exists():
            try:
                found = json.loads(path.read_bytes())
                if found["format"] != FORMAT:
                    raise ValueError(f"it is of format {ascii(found['format'])[:20]}")
                pages = [_page(entry) for entry in found["pages"]]
                self._settings = Settings.of(found["settings"])
                self._opened = [str(place) for place in found["opened"]]
            except (ValueError, KeyError, TypeError, RecursionError, InputError) as error:
                raise InputError(f"{path} is no project of the studio: {error}") from None
            self._pages = {page.id: page for page in pages}
        if self.hints_file.exists():
            known = hint_files.read(self.hints_file)
            alone = known.pop(None, ())
            if alone and len(self._pages) != 1:
                raise InputError(f"{self.hints_file}: a hint names no page, and there are several")
            for page in self.pages if alone else ():
                known[page.name] = (*alone, *known.get(page.name, ()))
            self._hints = {str(name): hints for name, hints in known.items()}
        self._tidy()

    def _tidy(self) -> None:
        """Remove copies and pictures that belong to no page."""
        sources = {page.source for page in self._pages.values()}
        for path in self.sources.iterdir():
            if _SOURCE.fullmatch(path.name) and path.name not in sources:
                path.unlink(missing_ok=True)
        for path in self.cache.iterdir():
            if _ID.fullmatch(path.name[:16]) and path.name[:16] not in self._pages:
                path.unlink(missing_ok=True)


def label(name: str) -> str:
    r"""Make a page's name of a name that a browser or a book gives: one line, not too long.

    >>> label("chapter\\003\n.png"), label("../../etc/passwd.png")
    ('chapter/003.png', 'etc/passwd.png')
    """
    text = "".join(sign for sign in name.replace("\\", "/") if sign.isprintable())
    if text[1:2] == ":":  # a drive of Windows
        text = text[2:]
    parts = [part for part in text.split("/") if part.strip(". ")]
    return _short("/".join(parts) or "page")


def _short(name: str, limit: int = MAX_NAME) -> str:
    """Cut what a name begins with."""
    return name if len(name) <= limit else name[-limit:].lstrip("/")


def parsed(found: object) -> tuple[Hint, ...]:
    """Check the hints that a browser gives for a page.

    Raises:
        InputError: they are malformed, or too many.
    """
    if not isinstance(found, list) or len(found) > MAX_PAGE_HINTS:
        raise InputError(f"hints are a list of {MAX_PAGE_HINTS} at most")
    hints = []
    for entry in found:
        if not isinstance(entry, dict) or not {"x", "y", "color"} <= set(entry):
            raise InputError("a hint has x, y and color")
        try:
            color = hint_files.colour(entry["color"])
        except ValueError as error:
            raise InputError(str(error)) from None
        x, y = (round(_number(entry[name], 0, 1, name), DIGITS) for name in ("x", "y"))
        radius = _number(entry.get("radius", RADIUS), 0, MAX_RADIUS, "radius")
        hints.append(Hint(x=x, y=y, color=color, radius=round(radius, DIGITS)))
    return tuple(hints)


def written(hint: Hint) -> dict[str, Any]:
    """Write a hint as the file of hints has it."""
    color = hint_files.hexadecimal(hint.color)
    return {"x": hint.x, "y": hint.y, "color": color, "radius": hint.radius}


def digest(*parts: object) -> str:
    """16 hexadecimal digits that stand for some values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _json(content: Mapping[str, object], indent: int | None = None) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=indent).encode("utf-8", "replace")


def _number(value: object, low: float, high: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is no number")
    if not low <= value <= high:  # NaN is not, either
        raise InputError(f"{name} is not between {low:g} and {high:g}")
    return float(value)


def is_paintable(member: Member) -> bool:
    """Whether a member of a book becomes a page of the project."""
    return member.is_page and not member.fault and formats.suffix(member.name) in formats.WRITERS


def _page(entry: Mapping[str, Any]) -> Page:
    """Check a page of a project's file: nothing in it may lead out of the folder."""
    page = Page(**entry)
    texts = all(isinstance(text, str) for text in (page.id, page.name, page.source))
    if not texts or not _ID.fullmatch(page.id) or not _SOURCE.fullmatch(page.source):
        raise ValueError("a page of it is malformed")
    if page.member is not None and (type(page.member) is not int or page.member < 0):
        raise ValueError("a page of it is malformed")
    return replace(page, name=label(page.name))
