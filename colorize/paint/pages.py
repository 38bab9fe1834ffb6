"""Reads, paints and encodes pages in overlap; a faulty page stops no other."""

import errno
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from pathlib import Path
from threading import Lock, Semaphore
from typing import TypedDict, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.errors import ImageError
from colorize.imaging import formats, openraster
from colorize.imaging.chroma import Recolour
from colorize.imaging.decode import RGB, read
from colorize.imaging.encode import encode
from colorize.paint.hints import Hint
from colorize.paint.jobs import Job, is_file
from colorize.paint.memo import Memo
from colorize.paint.opening import MAX_BYTES, Begun, enough_memory, open_page
from colorize.paint.painter import Painter
from colorize.paint.record import Entry, Record
from colorize.paint.workshop import Workshop

WAITING = 2
"""Pages that are being decoded, and encoded, while others are painted; all lie in memory."""
SIDE_BY_SIDE = 4
"""Pages that are painted at the same time at most, with a core for each at least."""
LARGE = 8_000_000
"""Pixels from which a page is painted alone, as it takes much memory."""

DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})
"""Errors of writing that the next page would meet as well."""

Given = TypeVar("Given")
Made = TypeVar("Made")


class Form(StrEnum):
    """What is written for a page."""

    PAINTED = "painted"
    COMPARE = "compare"
    LAYER = "layer"
    LAYERS = "layers"

    @property
    def ending(self) -> str:
        """Suffix of the format in which pages are written; empty: their own."""
        return {Form.LAYER: ".png", Form.LAYERS: openraster.SUFFIX}.get(self, "")


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
        hints: colours at places of it.
        begun: gives the page if it is being opened already.
    """

    name: str
    original: str
    kind: str
    read: Callable[[], bytes]
    hints: tuple[Hint, ...] = ()
    begun: Begun | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A page that is done.

    Attributes:
        name: of the page.
        outcome: what became of it.
        content: bytes of the painted file; none for a page that stays as it was.
        digest: SHA-256 of the original's file; empty where it could not be read.
        reason: why it failed.
        domain: as what it was painted, ``grey`` or ``ink``; empty if it was not.
    """

    name: str
    outcome: Outcome
    content: bytes | None = None
    digest: str = ""
    reason: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What there is to report.

    Attributes:
        source: the file.
        page: the member, where the file is a book; empty otherwise.
        target: where the result lies; empty if nowhere.
        outcome: what became of it.
        reason: why it failed or was kept.
        domain: as what it was painted, ``grey`` or ``ink``; empty if it was not, or not now.
    """

    source: str
    page: str = ""
    target: str
    outcome: Outcome
    reason: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unfinished:
    """A page between two steps.

    Attributes:
        pixels: of the step before.
        kept: those that stay as they are.
        memo: what is known of the page.
        layers: that ``pixels`` are made of, to be written instead.
    """

    page: Page
    outcome: Outcome
    pixels: RGB | None = None
    kept: NDArray[np.bool_] | None = None
    memo: Memo | None = None
    layers: Sequence[openraster.Layer] = ()
    digest: str = ""
    quality: int | None = None
    reason: str = ""
    domain: str = ""


class _Given(TypedDict, total=False):
    """What `Painter` is told of a page."""

    kept: NDArray[np.bool_] | None
    hints: Sequence[Hint]
    memo: Memo | None
    recolour: Recolour


def paint_pages(painter: Painter, pages: Iterable[Page], *, form: Form) -> Iterator[Finished]:
    """Paint pages and give them in their order.

    One thread decodes ahead, one encodes behind, and on a processor of several cores several paint,
    as most of the work on a page cannot be divided between cores.

    Args:
        painter: used by several threads.
        pages: taken one by one, as they are needed.
        form: what to write for each.
    """
    pages = iter(pages)
    first = list(islice(pages, SIDE_BY_SIDE))
    cores = torch.get_num_threads()
    count = max(1, min(len(first), cores)) if painter.model.device.type == "cpu" else 1
    share = partial(torch.set_num_threads, cores // count)
    with (
        ThreadPoolExecutor(1) as decoder,
        ThreadPoolExecutor(count, initializer=share) as painters,
        ThreadPoolExecutor(1) as encoder,
    ):
        opened = _ahead(partial(_open, painter.recolour), chain(first, pages), decoder)
        paint = partial(_paint, painter, form=form, room=_Room(count))
        painted = _ahead(paint, opened, painters, waiting=count)
        try:
            yield from _ahead(_encode, painted, encoder)
        finally:
            torch.set_num_threads(cores)  # threads that are started later take the newest number


class _Room:
    """Lets so many pages be painted at the same time, and large ones alone."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = Semaphore(places)
        self._queue = Lock()

    @contextmanager
    def of(self, rgb: RGB) -> Iterator[None]:
        """Wait until there is room for a page (H, W, 3), and keep it."""
        taken = self._places if rgb.shape[0] * rgb.shape[1] >= LARGE else 1
        with self._queue:
            for _ in range(taken):
                self._free.acquire()
        try:
            yield
        finally:
            self._free.release(taken)


def paint_files(
    painter: Painter,
    jobs: Sequence[Job],
    *,
    form: Form,
    base: Path,
    settings: str = "",
    begun: Mapping[Path, Begun] | None = None,
) -> Iterator[Result]:
    """Paint single pages, each to a file of its own that is whole or not there.

    Of a page that fails nothing is written, and a result that is there stays.

    Args:
        painter: see `paint_pages`.
        jobs: pages, no books.
        form: what to write for each.
        base: folder of all results, where they are recorded.
        settings: stands for the model and all options, in the record.
        begun: pages that are being opened already, by their files; see `opening.begun`.
    """
    if not jobs:
        return
    opened = dict(begun or {})  # a file that is given twice is opened again
    pages = (
        Page(
            name=str(job.source),
            original=formats.suffix(job.source.name),
            kind=formats.suffix(job.target.name),
            read=partial(read, job.source, max_bytes=MAX_BYTES),
            hints=job.hints.get("", ()),
            begun=opened.pop(job.source, None),
        )
        for job in jobs
    )
    record = Record(base)
    with Workshop(base) as workshop:
        for job, page in zip(jobs, paint_pages(painter, pages, form=form), strict=True):
            written = page
            if page.outcome is not Outcome.FAILED:
                try:
                    content = (
                        page.content
                        if page.content is not None
                        else read(job.source, max_bytes=MAX_BYTES)
                    )
                    entry = Entry(
                        source=page.digest, settings=settings, size=len(content), hints=job.told
                    )
                    record.add(job.target, entry)
                    workshop.write(job.target, content)
                except (ImageError, OSError) as error:
                    if isinstance(error, OSError) and error.errno in DISK:
                        raise
                    reason = str(error) if isinstance(error, ImageError) else _why(error)
                    written = replace(page, outcome=Outcome.FAILED, reason=reason, domain="")
            yield Result(
                source=page.name,
                target=str(job.target) if is_file(job.target) else "",
                outcome=written.outcome,
                reason=written.reason,
                domain=written.domain,
            )


def _why(error: OSError) -> str:
    return f"unwritable: {error.strerror}: {error.filename}"


def _ahead(
    work: Callable[[Given], Made],
    items: Iterable[Given],
    pool: ThreadPoolExecutor,
    *,
    waiting: int = WAITING,
) -> Iterator[Made]:
    """Map ``work`` over ``items`` in order, ``waiting`` of them in the pool at most."""
    begun: deque[Future[Made]] = deque()
    for item in items:
        begun.append(pool.submit(work, item))
        del item  # it may be large
        if len(begun) == waiting:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _open(recolour: Recolour, page: Page) -> _Unfinished:
    """Decode a page and see what of it has colours already."""
    try:
        if page.begun is None:
            opened = open_page(page.read, page.original, recolour=recolour)
        else:
            opened = page.begun.take()
    except ImageError as error:
        return _Unfinished(page=page, outcome=Outcome.FAILED, reason=str(error))
    kept = opened.kept
    return _Unfinished(
        page=page,
        outcome=Outcome.PAINTED if kept is None or not kept.all() else Outcome.COLOURED,
        pixels=opened.rgb,
        kept=kept,
        memo=opened.memo,
        digest=opened.digest,
        quality=opened.quality,
    )


def _paint(painter: Painter, opened: _Unfinished, *, form: Form, room: _Room) -> _Unfinished:
    """Make the pixels to write; none where the file of the page will do as it is."""
    rgb = opened.pixels
    if rgb is None:
        return opened
    if opened.outcome is Outcome.COLOURED and not form.ending:
        fits = formats.same_format(opened.page.original, opened.page.kind)
        return replace(opened, pixels=None) if fits else opened
    memo = opened.memo
    given: _Given = {"kept": opened.kept, "hints": opened.page.hints, "memo": memo}
    if opened.kept is None:
        given["recolour"] = "all"  # as it has no colours to keep, nobody need look again
    opened = replace(opened, memo=None)
    try:
        with room.of(rgb), enough_memory(rgb):
            is_painted = opened.outcome is Outcome.PAINTED
            domain = painter.domain_of(rgb, memo=memo) if is_painted else ""
            if form is Form.LAYER:
                layer = painter.layer(rgb, **given)
                return replace(opened, pixels=layer, domain=domain)
            if form is Form.LAYERS:
                layers, painted = painter.layers(rgb, **given)
                return replace(opened, pixels=painted, layers=layers, domain=domain)
            painted = painter.paint(rgb, **given)
            if form is Form.COMPARE:
                painted = np.concatenate([rgb, painted], axis=1)
            return replace(opened, pixels=painted, domain=domain)
    except ImageError as error:
        return replace(opened, pixels=None, outcome=Outcome.FAILED, reason=str(error))


def _encode(painted: _Unfinished) -> Finished:
    done = Finished(
        name=painted.page.name,
        outcome=painted.outcome,
        digest=painted.digest,
        reason=painted.reason,
        domain=painted.domain,
    )
    if painted.pixels is None:
        return done
    kind, quality = painted.page.kind, painted.quality
    try:
        if painted.layers:
            content = openraster.encode(painted.layers, painted.pixels)
        else:
            content = encode(painted.pixels, kind=kind, quality=quality, fast=True)
        return replace(done, content=content)
    except ImageError as error:
        return replace(done, outcome=Outcome.FAILED, reason=str(error), domain="")
