import io
import struct
import zipfile

import numpy as np
import pytest
from defusedxml import ElementTree
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging.openraster import Layer, encode

MAGIC = b"PK\x03\x04"


def merged(content: bytes) -> NDArray[np.float64]:
    """Compose the layers of an OpenRaster file as its specification and SVG's say: 0..1."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        root = ElementTree.fromstring(file.read("stack.xml"))
        below = np.zeros((int(root.attrib["h"]), int(root.attrib["w"]), 4))
        (stack,) = root
        for layer in reversed(stack):  # the first one lies on top
            with Image.open(file.open(layer.attrib["src"])) as image:
                above = np.asarray(image.convert("RGBA"), float) / 255
            assert (layer.attrib["x"], layer.attrib["y"]) == ("0", "0")
            assert (layer.attrib["opacity"], layer.attrib["visibility"]) == ("1.0", "visible")
            alpha, backdrop = above[..., 3:], below[..., 3:]
            mixed = {
                "svg:src-over": above[..., :3],
                "svg:multiply": above[..., :3] * below[..., :3],
            }[layer.attrib["composite-op"]]
            source = (1 - backdrop) * above[..., :3] + backdrop * mixed
            below[..., :3] = alpha * source + (1 - alpha) * backdrop * below[..., :3]
            below[..., 3:] = alpha + backdrop * (1 - alpha)
    return below


def layers(rng: np.random.Generator) -> list[Layer]:
    top, middle, bottom = rng.integers(0, 256, (3, 600, 400, 3), dtype=np.uint8)
    alpha = np.where(np.arange(400) < 100, 0, 255).astype(np.uint8)[None].repeat(600, 0)
    return [
        Layer("ink & lines", np.dstack([top, alpha]), multiplies=True),
        Layer("flats", np.dstack([middle, alpha])),
        Layer("頁", bottom),
    ]


def test_what_the_specification_asks_for(rng: np.random.Generator) -> None:
    made = layers(rng)
    content = encode(made, made[-1].pixels)
    # The type lies uncompressed at the very beginning, so that 38 bytes tell what the file is.
    assert content[:4] == MAGIC
    method, _, _, _, size, _, name, extra = struct.unpack("<HHHIIIHH", content[8:30])
    assert (method, size, name, extra) == (0, 16, 8, 0)
    assert content[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        root = ElementTree.fromstring(file.read("stack.xml"))
        assert root.tag == "image"
        assert [root.attrib[key] for key in "wh"] == ["400", "600"]
        assert [layer.attrib["name"] for layer in root[0]] == ["ink & lines", "flats", "頁"]
        sizes = {}
        for member in file.namelist():
            if member.endswith(".png"):
                with Image.open(file.open(member)) as image:
                    assert image.mode in {"RGB", "RGBA"}
                    assert not image.info.get("interlace")
                    sizes[member] = image.size
        with Image.open(file.open("mergedimage.png")) as image:
            np.testing.assert_array_equal(np.asarray(image), made[-1].pixels)
    assert sizes.pop("Thumbnails/thumbnail.png") == (171, 256)
    assert set(sizes.values()) == {(400, 600)}
    assert content == encode(made, made[-1].pixels)


def test_layers_lie_in_their_order(rng: np.random.Generator) -> None:
    top, middle, bottom = layers(rng)
    seen = merged(encode([top, middle, bottom], bottom.pixels))
    expected = top.pixels[:, 100:, :3] / 255 * (middle.pixels[:, 100:, :3] / 255)
    np.testing.assert_allclose(seen[:, 100:, :3], expected, atol=1e-9)
    np.testing.assert_allclose(seen[:, :100, :3], bottom.pixels[:, :100] / 255, atol=1e-9)


def test_a_page_too_large_for_the_memory_is_unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.Image.fromarray", full)
    pixels = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ImageError, match="MemoryError"):
        encode([Layer("ink", pixels)], pixels)
