"""CIEDE2000, the CIE's formula for how different two colours look.

Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes", 2005; CIE 142.
Hues are kept as unit vectors: the mean hue is the direction of their sum, their distance is
2 sin(dh / 2), and functions of multiples of the mean hue follow from its cosine. So of the
formula's dozen trigonometric functions two are left.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TINY = np.float32(1e-30)
_CHROMA_7 = np.float32(25.0**7)


def ciede2000(lab: Floats, other: Floats) -> Floats:
    """Colour difference of Lab colours, with all three weights 1.

    Args:
        lab: (3, n) float32 planes of L, a and b.
        other: (3, n) likewise.

    Returns:
        (n,) float32; about 1 can just be told apart, black and white differ by 100.
    """
    (l1, a1, b1), (l2, a2, b2) = lab, other
    stretch = np.float32(1.5) - np.float32(0.5) * _share_of_chroma(
        (np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) / 2
    )
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    chroma = (c1 + c2) / 2
    # Of a colour without chroma the hue is undefined, and the mean is the other one's.
    i1, i2 = 1 / np.maximum(c1, _TINY), 1 / np.maximum(c2, _TINY)
    x1, y1, x2, y2 = a1 * i1, b1 * i1, a2 * i2, b2 * i2
    tone, rotation = _of_mean_hue(x1 + x2, y1 + y2)
    hue = np.sqrt(c1 * c2 * ((x2 - x1) ** 2 + (y2 - y1) ** 2))
    np.copysign(hue, x1 * y2 - x2 * y1, out=hue)
    middle = (l1 + l2) / 2 - 50
    middle *= middle
    light = (l2 - l1) / (1 + np.float32(0.015) * middle / np.sqrt(20 + middle))
    colour = (c2 - c1) / (1 + np.float32(0.045) * chroma)
    hue /= 1 + np.float32(0.015) * chroma * tone
    rotation *= 2 * _share_of_chroma(chroma)
    total = light * light + colour * colour + hue * hue - rotation * colour * hue
    difference: Floats = np.sqrt(np.maximum(total, 0))
    return difference


def _share_of_chroma(chroma: Floats) -> Floats:
    """sqrt(C^7 / (C^7 + 25^7)), of the formula's G and R_C."""
    squared = chroma * chroma
    seventh = squared * squared * squared * chroma
    share: Floats = np.sqrt(seventh / (seventh + _CHROMA_7))
    return share


def _of_mean_hue(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """T, and the sine of R_T, of the mean hue h, given as a vector of any length.

    T = 1 - .17 cos(h - 30) + .24 cos 2h + .32 cos(3h + 6) - .20 cos(4h - 63), in degrees; the
    rotation is sin(60 exp(-((h - 275) / 25)^2)).
    """
    length = 1 / np.maximum(np.sqrt(x * x + y * y), _TINY)
    c, s = x * length, y * length
    c2, s2 = c * c - s * s, 2 * c * s
    tone: Floats = np.multiply(c2, 0.24, dtype=np.float32)
    tone += 1
    for cosine, sine, weight, degrees in (
        (c, s, -0.17, 30),
        (c2 * c - s2 * s, s2 * c + c2 * s, 0.32, -6),
        (c2 * c2 - s2 * s2, 2 * c2 * s2, -0.20, 63),
    ):
        turn = np.deg2rad(degrees)
        tone += np.float32(weight * np.cos(turn)) * cosine
        tone += np.float32(weight * np.sin(turn)) * sine
    # Measured from 275 degrees, so that the angle needs no unwrapping: it counts only near 0.
    turn = np.deg2rad(275)
    along = np.float32(np.cos(turn)) * c + np.float32(np.sin(turn)) * s
    across = np.float32(np.cos(turn)) * s - np.float32(np.sin(turn)) * c
    away = np.arctan2(across, along) / np.float32(np.deg2rad(25))
    rotation: Floats = np.sin(np.float32(np.pi / 3) * np.exp(-away * away))
    return tone, rotation
