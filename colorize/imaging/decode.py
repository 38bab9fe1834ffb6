"""Decodes picture files to checked sRGB pixels: the one boundary to files that others made.

Every reason for which a picture is left out is an `ImageError` with a word to count it by. What a
codec does with a damaged file, whatever it raises, ends here.
"""

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFile, UnidentifiedImageError

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
    or the marker of the end, is passed over. Damaged pixels are refused where the file shows them:
    a PNG by its checksums, a JPEG where its codes end before its pixels do. Colour profiles are
    applied in every mode.

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
        image = _opened(container, max_pixels)
        if container.format == "PNG":
            png.check_pixels(container.stream)
        elif container.format == "JPEG":
            jpeg.check_scans(container.stream)
        scale = _scale(image, side) if side else 1
        _load(image, scale)
        if container.format == "JPEG":
            filled = replace(container, stream=jpeg.filled(container.stream))
            if not _is_same(image, _load(_opened(filled, max_pixels), scale)):
                fault = jpeg.DAMAGED if jpeg.END in content else "cut short"
                raise ImageError("unreadable", f"JPEG: {fault}")
        rgb = _srgb(image, container)
        if scale == 1 or _detail(rgb) < FINE_DETAIL:
            return rgb
        return _srgb(_opened(container, max_pixels), container)


class _Silence:
    """Ignores warnings while any thread is within.

    Python keeps one list of filters for all threads. Where each of them saved and restored it by
    itself, the last one could restore what another had set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._before = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._within == 0:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if self._within == 0:
                self._before.__exit__(None, None, None)


_SILENCE = _Silence()
"""One for the process, as the filters are."""


@contextmanager
def _boundary() -> Iterator[None]:
    """Turn whatever a codec raises into an `ImageError` whose words are the same every time."""
    try:
        # Pillow warns at its own limit of pixels and of damaged metadata; ours is checked here.
        with _SILENCE:
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError("too_many_pixels", "far more pixels than any picture has") from None
    except MemoryError:
        raise ImageError("too_many_pixels", "too large for this machine's memory") from None
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


def _scale(image: Image.Image, side: int) -> int:
    """Choose s, for a JPEG to be decoded at 1/s of its size, so that enough is left."""
    if image.format != "JPEG":
        return 1
    short = min(image.size)
    return next((s for s in (8, 4, 2) if short >= s * max(s, SPARE) * side), 1)


def _load(image: ImageFile.ImageFile, scale: int) -> ImageFile.ImageFile:
    """Decode at 1/scale of the size."""
    if scale > 1:
        image.draft(None, (image.width // scale, image.height // scale))
    image.load()
    return image


def _is_same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox(alpha_only=False) is None


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
