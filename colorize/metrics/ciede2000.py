"""CIEDE2000, the CIE's formula for how different two colours look.

Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes", 2005; CIE 142.
Hues are kept as unit vectors: the mean hue is the direction of their sum, their distance is
2 sin(dh / 2), and functions of multiples of the mean hue follow from its cosine. So of the
formula's dozen trigonometric functions two are left.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCK = 1 << 14
"""Colours at a time, whose three dozen intermediate numbers fit into a core's cache."""

_TINY = np.float32(1e-30)
_CHROMA_7 = np.float32(25.0**7)

# T is a sum of weight * cos(k h - phase), k = 1..4: by Chebyshev's polynomials of the first and the
# second kind, one polynomial of cos h and one that is multiplied by sin h.
_WEIGHT, _PHASE = np.array([-0.17, 0.24, 0.32, -0.20]), np.deg2rad([30, 0, -6, 63])
_C1, _C2, _C3, _C4 = _WEIGHT * np.cos(_PHASE)
_S1, _S2, _S3, _S4 = _WEIGHT * np.sin(_PHASE)
_EVEN = np.array([1 - _C2 + _C4, _C1 - 3 * _C3, 2 * _C2 - 8 * _C4, 4 * _C3, 8 * _C4], np.float32)
_ODD = np.array([_S1 - _S3, 2 * _S2 - 4 * _S4, 4 * _S3, 8 * _S4], np.float32)
_COS_275, _SIN_275 = np.float32(np.cos(np.deg2rad(275))), np.float32(np.sin(np.deg2rad(275)))


def ciede2000(lab: Floats, other: Floats) -> Floats:
    """Colour difference of Lab colours, with all three weights 1.

    Args:
        lab: (3, n) float32 planes of L, a and b.
        other: (3, n) likewise.

    Returns:
        (n,) float32; about 1 can just be told apart, black and white differ by 100.
    """
    found: Floats = np.empty(lab.shape[1], np.float32)
    for start in range(0, found.size, BLOCK):
        block = slice(start, start + BLOCK)
        found[block] = _of_block(lab[:, block], other[:, block])
    return found


def _of_block(lab: Floats, other: Floats) -> Floats:
    (l1, a1, b1), (l2, a2, b2) = lab, other
    mean_chroma = np.float32(0.5) * (_length(a1, b1) + _length(a2, b2))
    stretch = np.float32(1.5) - np.float32(0.5) * _share_of_chroma(mean_chroma)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = _length(a1, b1), _length(a2, b2)
    chroma = np.float32(0.5) * (c1 + c2)
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


def _length(x: Floats, y: Floats) -> Floats:
    """Lengths of vectors. ``cv2.magnitude`` is no faster, and rounds by where arrays begin."""
    squared = x * x
    squared += y * y
    length: Floats = np.sqrt(squared, out=squared)
    return length


def _polynomial(coefficients: Floats, x: Floats) -> Floats:
    """By Horner's scheme, in place: numpy's own makes new arrays and is half as fast."""
    total: Floats = coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= x
    total += coefficients[0]
    return total


def _share_of_chroma(chroma: Floats) -> Floats:
    """sqrt(C^7 / (C^7 + 25^7)), of the formula's G and R_C."""
    squared = chroma * chroma
    seventh = squared * squared
    seventh *= squared
    seventh *= chroma
    seventh /= seventh + _CHROMA_7
    share: Floats = np.sqrt(seventh)
    return share


def _of_mean_hue(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """T, and the sine of R_T, of the mean hue h, given as a vector of any length.

    T = 1 - .17 cos(h - 30) + .24 cos 2h + .32 cos(3h + 6) - .20 cos(4h - 63), in degrees; the
    rotation is sin(60 exp(-((h - 275) / 25)^2)).
    """
    shrink = np.reciprocal(np.maximum(_length(x, y), _TINY))
    c, s = x * shrink, y * shrink
    tone = _polynomial(_EVEN, c)
    tone += s * _polynomial(_ODD, c)
    # Measured from 275 degrees, so that the angle needs no unwrapping: it counts only near 0.
    along, across = _COS_275 * c + _SIN_275 * s, _COS_275 * s - _SIN_275 * c
    away = np.arctan2(across, along)
    away *= away
    away *= -1 / np.deg2rad(25) ** 2
    np.maximum(away, -80, out=away)  # a denormal exponential would be slow
    return tone, np.sin(np.float32(np.pi / 3) * np.exp(away))
