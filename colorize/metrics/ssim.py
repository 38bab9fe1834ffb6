"""Structural similarity (SSIM) of 8-bit pictures, in whole numbers as far as possible.

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
    """Of one channel over the window around each pixel; those at the border are not whole.

    Attributes:
        channel: (H, W) uint8.
        sums: (H, W) int32.
        squared: (H, W) int32, the sums' squares.
        spread: (H, W) int32, 49 times the sum of squares, less the sum's square.
    """

    channel: NDArray[np.uint8]
    sums: NDArray[np.int32]
    squared: NDArray[np.int32]
    spread: NDArray[np.int32]


def moments(rgb: NDArray[np.uint8]) -> list[Moments]:
    """Take the moments of an (H, W, 3) uint8 picture, once for all that is compared with it."""
    return [_moments(np.asarray(channel, np.uint8)) for channel in cv2.split(rgb)]


def ssim(of_rgb: list[Moments], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity, -1..1, of two pictures, channel by channel.

    Args:
        of_rgb: the moments of one of them.
        other: (H, W, 3) uint8, the other one.
    """
    pairs = zip(of_rgb, cv2.split(other), strict=True)
    return float(np.mean([_similarity(x, _moments(np.asarray(y, np.uint8))) for x, y in pairs]))


def _moments(channel: NDArray[np.uint8]) -> Moments:
    sums = _windows(channel)
    squared = sums * sums
    return Moments(channel, sums, squared, _products(channel, channel) - squared)


def _similarity(x: Moments, y: Moments) -> float:
    """Mean similarity over the windows that lie inside.

    With n = 49 pixels, sums X and Y, products P = n sum(xy) - XY and spreads V of a window, it is

        4 (XY + n^2 C1 / 2) (P + n^2 C2 / 2s) / ((X^2 + Y^2 + n^2 C1) (Vx + Vy + n^2 C2 / s)),

    where s = n / (n - 1) makes variances those of a sample. X, Y, P and V are whole numbers, and
    are rounded to float32 after the subtraction.
    """
    crossed = x.sums * y.sums
    joint = _products(x.channel, y.channel) - crossed
    bias, noise = np.float32(_C1 * _PIXELS**2), np.float32(_C2 * _PIXELS**2 / _SAMPLE)
    similar = _plus(crossed, bias / 2)
    similar *= _plus(joint, noise / 2)
    similar /= _plus(x.squared + y.squared, bias) * _plus(x.spread + y.spread, noise)
    edge = WINDOW // 2
    whole = similar[edge:-edge, edge:-edge]
    return 4 * cv2.sumElems(whole)[0] / whole.size


def _plus(whole: NDArray[np.int32], constant: np.float32) -> NDArray[np.float32]:
    rounded = whole.astype(np.float32)
    rounded += constant
    return rounded


def _products(channel: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int32]:
    """49 times the sums of products over windows."""
    sums = _windows(np.multiply(channel, other, dtype=np.uint16))
    sums *= _PIXELS
    return sums


def _windows(values: NDArray[np.generic]) -> NDArray[np.int32]:
    """Sums over the windows around all pixels, exact."""
    size = (WINDOW, WINDOW)
    summed = cv2.boxFilter(values, cv2.CV_32S, size, normalize=False)  # type: ignore[arg-type]
    return np.asarray(summed, np.int32)
