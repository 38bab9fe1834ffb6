"""Points in OpenCV's fixed point, so that shapes begin and end between pixels."""

import numpy as np
from numpy.typing import NDArray

SHIFT = 4
"""Bits after the point: sixteenths of a pixel."""


def fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Round points in pixels, of any shape, to what OpenCV takes with a shift of `SHIFT`."""
    return np.asarray(np.rint(points * (1 << SHIFT)), np.int32)
