"""Frames a picture to a square of the data set."""

from typing import Literal, TypeAlias

import cv2
import numpy as np

from colorize.imaging.decode import RGB

Framing: TypeAlias = Literal["crop", "pad"]
"""How a picture that is no square becomes one."""


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
