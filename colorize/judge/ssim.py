"""Structural similarity of 8-bit pictures, by whole numbers as far as they reach.

Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004, with a flat window of 7 pixels
and sample covariances: what scikit-image computes by default. Sums over a window of 49 products of
bytes, and their products, fit into 32 bits, so nothing is lost where variances are differences of
large numbers.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 7
"""Side of the window in pixels; a picture has to have as many."""

_PIXELS = WINDOW**2
_SAMPLE = _PIXELS / (_PIXELS - 1)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class Moments(NamedTuple):
    """Of every channel over every window that lies in the picture whole.

    Attributes:
        sums: (H - 6, W - 6, 3) int32.
        spread: (H - 6, W - 6, 3) int32, 49 times the sum of squares, less the sum's square.
    """

    sums: NDArray[np.int32]
    spread: NDArray[np.int32]


def moments(rgb: NDArray[np.uint8]) -> Moments:
    """Take the moments of an (H, W, 3) uint8 picture, once for all that is compared with it."""
    sums = _windows(rgb)
    return Moments(sums, _PIXELS * _windows(_product(rgb, rgb)) - sums * sums)


def ssim(rgb: NDArray[np.uint8], of_rgb: Moments, other: NDArray[np.uint8]) -> float:
    """Mean structural similarity, -1..1, of two (H, W, 3) uint8 pictures, channel by channel.

    Args:
        rgb: one of them.
        of_rgb: its moments.
        other: the other one.
    """
    x, x_spread = of_rgb
    y, y_spread = moments(other)
    xy = x * y
    joint = _PIXELS * _windows(_product(rgb, other)) - xy
    # Numerators and denominators, multiplied by 49^2; variances lack the sample's factor.
    bias, noise = np.float32(_C1 * _PIXELS**2), np.float32(_C2 * _PIXELS**2 / _SAMPLE)
    squares = x * x
    squares += y * y
    x_spread = x_spread + y_spread
    similar = (2 * xy + bias) * (2 * joint + noise)
    similar /= (squares + bias) * (x_spread + noise)
    return float(similar.mean(dtype=np.float64))


def _windows(values: NDArray[np.generic]) -> NDArray[np.int32]:
    """Sums over all whole windows, exact."""
    edge = WINDOW // 2
    size = (WINDOW, WINDOW)
    summed = cv2.boxFilter(values, cv2.CV_32S, size, normalize=False)  # type: ignore[arg-type]
    inner: NDArray[np.int32] = np.asarray(summed, np.int32)[edge:-edge, edge:-edge]
    return inner


def _product(rgb: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return np.multiply(rgb, other, dtype=np.uint16)
