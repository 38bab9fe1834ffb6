"""Verifies a download: digest, announced size, and a full decode."""

import hashlib
import logging

from colorize.errors import ImageError
from colorize.imaging.decode import Header, decode, probe
from colorize.sources.boards.posts import Post, Rendition

logger = logging.getLogger(__name__)

MAX_PIXELS = 40_000_000
"""Of one picture, checked before it is decoded: a file of 0.3 MB can unfold to 100 megapixels."""

ROUNDING_PX = 1
"""By which a rendition's side may differ from the announced one."""


def verify(content: bytes, post: Post, rendition: Rendition) -> Header:
    """Check a download in full.

    Raises:
        ImageError: ``wrong_bytes``, ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    matches = hashlib.md5(content, usedforsecurity=False).hexdigest() == post.md5
    if rendition.original and not matches:
        if post.md5_binds:
            raise ImageError("wrong_bytes", "not the announced md5")
        logger.info("post %d: the file has another md5 than announced", post.id)
    header = decoded(content)
    if not matches and not _same_size(header, rendition):
        size = f"{header.width} x {header.height}"
        raise ImageError("wrong_bytes", f"{size} for {rendition.width} x {rendition.height}")
    return header


def decoded(content: bytes, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Decode one still picture in full, and tell what it is by its bytes; names are not believed.

    Raises:
        ImageError: ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    header = probe(content, max_pixels=max_pixels)
    decode(content, max_pixels=max_pixels)
    return header


def _same_size(header: Header, rendition: Rendition) -> bool:
    """Compare with what was announced; a camera's rotation mark may turn a picture."""
    announced = sorted((rendition.width, rendition.height))
    found = sorted((header.width, header.height))
    return all(abs(a - b) <= ROUNDING_PX for a, b in zip(announced, found, strict=True))
