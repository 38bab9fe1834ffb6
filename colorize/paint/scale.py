"""Chooses the size at which the network sees a page, by the size of its panels.

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

PANEL = 1.25
"""Side of a panel as the network sees it, in sides of the pictures it was trained on."""
MOST = 2.5
"""Side of a page as the network sees it at most, in the same units: time grows by the square."""
LONGEST = 3.0
"""Long side over short side up to which a page is searched for panels: longer ones are strips."""


def panels_of(page: NDArray[Any], *, white: float = 255) -> list[Box]:
    """Find the panels of a page (H, W) in which white paper is ``white``: see `gutters.panels`."""
    height, width = page.shape
    scale = min(1.0, gutters.SEEN / min(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        page = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    if page.dtype != np.uint8 or white != 255:
        page = np.rint(page * (255 / white)).astype(np.uint8)
    return [box.scaled(1 / scale) for box in gutters.panels(page)]


def side_of(
    page: NDArray[Any], side: int, *, white: float = 255, panels: Sequence[Box] | None = None
) -> int:
    """Choose the short side, in pixels, at which a network sees a page.

    Args:
        page: (H, W), its values or its lightness.
        side: of the pictures that the network was trained on.
        white: what white paper is in it; black is 0.
        panels: of the page, where `panels_of` found them already.

    Returns:
        ``side`` for a page without gutters, more for one of several panels.
    """
    short, long = sorted(page.shape)
    if short <= side or long > LONGEST * short:
        return side
    if panels is None:
        panels = panels_of(page, white=white)
    if not panels:
        return side
    typical = float(np.median([np.sqrt(box.height * box.width) for box in panels]))
    return round(side * float(min(max(PANEL * short / typical, 1.0), MOST)))
