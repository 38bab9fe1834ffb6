"""Opens pages, and looks at them as far as that takes no network.

Nothing here needs PyTorch: the first page of a run is opened while PyTorch is imported.

Letters in shapes: H and W of the page.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.errors import ImageError
from colorize.imaging import chroma, formats
from colorize.imaging.chroma import Recolour
from colorize.imaging.decode import RGB, decode, read
from colorize.imaging.encode import jpeg_quality
from colorize.paint import inked, kinds
from colorize.paint.jobs import Job, is_file
from colorize.paint.memo import Memo
from colorize.paint.scale import panels_of

MAX_BYTES = 200_000_000
MAX_PIXELS = 50_000_000
"""Of a page's file, checked before it is decoded: painting takes about 25 bytes a pixel."""
MAX_SIDE = 65_535
"""Pixels of a page's longer side, the most that a JPEG can have."""

_READABLE = ("PNG picture", "JPEG picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page that is decoded.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB.
        kept: (H, W), true where the page keeps its colours; None where it has none to keep.
        digest: SHA-256 of its file.
        quality: at which it was saved, if it is a JPEG.
        memo: what is known of it already, for painting it.
    """

    rgb: RGB
    kept: NDArray[np.bool_] | None
    digest: str
    quality: int | None
    memo: Memo = field(default_factory=Memo)


class Begun:
    """A page that is being opened; it is not kept once it is taken.

    Args:
        future: gives the page.
    """

    def __init__(self, future: Future[Opened]) -> None:
        self._future: Future[Opened] | None = future

    def take(self) -> Opened:
        """Wait for the page and give it away.

        Raises:
            ImageError: see `open_page`.
            ValueError: it was taken before.
        """
        future, self._future = self._future, None
        if future is None:
            raise ValueError("the page was taken before")
        return future.result()


def open_page(get: Callable[[], bytes], original: str, *, recolour: Recolour) -> Opened:
    """Read and decode a page, and see what of it has colours already.

    Args:
        get: gives the bytes of its file; may raise `ImageError`.
        original: suffix of the file.
        recolour: what is painted of a page with colours; see `chroma.kept`.

    Raises:
        ImageError: it cannot be read, or is too large. The message says what the file is where it
            is no picture.
    """
    content = b""
    try:
        if original not in formats.WRITERS:
            raise ImageError("unreadable", f"{original} is not supported")
        content = get()
        rgb = check_sides(decode(content, max_pixels=MAX_PIXELS))
        kept = kept_of(rgb, recolour=recolour)
    except ImageError as error:
        what = kinds.what_is(content[: kinds.HEAD])
        if error.reason == "unreadable" and content and what and not what.endswith(_READABLE):
            raise ImageError("unreadable", f"it {what}") from None
        raise
    except MemoryError:
        raise ImageError("too_large", "not enough memory to read it") from None
    digest = hashlib.sha256(content).hexdigest()
    return Opened(rgb=rgb, kept=kept, digest=digest, quality=jpeg_quality(content))


@contextmanager
def begun(
    jobs: Iterable[Job], *, overwrite: bool, recolour: Recolour, domain: inked.Choice
) -> Iterator[dict[Path, Begun]]:
    """Context in which the first page that is to be painted is opened in a thread.

    Args:
        jobs: of the run.
        overwrite: whether results that are there are replaced.
        recolour: see `open_page`.
        domain: what pages are; see `Painter`.

    Yields:
        The page that is being opened, by its file; nothing where no single page is left to paint.
    """
    pages = (job for job in jobs if not job.is_book)
    first = next((job for job in pages if overwrite or not is_file(job.target)), None)
    if first is None:
        yield {}
        return
    with ThreadPoolExecutor(1) as opener:
        future = opener.submit(_opened_and_seen, first.source, recolour, domain)
        begun = {first.source: Begun(future)}
        del future
        yield begun


def _opened_and_seen(path: Path, recolour: Recolour, domain: inked.Choice) -> Opened:
    """Open a page, and find its panels if it is inked."""
    get = partial(read, path, max_bytes=MAX_BYTES)
    opened = open_page(get, formats.suffix(path.name), recolour=recolour)
    whole = opened.kept is not None and bool(opened.kept.all())
    if whole or domain == "grey":
        return opened
    with enough_memory(opened.rgb):
        if kind_of(opened.rgb, opened.memo) == "ink":
            page = levelled(opened.rgb, opened.memo)
            opened.memo.of("panels", (), lambda: panels_of(page))
    return opened


def check_sides(rgb: RGB) -> RGB:
    """Give a page (H, W, 3) back unless it is longer than any that is painted.

    Raises:
        ImageError: ``too_many_pixels``: a side is longer than `MAX_SIDE`.
    """
    height, width = rgb.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise ImageError(
            "too_many_pixels", f"{width} x {height} pixels, a side may have {MAX_SIDE}"
        )
    return rgb


@contextmanager
def enough_memory(rgb: RGB) -> Iterator[None]:
    """Say in one line that the memory does not suffice for a page.

    Raises:
        ImageError: ``too_large``.
    """
    try:
        yield
    except (MemoryError, RuntimeError, cv2.error) as error:
        # PyTorch's allocator for the processor raises a bare RuntimeError.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        if isinstance(error, cv2.error) and error.code != cv2.Error.StsNoMem:
            raise
        height, width = rgb.shape[:2]
        detail = f"not enough memory to paint {width} x {height} pixels"
        raise ImageError("too_large", detail) from None


def kept_of(rgb: RGB, *, recolour: Recolour) -> NDArray[np.bool_] | None:
    """Find the pixels of a page (H, W, 3) that keep their colours: see `chroma.kept`.

    Raises:
        ImageError: ``too_large``: there is not enough memory for it.
    """
    with enough_memory(rgb):
        return chroma.kept(rgb, recolour=recolour)


def levelled(rgb: RGB, memo: Memo) -> NDArray[np.uint8]:
    """Give a page (H, W, 3) as levelled ink on paper, (H, W) uint8: see `inked.levelled`."""
    return memo.of("levelled", (), lambda: inked.levelled(inked.values(rgb)))


def kind_of(rgb: RGB, memo: Memo) -> inked.Kind:
    """Tell what a page (H, W, 3) looks like: see `inked.looks_inked`."""

    def look() -> inked.Kind:
        return "ink" if inked.looks_inked(levelled(rgb, memo)) else "grey"

    return memo.of("kind", (), look)
