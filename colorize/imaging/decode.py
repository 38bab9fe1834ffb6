"""Decodes picture files to checked sRGB pixels: the one boundary to files that others made.

Every reason for which a picture is left out is an `ImageError` with a word to count it by. What a
codec does with a damaged file, whatever it raises, ends here.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from colorize.errors import ImageError, one_line
from colorize.imaging import containers, jpeg, png, profile
from colorize.imaging.containers import Container

RGB: TypeAlias = NDArray[np.uint8]

FINE_DETAIL = 16.0
"""From here on a JPEG is decoded in full: root mean square of second differences, in 1/255.

Below it pictures that were decoded at half size and shrunk came out at 48 dB and better against a
full decode, where `SPARE` sides were left: drawings, paintings, screentone, thin lines and noise.
"""

SPARE = 2.25
"""What is left of a JPEG that is decoded at half size, in sides of the square to be."""

AT_SCALE = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""How OpenCV is asked for RGB at 1/s of a JPEG's size; its REDUCED_COLOR stands for BGR."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its orientation."""

ADDRESS = re.compile(r"<[^>]*>")
"""Objects of Python in a codec's words."""

REASONS = ("too_many_bytes", "too_many_pixels", "unreadable", "changed", "animated", "grey")
"""Every reason for which a picture can be left out by itself."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file announces.

    Attributes:
        suffix: usual suffix of its format, such as ``jpg``, whatever the file is called.
        width, height: in pixels, before EXIF data turn the picture.
    """

    suffix: str
    width: int
    height: int


def read(path: Path, *, max_bytes: int) -> bytes:
    """Read a picture file, unless it is missing or larger than ``max_bytes``.

    Args:
        path: of the file.
        max_bytes: of it.

    Raises:
        ImageError: ``unreadable`` or ``too_many_bytes``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1) if path.stat().st_size <= max_bytes else None
    except OSError as error:
        raise ImageError("unreadable", error.strerror or type(error).__name__) from None
    if content is None or len(content) > max_bytes:
        raise ImageError("too_many_bytes", f"more than {max_bytes} bytes")
    return content


def probe(content: bytes, *, max_pixels: int) -> Header:
    """Read the header of a picture file. No pixel is decoded.

    Args:
        content: bytes of the file.
        max_pixels: refused when the header announces more.

    Raises:
        ImageError: ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    with _boundary():
        container = _parsed(content)
        with _opened(container, max_pixels) as image:
            return Header(containers.FORMATS[container.format], *image.size)


def decode(content: bytes, *, max_pixels: int, side: int = 0) -> RGB:
    """Decode one still picture to upright sRGB; transparency is laid on white.

    A picture whose pixels are all there is decoded: what is damaged beside them, such as metadata,
    or the marker of the end, is passed over. Colour profiles are applied in every mode.

    Args:
        content: bytes of a JPEG, PNG, WebP or AVIF file, of any mode: grey, palette, 16-bit, CMYK.
        max_pixels: refused *before* decoding when the header announces more.
        side: where the picture is to be shrunk to such a square anyway, a large JPEG may be decoded
            at 1/2, 1/4 or 1/8 of its size, if that shows in no more than the last bits; 0: never.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        ImageError: ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    with _boundary():
        container = _parsed(content)
        with _opened(container, max_pixels) as image:
            if container.format == "PNG":
                png.check_pixels(container.stream)
            if container.format == "JPEG" and not jpeg.has_end(container.stream):
                return _unfinished(container, max_pixels)
            scale = _scale(image, side) if side else 1
            rgb = _pixels(image, container, scale)
        if scale == 1 or _detail(rgb) < FINE_DETAIL:
            return rgb
        with _opened(container, max_pixels) as image:
            return _pixels(image, container, 1)


@contextmanager
def _boundary() -> Iterator[None]:
    """Turn whatever a codec raises into an `ImageError` whose words are the same every time."""
    try:
        with warnings.catch_warnings():
            # Pillow warns at its own limit of pixels and of damaged metadata; ours is checked here.
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError("too_many_pixels", "far more pixels than any picture has") from None
    except Exception as error:  # noqa: BLE001 - a codec may raise anything
        words = ADDRESS.sub("", one_line(error)) or type(error).__name__
        raise ImageError("unreadable", words) from None


def _parsed(content: bytes) -> Container:
    """Take a file apart; blanks before the picture are dropped."""
    kind, begin = containers.identify(content)
    content = content[begin:] if begin else content
    if kind == "PNG":
        return png.parse(content)
    return jpeg.parse(content) if kind == "JPEG" else Container(format=kind, stream=content)


def _opened(container: Container, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header and refuse what it announces; no pixel is decoded yet."""
    try:
        image = Image.open(io.BytesIO(container.stream), formats=[container.format])
    except UnidentifiedImageError:  # its words name an address in memory
        raise ImageError("unreadable", f"{container.format}: damaged header") from None
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError("too_many_pixels", f"{width} x {height} pixels")
    if not width * height:
        raise ImageError("unreadable", f"{container.format}: damaged header")
    frames = container.frames or getattr(image, "n_frames", 1)
    if frames > 1:
        raise ImageError("animated", f"{frames} frames")
    return image


def _unfinished(container: Container, max_pixels: int) -> RGB:
    """Decode a JPEG that lacks its end, unless pixels are missing as well."""
    one, other = (
        _pixels(_opened(way, max_pixels), way, 1)
        for way in (replace(container, stream=s) for s in jpeg.endings(container.stream))
    )
    if not np.array_equal(one, other):
        raise ImageError("unreadable", "JPEG: cut short")
    return one


def _scale(image: Image.Image, side: int) -> int:
    """Choose s, for a JPEG to be decoded at 1/s of its size, so that enough is left."""
    if image.format != "JPEG":
        return 1
    short = min(image.size)
    return next((s for s in (8, 4, 2) if short >= s * max(s, SPARE) * side), 1)


def _pixels(image: ImageFile.ImageFile, container: Container, scale: int) -> RGB:
    """Decode at 1/scale of the size: OpenCV is faster, Pillow knows every kind and says why not."""
    if _is_plain(image, container):
        rgb = cv2.imdecode(np.frombuffer(container.stream, np.uint8), AT_SCALE[scale])
        if rgb is not None:
            return np.asarray(rgb, np.uint8)
    if scale > 1:
        width, height = image.size
        image.draft(None, (width // scale, height // scale))
    return _srgb(image, container)


def _is_plain(image: ImageFile.ImageFile, container: Container) -> bool:
    """Tell a JPEG of upright sRGB in one scan, which nothing follows but the marker of the end.

    OpenCV decodes it to the same pixels as Pillow, and refuses the same files; with other markers
    behind the scan it takes some that Pillow finds damaged.
    """
    if (container.format, image.mode) != ("JPEG", "RGB") or container.icc or image.fp is None:
        return False
    if containers.orientation(container.exif) != 1:
        return False
    return jpeg.is_plain(container.stream, image.fp.tell())


def _detail(rgb: RGB) -> float:
    """Measure the finest detail, which reduced decoding would change, on 3 of every 47 rows.

    47 is a prime, so a screentone's period cannot hide the detail.
    """
    if len(rgb) < 47:
        return np.inf  # too little to tell
    rows = rgb[: len(rgb) // 47 * 47].reshape(-1, 47, *rgb.shape[1:])[:, :3].astype(np.int16)
    across = rows[:, :, 2:] - 2 * rows[:, :, 1:-1] + rows[:, :, :-2]
    down = rows[:, 2] - 2 * rows[:, 1] + rows[:, 0]
    squares = (cv2.norm(d.reshape(len(d), -1), cv2.NORM_L2SQR) / d.size for d in (across, down))
    return float(np.sqrt(sum(squares)))


def _srgb(image: ImageFile.ImageFile, container: Container) -> RGB:
    """Decode, and bring any mode that Pillow knows to upright (H, W, 3) uint8 sRGB on white."""
    icc = container.icc or image.info.get("icc_profile") or b""
    exif = container.exif or image.info.get("exif") or b""
    colours, alpha = _parted(image)
    if icc:
        colours = profile.from_profile(colours, icc)
    elif container.gamma:
        colours = profile.from_gamma(colours, container.gamma, container.primaries)
    colours = colours.convert("RGB")
    if alpha:
        white = Image.new("RGB", colours.size, "white")
        white.paste(colours, mask=alpha)
        colours = white
    turn = TURNS.get(containers.orientation(exif))
    return np.asarray(colours if turn is None else colours.transpose(turn))


def _parted(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Part the colours, as mode L, RGB or CMYK, from the alpha of mode L, if there is any."""
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        values = np.asarray(image).astype(np.int32).clip(0, 65535)
        grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
        clear = image.info.get("transparency")
        if clear is None:
            return grey, None
        return grey, Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))
    greys = image.mode in {"1", "L", "LA", "La"}
    if image.has_transparency_data:
        whole = image.convert("LA" if greys else "RGBA")
        return whole.convert("L" if greys else "RGB"), whole.getchannel("A")
    kept = {"L", "RGB", "CMYK"}
    return (image if image.mode in kept else image.convert("L" if greys else "RGB")), None
