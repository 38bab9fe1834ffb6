"""Frames a picture to squares of the data set."""

from itertools import product
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np

from colorize.imaging.decode import RGB
from colorize.ingest import gutters
from colorize.ingest.gutters import Box

Framing: TypeAlias = Literal["crop", "pad", "panels"]
"""How a picture that is no square becomes one, or several."""

Cut: TypeAlias = Literal["whole", "panels", "overlap"]
"""Where a picture was cut: not at all, along its panels, or into squares that overlap."""
CUTS: tuple[Cut, ...] = get_args(Cut)

MOST = 16
"""Squares of a picture; of more, as a long strip has, every second, third and so on is taken."""
ENOUGH = 0.75
"""Shorter side of a panel from which on it is used, in sides of a square: none is enlarged more."""
PART = 0.6
"""Sides of the squares of a picture without gutters, in units of its shorter side."""
OVERLAP = 0.1
"""Of those squares, at least, in units of their sides."""
SLACK = 0.35
"""By how many sides a panel may be longer than its squares together, before another is cut."""


def squares(rgb: RGB, *, side: int, framing: Framing) -> tuple[Cut, list[RGB]]:
    """Bring a picture to squares of ``side`` x ``side`` without changing its proportions.

    Args:
        rgb: (H, W, 3) uint8.
        side: in pixels.
        framing: ``crop`` and ``pad`` as of `square`; ``panels`` cuts a page along its gutters, and
            a large picture that has none into squares that overlap; a small one it crops.

    Returns:
        Where it was cut, and 1 to `MOST` squares, each (side, side, 3) uint8.
    """
    if framing != "panels":
        return "whole", [square(rgb, side=side, framing=framing)]
    cut, boxes = _boxes(rgb, side)
    if cut == "whole":
        return cut, [square(rgb, side=side, framing="crop")]
    if len(boxes) > MOST:
        boxes = [boxes[n * len(boxes) // MOST] for n in range(MOST)]
    return cut, [_resized(box.of(rgb), side, side) for box in boxes]


def square(rgb: RGB, *, side: int, framing: Literal["crop", "pad"]) -> RGB:
    """Bring a picture to one square of ``side`` x ``side`` without changing its proportions.

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


def _boxes(rgb: RGB, side: int) -> tuple[Cut, list[Box]]:
    """Choose the squares of a picture, in its own pixels."""
    height, width = rgb.shape[:2]
    if max(height, width) >= 1.5 * side:
        panels = gutters.panels(rgb)
        usable = [box for box in panels if min(box.height, box.width) >= ENOUGH * side]
        if usable:
            return "panels", [part for box in usable for part in _row(box)]
    part = round(PART * min(height, width))
    if part < side:
        return "whole", []
    tops, lefts = (_overlapping(n, part) for n in (height, width))
    return "overlap", [Box(y, x, y + part, x + part) for y, x in product(tops, lefts)]


def _row(panel: Box) -> list[Box]:
    """Cut a panel into squares as high as it is, or as wide; a nearly square one into one."""
    part = min(panel.height, panel.width)
    count = max(1, int(np.ceil(max(panel.height, panel.width) / part - SLACK)))
    tops = [panel.top + n for n in _spread(panel.height, part, count)]
    lefts = [panel.left + n for n in _spread(panel.width, part, count)]
    return [Box(y, x, y + part, x + part) for y, x in product(tops, lefts)]


def _overlapping(length: int, part: int) -> list[int]:
    """Where parts begin that cover a length and overlap."""
    count = 1 + int(np.ceil((length - part) / (part * (1 - OVERLAP))))
    return _spread(length, part, count)


def _spread(length: int, part: int, count: int) -> list[int]:
    """Where parts begin that are spread over a length; a single one, or all of it, once."""
    free = length - part
    if count == 1 or not free:
        return [free // 2]
    return [round(n * free / (count - 1)) for n in range(count)]


def _resized(rgb: RGB, width: int, height: int) -> RGB:
    """Area-averaged when it shrinks, bicubic when it grows."""
    if (width, height) == rgb.shape[1::-1]:
        return rgb
    shrinks = width * height < rgb.shape[0] * rgb.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=method), np.uint8)
