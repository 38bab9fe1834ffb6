"""Bytes of a picture file -> checked sRGB pixels -> a square of the data set.

Every reason for which a picture is left out is an `ImageError` with a word to count it by.
"""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from colorize.colour import lab
from colorize.errors import ImageError

RGB: TypeAlias = NDArray[np.uint8]
Framing: TypeAlias = Literal["crop", "pad"]

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
"""What is decoded; a JPEG with a second view opens as Pillow's MPO and counts as one picture."""

MID_TONES = (5.0, 97.0)
"""L between which a colour is told from ink and paper, and from a sepia scan's clipped white."""
TONE_DEGREE = 3


REASONS = ("too_many_bytes", "too_many_pixels", "unreadable", "animated", "grey", "duplicate")
"""Every reason for which a picture can be left out."""


def read(path: Path, *, max_bytes: int) -> bytes:
    """Read a picture file, unless it is missing or larger than ``max_bytes``.

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


def decode(content: bytes, *, max_pixels: int) -> RGB:
    """Decode one still picture to upright sRGB; transparency is laid on white.

    Args:
        content: bytes of a JPEG, PNG, WebP or AVIF file, of any mode: grey, palette, 16-bit, CMYK.
        max_pixels: refused *before* decoding when the header announces more.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        ImageError: ``unreadable``, ``animated`` or ``too_many_pixels``.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns at its own limit of pixels and of damaged metadata; ours is checked here.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise ImageError("too_many_pixels", f"{width} x {height} pixels")
                frames = getattr(image, "n_frames", 1)
                if frames > 1 and image.format != "MPO":
                    raise ImageError("animated", f"{frames} frames")
                image.load()
                return _srgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as error:
        raise ImageError("too_many_pixels", str(error)) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise ImageError("unreadable", str(error) or type(error).__name__) from None


def _srgb(image: Image.Image) -> RGB:
    """Bring any mode that Pillow decodes to (H, W, 3) uint8 sRGB on white."""
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        grey = np.asarray(image, np.float64) / 257
        return np.repeat(np.rint(grey).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    image = _from_profile(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))


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


def check_chroma(rgb: RGB, *, at_least: float) -> None:
    """Refuse a grey or sepia picture, which would teach that everything is grey.

    Raises:
        ImageError: ``grey``.
    """
    measured = chroma(rgb)
    if measured < at_least:
        raise ImageError("grey", f"chroma {measured:.2f} beyond its tones")


class Duplicates:
    """Remembers every picture by its pixels and refuses one that it has seen."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def check(self, rgb: RGB) -> None:
        """Remember a picture.

        Raises:
            ImageError: ``duplicate``.
        """
        digest = hashlib.sha256(rgb.tobytes()).digest()
        if digest in self._seen:
            raise ImageError("duplicate", "the same pixels as an earlier picture")
        self._seen.add(digest)


def chroma(rgb: RGB) -> float:
    """Measure the colour that a picture's tones do not explain: near 0 for grey *and* for sepia.

    A grey scan, a tinted paper and a sepia print all give each L one colour. So ab is fitted by a
    cubic curve of L over the mid-tones, and what is left counts. Real illustrations leave 4 and
    more, sepia copies of the same 0.4 to 1.4.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Root mean square distance from the fitted tone curve, in units of ab.
    """
    pixels = lab.rgb_to_lab(rgb).reshape(-1, 3)
    low, high = MID_TONES
    pixels = pixels[(pixels[:, 0] > low) & (pixels[:, 0] < high)]
    if len(pixels) == 0:
        return 0.0
    powers = np.polynomial.chebyshev.chebvander(pixels[:, 0] / 50 - 1, TONE_DEGREE)  # (n, 4)
    curve = np.linalg.lstsq(powers, pixels[:, 1:], rcond=None)[0]  # (4, 2)
    rest = pixels[:, 1:] - powers @ curve
    return float(np.sqrt((rest**2).sum(axis=1).mean()))
