"""Bytes of a picture file -> checked sRGB pixels -> a square of the data set.

Every reason for which a picture is left out is an `ImageError` with a word to count it by.
"""

import io
import re
import warnings
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps

from colorize.errors import ImageError

RGB: TypeAlias = NDArray[np.uint8]
Framing: TypeAlias = Literal["crop", "pad"]

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
"""What is decoded; a JPEG with a second view opens as Pillow's MPO and counts as one picture."""

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

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""What ends a JPEG's scan: a marker other than those that divide it."""
END = b"\xff\xd9"
"""The marker that ends a JPEG."""

REASONS = ("too_many_bytes", "too_many_pixels", "unreadable", "changed", "animated", "grey")
"""Every reason for which a picture can be left out by itself."""


def read(path: Path, *, max_bytes: int) -> bytes:
    """Read a picture file, unless it is missing or larger than ``max_bytes``.

    Args:
        path: of the file.
        max_bytes: of it.

    Raises:
        ImageError: ``unreadable`` or ``too_many_bytes``.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise ImageError("too_many_bytes", f"{size} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ImageError("unreadable", str(error)) from None


def decode(content: bytes, *, max_pixels: int, side: int = 0) -> RGB:
    """Decode one still picture to upright sRGB; transparency is laid on white.

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
    try:
        with warnings.catch_warnings():
            # Pillow warns at its own limit of pixels and of damaged metadata; ours is checked here.
            warnings.simplefilter("ignore")
            with _opened(content, max_pixels) as image:
                scale = _scale(image, side) if side else 1
                rgb = _pixels(image, content, scale)
                if scale == 1 or _detail(rgb) < FINE_DETAIL:
                    return rgb
                return _pixels(_opened(content, max_pixels), content, 1)
    except Image.DecompressionBombError as error:
        raise ImageError("too_many_pixels", str(error)) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise ImageError("unreadable", str(error) or type(error).__name__) from None


def _opened(content: bytes, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header and refuse what it announces; no pixel is decoded yet."""
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError("too_many_pixels", f"{width} x {height} pixels")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise ImageError("animated", f"{frames} frames")
    return image


def _scale(image: Image.Image, side: int) -> int:
    """Choose s, for a JPEG to be decoded at 1/s of its size, so that enough is left."""
    if image.format not in ("JPEG", "MPO"):
        return 1
    short = min(image.size)
    return next((s for s in (8, 4, 2) if short >= s * max(s, SPARE) * side), 1)


def _pixels(image: ImageFile.ImageFile, content: bytes, scale: int) -> RGB:
    """Decode at 1/scale of the size: OpenCV is faster, Pillow knows every kind and says why not."""
    if _is_plain(image, content):
        rgb = cv2.imdecode(np.frombuffer(content, np.uint8), AT_SCALE[scale])
        if rgb is not None:
            return np.asarray(rgb, np.uint8)
    if scale > 1:
        width, height = image.size
        image.draft(None, (width // scale, height // scale))
    return _srgb(image)


def _is_plain(image: ImageFile.ImageFile, content: bytes) -> bool:
    """Tell a JPEG of upright sRGB in one scan, which nothing follows but the marker of the end.

    OpenCV decodes it to the same pixels as Pillow, and refuses the same files; with other markers
    behind the scan it takes some that Pillow finds damaged.
    """
    if (image.format, image.mode) != ("JPEG", "RGB") or "icc_profile" in image.info:
        return False
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1 or image.fp is None:
        return False
    marker = MARKER.search(content, image.fp.tell())
    return marker is not None and content[marker.start() :] == END


def _detail(rgb: RGB) -> float:
    """Measure the finest detail, which reduced decoding would change, on 3 of every 47 rows.

    A prime, lest a screentone's period hide it.
    """
    if len(rgb) < 47:
        return np.inf  # too little to tell
    rows = rgb[: len(rgb) // 47 * 47].reshape(-1, 47, *rgb.shape[1:])[:, :3].astype(np.int16)
    across = rows[:, :, 2:] - 2 * rows[:, :, 1:-1] + rows[:, :, :-2]
    down = rows[:, 2] - 2 * rows[:, 1] + rows[:, 0]
    squares = (cv2.norm(d.reshape(len(d), -1), cv2.NORM_L2SQR) / d.size for d in (across, down))
    return float(np.sqrt(sum(squares)))


def _srgb(image: Image.Image) -> RGB:
    """Decode, and bring any mode that Pillow knows to upright (H, W, 3) uint8 sRGB on white."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        grey = np.asarray(image, np.float64) / 257
        return np.repeat(np.rint(grey).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    image = _from_profile(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _from_profile(image: Image.Image) -> Image.Image:
    """Apply an embedded ICC profile where it fits the pixels; a broken one is taken for sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "CMYK", "L"}:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    return image if converted is None else converted


def square(rgb: RGB, *, side: int, framing: Framing) -> RGB:
    """Bring a picture to ``side`` x ``side`` without changing its proportions.

    Args:
        rgb: (H, W, 3) uint8.
        side: in pixels.
        framing: ``crop`` keeps the top of a tall picture (faces are there) and the centre of a wide
            one; ``pad`` keeps all of it and fills up with white, the colour of paper.

    Returns:
        (side, side, 3) uint8.
    """
    height, width = rgb.shape[:2]
    short, long = sorted((height, width))
    if framing == "crop":
        left = (width - short) // 2
        return _resized(rgb[:short, left : left + short], side, side)
    scale = side / long
    fitted = _resized(rgb, max(1, round(width * scale)), max(1, round(height * scale)))
    top, left = ((side - n) // 2 for n in fitted.shape[:2])
    out = np.full((side, side, 3), 255, np.uint8)
    out[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return out


def _resized(rgb: RGB, width: int, height: int) -> RGB:
    """Area-averaged when it shrinks, bicubic when it grows."""
    if (width, height) == rgb.shape[1::-1]:
        return rgb
    shrinks = width * height < rgb.shape[0] * rgb.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=method), np.uint8)
