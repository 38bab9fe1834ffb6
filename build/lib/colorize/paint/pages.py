"""Pages through the painter: read, painted and encoded in overlap, and a faulty one stops none."""

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from colorize import files
from colorize.errors import ImageError
from colorize.imaging import formats, images
from colorize.paint.jobs import Job
from colorize.paint.painter import Painter
from colorize.paint.paper import is_coloured

MAX_BYTES = 200_000_000
MAX_PIXELS = 50_000_000
"""Of a page, checked before it is decoded: painting takes about 30 bytes a pixel."""

WAITING = 2
"""Pages that are being decoded, and encoded, while one is painted; all of them lie in memory."""

Given = TypeVar("Given")
Made = TypeVar("Made")


class Form(StrEnum):
    """What is written for a page."""

    PAINTED = "painted"
    COMPARE = "compare"
    LAYER = "layer"


class Outcome(StrEnum):
    """What became of a page, or of a book as a whole."""

    PAINTED = "painted"
    COLOURED = "coloured"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to come.

    Attributes:
        name: by which its result is known.
        original: suffix of its file.
        kind: suffix of the format to write.
        read: gives the bytes of its file; may raise `ImageError`.
    """

    name: str
    original: str
    kind: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A page that is done.

    Attributes:
        name: of the page.
        outcome: what became of it.
        content: bytes of the painted file; none for a page that stays as it was.
        reason: why it failed.
    """

    name: str
    outcome: Outcome
    content: bytes | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What there is to report.

    Attributes:
        source: the file.
        page: the member, where the file is a book; empty otherwise.
        target: where the result lies; empty if nowhere.
        outcome: what became of it.
        reason: why it failed.
    """

    source: str
    page: str = ""
    target: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unfinished:
    """A page between two steps; ``pixels`` are those of the step before."""

    page: Page
    outcome: Outcome
    pixels: images.RGB | None = None
    reason: str = ""


def paint_pages(painter: Painter, pages: Iterable[Page], *, form: Form) -> Iterator[Finished]:
    """Paint pages in their order.

    One thread decodes ahead and encodes behind while the caller's paints.

    Args:
        painter: used by the caller's thread alone.
        pages: taken one by one, as they are needed.
        form: what to write for each.
    """
    with ThreadPoolExecutor(1) as decoder, ThreadPoolExecutor(1) as encoder:
        opened = _ahead(_open, pages, decoder)
        painted = (_paint(painter, page, form=form) for page in opened)
        yield from _ahead(_encode, painted, encoder)


def paint_files(painter: Painter, jobs: Sequence[Job], *, form: Form) -> Iterator[Result]:
    """Paint single pages, each to a file of its own that is whole or not there.

    Args:
        painter: see `paint_pages`.
        jobs: pages, no books.
        form: what to write for each.
    """
    pages = (
        Page(
            name=str(job.source),
            original=formats.suffix(job.source.name),
            kind=formats.suffix(job.target.name),
            read=partial(images.read, job.source, max_bytes=MAX_BYTES),
        )
        for job in jobs
    )
    for job, page in zip(jobs, paint_pages(painter, pages, form=form), strict=True):
        if page.content is not None:
            files.write_bytes(job.target, page.content)
        target = job.target if page.content is not None else _copy(job)
        yield Result(
            source=page.name, target=str(target or ""), outcome=page.outcome, reason=page.reason
        )


def _copy(job: Job) -> Path | None:
    """Copy a page as it is and give its place; none where it cannot be opened.

    A page that should have become another format keeps the suffix of its own, unless that place is
    taken.
    """
    target = job.target
    if not formats.same_format(formats.suffix(job.source.name), formats.suffix(target.name)):
        target = target.with_suffix(job.source.suffix)
        if target.exists():
            return None
    try:
        original = job.source.open("rb")
    except OSError:
        return None
    with original, files.atomic(target) as copy:
        shutil.copyfileobj(original, copy)
    return target


def _ahead(
    work: Callable[[Given], Made], items: Iterable[Given], pool: ThreadPoolExecutor
) -> Iterator[Made]:
    """Map ``work`` over ``items`` in order, `WAITING` of them in the pool while others are used."""
    waiting: deque[Future[Made]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) == WAITING:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _open(page: Page) -> _Unfinished:
    """Decode a page and see whether it has its colours already."""
    try:
        if page.kind not in formats.WRITERS:
            raise ImageError("unreadable", f"{page.kind} is not supported")
        rgb = images.decode(page.read(), max_pixels=MAX_PIXELS)
    except ImageError as error:
        return _Unfinished(page=page, outcome=Outcome.FAILED, reason=str(error))
    outcome = Outcome.COLOURED if is_coloured(rgb) else Outcome.PAINTED
    return _Unfinished(page=page, outcome=outcome, pixels=rgb)


def _paint(painter: Painter, opened: _Unfinished, *, form: Form) -> _Unfinished:
    """Make the pixels to write; none where the file of the page will do as it is."""
    rgb = opened.pixels
    if rgb is None:
        return opened
    if opened.outcome is Outcome.COLOURED:
        if form is Form.LAYER:
            return replace(opened, pixels=np.zeros((*rgb.shape[:2], 4), np.uint8))
        fits = formats.same_format(opened.page.original, opened.page.kind)
        return replace(opened, pixels=None) if fits else opened
    if form is Form.LAYER:
        return replace(opened, pixels=painter.layer(rgb))
    painted = painter.paint(rgb)
    if form is Form.COMPARE:
        painted = np.concatenate([rgb, painted], axis=1)
    return replace(opened, pixels=painted)


def _encode(painted: _Unfinished) -> Finished:
    done = Finished(name=painted.page.name, outcome=painted.outcome, reason=painted.reason)
    if painted.pixels is None:
        return done
    try:
        return replace(done, content=formats.encode(painted.pixels, kind=painted.page.kind))
    except ImageError as error:
        return replace(done, outcome=Outcome.FAILED, reason=str(error))
