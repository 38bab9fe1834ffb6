"""Writes OpenRaster files: pictures of layers that Krita, GIMP and MyPaint open.

https://www.openraster.org: a ZIP archive whose first member names its type, with the layers as PNG
files, a list of them from top to bottom, what they look like together, and a thumbnail.
"""

import io
import zipfile
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError

SUFFIX = ".ora"
VERSION = "0.0.3"
"""Of the specification, the least that has blend modes."""
THUMBNAIL = 256
"""Pixels of a thumbnail's longer side, at most."""
COMPRESSION = 3
"""Of PNG files, 0 to 9: more takes much longer and saves little."""
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of all members, so that the same layers give the same bytes."""


class Layer(NamedTuple):
    """A layer of the size of the picture.

    Attributes:
        name: that people see.
        pixels: (H, W, 3) RGB or (H, W, 4) RGB and alpha, uint8 sRGB.
        multiplies: with what lies below it; else it covers that.
    """

    name: str
    pixels: NDArray[np.uint8]
    multiplies: bool = False


def encode(layers: Sequence[Layer], merged: NDArray[np.uint8]) -> bytes:
    """Write layers as an OpenRaster file; the same ones give the same bytes.

    Args:
        layers: from top to bottom, at least one, all of one size.
        merged: (H, W, 3) RGB, what they look like together.

    Raises:
        ImageError: ``unwritable``: PNG cannot hold them, or the memory does not suffice.
    """
    try:
        return _written(layers, merged)
    except (OSError, ValueError, MemoryError) as error:
        raise ImageError("unwritable", str(error) or type(error).__name__) from None


def _written(layers: Sequence[Layer], merged: NDArray[np.uint8]) -> bytes:
    height, width = merged.shape[:2]
    image = ElementTree.Element("image", version=VERSION, w=str(width), h=str(height))
    stack = ElementTree.SubElement(image, "stack")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        _add(file, "mimetype", b"image/openraster")
        for number, layer in enumerate(layers):
            source = f"data/layer{number}.png"
            blend = "svg:multiply" if layer.multiplies else "svg:src-over"
            attributes = {"name": layer.name, "src": source, "composite-op": blend}
            attributes |= {"x": "0", "y": "0", "opacity": "1.0", "visibility": "visible"}
            ElementTree.SubElement(stack, "layer", attributes)
            _add(file, source, _png(Image.fromarray(layer.pixels)))
        _add(file, "stack.xml", ElementTree.tostring(image, "UTF-8", xml_declaration=True))
        whole = Image.fromarray(merged)
        _add(file, "mergedimage.png", _png(whole))
        whole.thumbnail((THUMBNAIL, THUMBNAIL))
        _add(file, "Thumbnails/thumbnail.png", _png(whole))
    return out.getvalue()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Store a member: the type has to be, and PNG files are compressed already."""
    file.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_STORED)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=COMPRESSION)
    return out.getvalue()
