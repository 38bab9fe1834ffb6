"""Pixels -> bytes of a picture file."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging.formats import WRITERS


def encode(pixels: NDArray[np.uint8], *, kind: str) -> bytes:
    """Encode a picture.

    Args:
        pixels: (H, W, 3) RGB or (H, W, 4) RGB and alpha, uint8.
        kind: one of the suffixes of `WRITERS`.

    Returns:
        The bytes of the file.

    Raises:
        ImageError: ``unwritable``: the format cannot hold it, such as a WebP of 20,000 pixels, or
            its codec fails in any other way.
    """
    form, options = WRITERS[kind]
    out = io.BytesIO()
    try:
        Image.fromarray(pixels).save(out, form, **options)
    except Exception as error:  # noqa: BLE001 - a codec may raise anything
        raise ImageError("unwritable", str(error) or type(error).__name__) from None
    return out.getvalue()
