"""Whether a download is the picture that the site announced: digest, size, and a full decode."""

import hashlib
import io
import logging
import warnings
from dataclasses import dataclass

from PIL import Image

from colorize.errors import ImageError
from colorize.sources.boards.posts import Post, Rendition

logger = logging.getLogger(__name__)

MAX_PIXELS = 40_000_000
"""Of one picture, checked before it is decoded: a file of 0.3 MB can unfold to 100 megapixels."""

SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
"""By what the bytes say; names and headers of a site are not believed."""

OPENED = ("JPEG", "PNG", "WEBP", "AVIF")
"""What Pillow may open; a JPEG with a second view then calls itself MPO."""

ROUNDING_PX = 1
"""By which a rendition's side may differ from the announced one."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a picture's bytes are: suffix of their format, and width and height in pixels."""

    suffix: str
    width: int
    height: int


def verify(content: bytes, post: Post, rendition: Rendition) -> Form:
    """Check a download in full.

    Raises:
        ImageError: ``wrong_bytes``, ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    matches = hashlib.md5(content, usedforsecurity=False).hexdigest() == post.md5
    if rendition.original and not matches:
        if post.md5_binds:
            raise ImageError("wrong_bytes", "not the announced md5")
        logger.info("post %d: the file has another md5 than announced", post.id)
    form = decoded(content)
    if not matches and not _same_size(form, rendition):
        size = f"{form.width} x {form.height}"
        raise ImageError("wrong_bytes", f"{size} for {rendition.width} x {rendition.height}")
    return form


def decoded(content: bytes, *, max_pixels: int = MAX_PIXELS) -> Form:
    """Decode one still picture in full, and tell its form.

    Raises:
        ImageError: ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns at its own limit; ours is checked here
            with Image.open(io.BytesIO(content), formats=OPENED) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise ImageError("too_many_pixels", f"{width} x {height}")
                if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                    raise ImageError("animated", f"{image.format} of several frames")
                image.load()
                return Form(SUFFIXES[image.format or ""], width, height)
    except Image.DecompressionBombError as error:
        raise ImageError("too_many_pixels", str(error)) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise ImageError("unreadable", str(error) or type(error).__name__) from None


def _same_size(form: Form, rendition: Rendition) -> bool:
    """Compare with what was announced; a camera's rotation mark may turn a picture."""
    announced = sorted((rendition.width, rendition.height))
    found = sorted((form.width, form.height))
    return all(abs(a - b) <= ROUNDING_PX for a, b in zip(announced, found, strict=True))
