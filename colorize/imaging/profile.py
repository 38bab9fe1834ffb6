"""Converts a picture's colours to sRGB by its colour profile or its gamma and chromaticities."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

GAMMA = 1 / 2.2
"""Exponent that stands for the sRGB curve itself in files."""

SIGNIFICANT = 0.05
"""Relative difference from `GAMMA` up to which none is seen, as in libpng."""

PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""x and y of white, red, green and blue of sRGB."""

_NEAR = 0.005
_ROWS = 256
"""Rows that are converted at once, which bounds the memory."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""XYZ to the cones' answers, in which one white is adapted to another."""


def from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert by an ICC profile.

    A profile of greys is applied to colours that are all grey, and one of RGB to greys. One that is
    broken, or of another kind than the picture, is passed over as browsers do.

    Args:
        image: of mode L, RGB or CMYK.
        profile: bytes of the profile.

    Returns:
        A picture of mode RGB.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        fitted = _fitted(image, source.profile.xcolor_space.strip())
        if fitted is not None:
            converted = ImageCms.profileToProfile(
                fitted, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
    except (ImageCms.PyCMSError, OSError, ValueError):  # ValueError: names that are not ASCII
        pass
    return image.convert("RGB")


def _fitted(image: Image.Image, space: str) -> Image.Image | None:
    """Bring a picture to the mode of a profile's colours; None where it has others."""
    if space == "GRAY" and image.mode == "RGB":
        red, green, blue = image.split()
        equal = (ImageChops.difference(red, other).getbbox() is None for other in (green, blue))
        return red if all(equal) else None
    if space == "RGB" and image.mode == "L":
        return image.convert("RGB")
    return image if {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space) == image.mode else None


def from_gamma(image: Image.Image, gamma: float, primaries: Sequence[float]) -> Image.Image:
    """Convert by an exponent and by primaries, as PNG's chunks gAMA and cHRM state them.

    Args:
        image: of mode L or RGB.
        gamma: exponent by which light became values; below 0.1 and above 10 it is passed over.
        primaries: as `PRIMARIES`; those of sRGB where there are none or they are impossible.

    Returns:
        A picture of mode RGB.
    """
    matrix = _matrix(primaries) if primaries and image.mode == "RGB" else None
    same = abs(gamma / GAMMA - 1) <= SIGNIFICANT
    if not 0.1 <= gamma <= 10 or (same and matrix is None):
        return image.convert("RGB")
    values = np.linspace(0, 1, 256)
    light = _light(values) if same else values ** (1 / gamma)
    if matrix is None:
        table = np.rint(255 * _encoded(light)).astype(int).tolist()
        return image.point(table * len(image.getbands())).convert("RGB")
    encoded = np.rint(255 * _encoded(np.linspace(0, 1, 1 << 16))).astype(np.uint8)
    rgb = np.array(image)
    for top in range(0, len(rgb), _ROWS):
        mixed = light.astype(np.float32)[rgb[top : top + _ROWS]] @ matrix.T
        rgb[top : top + _ROWS] = encoded[np.rint(mixed.clip(0, 1) * 65535).astype(np.uint16)]
    return Image.fromarray(rgb)


def _matrix(primaries: Sequence[float]) -> NDArray[np.float32] | None:
    """From linear light of these primaries to that of sRGB; None where that changes nothing."""
    if np.abs(np.subtract(primaries, PRIMARIES)).max() <= _NEAR:
        return None
    try:
        (there, white), (here, ours) = _to_xyz(primaries), _to_xyz(PRIMARIES)
        scale = np.diag((_BRADFORD @ ours) / (_BRADFORD @ white))
        adapted = np.linalg.solve(_BRADFORD, scale @ _BRADFORD)
        matrix = np.linalg.solve(here, adapted @ there)
    except (ZeroDivisionError, np.linalg.LinAlgError):
        return None
    return matrix.astype(np.float32) if np.isfinite(matrix).all() else None


def _to_xyz(primaries: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From linear light to XYZ, (3, 3), and the XYZ of white, (3,)."""
    white, *colours = (
        np.array([x / y, 1, (1 - x - y) / y])
        for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    columns = np.stack(colours, axis=1)
    return columns * np.linalg.solve(columns, white), white


def _light(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """SRGB values to linear light, both in 0..1; IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light to sRGB values, both in 0..1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
