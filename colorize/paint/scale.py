"""Chooses the sizes at which the network sees a page and its panels, by the size of the panels.

A network learns from pictures of about one panel each. A page that is as small as one of them shows
it figures of a few pixels.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.ingest import gutters
from colorize.ingest.gutters import Box

PANEL = 1.0
"""Side of a panel in what a network says of a page, in sides of the pictures it was trained on."""
MOST = 2.5
"""Side of that page at most, in the same units: time grows by the square."""
SEEN_PIXELS = 1 << 20
"""Pixels at most of a page as the network sees it, and of all its panels together."""
LONGEST = 3.0
"""Long side over short side up to which a page is searched for panels: longer ones are strips."""


def panels_of(page: NDArray[Any], *, white: float = 255) -> list[Box]:
    """Find the panels of a page (H, W) in which white paper is ``white``: see `gutters.panels`.

    A strip has none.
    """
    height, width = page.shape
    if max(height, width) > LONGEST * min(height, width):
        return []
    scale = min(1.0, gutters.SEEN / min(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        page = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    if page.dtype != np.uint8 or white != 255:
        page = np.rint(page * (255 / white)).astype(np.uint8)
    return [box.scaled(1 / scale) for box in gutters.panels(page)]


def side_of(shape: tuple[int, ...], side: int, panels: Sequence[Box]) -> int:
    """Choose the short side, in pixels, of a page for what a network says of it.

    Args:
        shape: height and width of the page.
        side: of the pictures that the network was trained on.
        panels: of the page.

    Returns:
        ``side`` for a page without gutters, more for one of several panels.
    """
    short = min(shape[:2])
    if short <= side or not panels:
        return side
    typical = float(np.median([np.sqrt(box.height * box.width) for box in panels]))
    return round(side * float(min(max(PANEL * short / typical, 1.0), MOST)))


def sizes_of(panels: Sequence[Box], shape: tuple[int, ...], side: int) -> list[tuple[int, int]]:
    """Choose the height and width, in pixels, at which a network sees each panel.

    Between the square root of a panel's area and its short side, the middle is as long as the
    pictures that the network was trained on.

    Args:
        panels: of the page.
        shape: height and width of the page, which is enlarged for small panels no more than a page
            as small as that would be as a whole.
        side: of those pictures.
    """
    sizes = []
    for box in panels:
        short, long = sorted((box.height, box.width))
        scale = min(side / (short**0.75 * long**0.25), max(1.0, side / min(shape[:2])))
        sizes.append((box.height * scale, box.width * scale))
    total = sum(height * width for height, width in sizes)
    shrink = min(1.0, (SEEN_PIXELS / max(1.0, total)) ** 0.5)
    return [
        (max(1, round(height * shrink)), max(1, round(width * shrink))) for height, width in sizes
    ]
