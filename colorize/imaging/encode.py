"""Encodes pixels as files no larger than necessary."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging.formats import WRITERS

QUALITIES = (75, 95)
"""Of a JPEG that is written, whatever that of its original was."""
FULL_COLOUR = 90
"""Quality from which on the colours of a JPEG have its full resolution."""
PALETTE = 256
"""Colours of a PNG that fit a palette."""

FAST = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 3),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)
"""Of a PNG that is written fast. Screened and painted pages were written in 0.4 times the time, as
files of 0.94 to 1.1 times the size; those of drawn pages without grain grow by up to a fifth."""

_BAND = 1 << 20

# Annex K of ITU-T T.81, table K.1, in the zigzag order in which a file has it.
_LUMINANCE = np.array(
    [
        *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
        *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
        *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
        *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
    ]
)


def jpeg_quality(content: bytes) -> int | None:
    """Estimate the quality at which a JPEG was saved, from its first quantisation table.

    Args:
        content: bytes of a file.

    Returns:
        1 to 100, on the scale of libjpeg; none where the file is no JPEG.
    """
    table = _table(content)
    if table is None:
        return None
    qualities = np.arange(1, 101)
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = ((_LUMINANCE * scale[:, None] + 50) // 100).clip(1, 255)
    return int(qualities[np.abs(tables - table).sum(axis=1).argmin()])


def _table(content: bytes) -> NDArray[np.int64] | None:
    """The first quantisation table (64,), in zigzag order."""
    at = 2
    while content[:2] == b"\xff\xd8" and at + 4 <= len(content) and content[at] == 0xFF:
        marker, size = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDB:
            precision = content[at + 4] >> 4 if at + 4 < len(content) else 0
            values = content[at + 5 : at + 5 + 64 * (1 + precision)]
            if precision > 1 or len(values) != 64 * (1 + precision):
                return None
            return np.frombuffer(values, (np.uint8, ">u2")[precision]).astype(np.int64)
        at += 2 + size
    return None


def encode(
    pixels: NDArray[np.uint8], *, kind: str, quality: int | None = None, fast: bool = False
) -> bytes:
    """Encode a picture.

    Args:
        pixels: (H, W, 3) RGB or (H, W, 4) RGB and alpha.
        kind: one of the suffixes of `WRITERS`.
        quality: of the original, where that was a JPEG: a JPEG is saved near it.
        fast: write a PNG of many colours as `FAST` says.

    Raises:
        ImageError: ``unwritable``: the format cannot hold it, such as a WebP of 20,000 pixels.
    """
    form, options = WRITERS[kind]
    chosen = dict(options)
    if form == "JPEG" and quality is not None:
        low, high = QUALITIES
        chosen["quality"] = min(max(quality, low), high)
        chosen["subsampling"] = 0 if quality >= FULL_COLOUR else 2
    out = io.BytesIO()
    try:
        image = Image.fromarray(pixels)
        if form == "PNG":
            image = _fewer(image, pixels)
            if fast and image.mode == "RGB":
                del image  # a copy
                return _fast_png(pixels)
        image.save(out, form, **chosen)
    except Exception as error:  # noqa: BLE001 - a codec may raise anything
        raise ImageError("unwritable", str(error) or type(error).__name__) from None
    return out.getvalue()


def _fast_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) RGB as PNG."""
    written, content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), FAST)
    if not written:
        raise ValueError("OpenCV cannot write it")
    return content.tobytes()


def _fewer(image: Image.Image, pixels: NDArray[np.uint8]) -> Image.Image:
    """The same picture as grey or with a palette, where that loses nothing."""
    if image.mode != "RGB":
        return image
    colours = image.getcolors(PALETTE)
    if colours is None:
        return image
    found = np.array(sorted(colour for _, colour in colours), np.uint8)
    if (found == found[:, :1]).all():
        return Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    codes = _codes(found)
    flat = pixels.reshape(-1, 3)
    indices = np.empty(len(flat), np.uint8)
    for start in range(0, len(flat), _BAND):
        indices[start : start + _BAND] = np.searchsorted(codes, _codes(flat[start : start + _BAND]))
    reduced = Image.fromarray(indices.reshape(pixels.shape[:2]), "L")
    reduced.putpalette(found.tobytes())
    return reduced


def _codes(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(n, 3) -> (n,): a number for each colour, in their order."""
    red, green, blue = colours.astype(np.uint32).T
    codes: NDArray[np.uint32] = red << np.uint32(16) | green << np.uint32(8) | blue
    return codes
