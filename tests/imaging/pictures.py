"""Pictures that the tests draw: pages, colour profiles, and files with metadata of every kind."""

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

D50 = (63190, 65536, 54061)
SRGB_TO_D50 = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.7141]]
)
"""Columns are red, green and blue of sRGB adapted to D50: lcms-independent, by Lindbloom."""


def profile(space: bytes, curve: list[int], colorants: NDArray[np.float64] | None = None) -> bytes:
    """Write an ICC profile of version 2 with one tone curve; ``colorants`` are columns of XYZ."""

    def xyz(values: Any) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3l", *values)

    tone = (
        b"curv" + bytes(4) + struct.pack(">L", len(curve)) + struct.pack(f">{len(curve)}H", *curve)
    )
    tags = [
        (b"desc", b"desc" + bytes(4) + struct.pack(">L", 5) + b"test\0" + bytes(78)),
        (b"cprt", b"text" + bytes(4) + b"none\0"),
        (b"wtpt", xyz(D50)),
    ]
    if colorants is None:
        tags.append((b"kTRC", tone))
    else:
        for name, column in zip("rgb", colorants.T, strict=True):
            tags.append((f"{name}TRC".encode(), tone))
            tags.append((f"{name}XYZ".encode(), xyz(np.rint(column * 65536).astype(int))))
    table, body, at = struct.pack(">L", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">LL", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">L4sL4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3l", *D50)
    return head.ljust(128, b"\0") + table + body


LINEAR = profile(b"RGB ", [0, 65535], SRGB_TO_D50)
"""sRGB's colours; values are light itself."""
SWAPPED = profile(b"RGB ", [563], SRGB_TO_D50[:, ::-1])
"""Red and blue changed places; values are light to the power of 1/2.2."""
INK = 1 - np.linspace(0, 1, 256)
REFLECTED = np.clip(1 - (INK + 0.8 * INK * (1 - INK)), 0, 1)
DOT_GAIN = profile(b"GRAY", np.rint(65535 * REFLECTED).astype(int).tolist())
"""Greys whose light is `REFLECTED`, by value."""


def page(size: tuple[int, int] = (300, 420)) -> Image.Image:
    """Draw a grey page."""
    width, height = size
    grey = np.full((height, width), 255, np.uint8)
    grey[15 : height // 2 - 8, 15:-15] = 225
    grey[height // 2 + 8 : -15, 15:-15] = 190
    y, x = np.mgrid[:height, :width]
    for cx, cy, r, tone in ((105, 120, 50, 140), (width - 85, height - 90, 45, 100)):
        grey[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = tone
    return Image.fromarray(grey)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunks(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield begin, kind and length of each chunk of a PNG."""
    at = 8
    while at < len(content):
        length, kind = struct.unpack_from(">L4s", content, at)
        yield at, kind, length
        at += 12 + length


def spoiled(content: bytes, kind: bytes) -> bytes:
    """Change the checksum of the first chunk of a kind."""
    at, _, length = next(chunk for chunk in chunks(content) if chunk[1] == kind)
    damaged = bytearray(content)
    damaged[at + 8 + length] ^= 0xFF
    return bytes(damaged)


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x0131] = "a painter's tool"
    return exif


def rich(kind: str, size: int = 48) -> bytes:
    """Draw a small picture with EXIF data and a profile, and for PNG with text and a resolution."""
    random = np.random.default_rng(5)
    rgb = np.repeat(
        np.repeat(random.integers(0, 256, (8, 8, 3), np.uint8), size // 8, 0), size // 8, 1
    )
    options: dict[str, Any] = {"exif": turned(6), "icc_profile": SWAPPED}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Software", "a painter's tool")
        options |= {"pnginfo": info, "dpi": (300, 300)}
    return saved(Image.fromarray(rgb), kind, **options)
