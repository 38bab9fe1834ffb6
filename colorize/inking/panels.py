"""Panel borders and the white gutters between panels."""

import cv2
import numpy as np

from colorize.inking.overlay import Overlay
from colorize.inking.params import InkingParams
from colorize.inking.subpixel import SHIFT, fixed

LONG = 4.0
"""Length of a gutter in sides of the picture: it crosses it, however it leans."""


def add(
    overlay: Overlay, rng: np.random.Generator, params: InkingParams, *, unit: float = 1.0
) -> None:
    """Draw gutters with their borders onto an overlay by chance.

    Args:
        overlay: drawn on.
        rng: draws how many, where, and how they lean.
        params: the chance.
        unit: pixels that a thin line is wide.
    """
    if rng.random() >= params.panel_chance:
        return
    height, width = overlay.paper.shape
    line = max(1, round(unit * rng.uniform(0.7, 1.8)))
    lean = rng.normal(0, 0.12) if rng.random() < 0.3 else 0.0
    # Sides that the panel ends at, seen from within: left, right, top, bottom.
    ends = rng.random(4) < 0.35
    margins = unit * rng.uniform(2, 10, 4)
    for end, margin, (x, y, turn) in zip(
        ends,
        margins,
        [(0, height / 2, 0), (width, height / 2, 0), (width / 2, 0, 1), (width / 2, height, 1)],
        strict=True,
    ):
        if end:
            _gutter(overlay, (x, y), turn * np.pi / 2 + lean, 2 * margin, line)
    if rng.random() < 0.4 or not ends.any():
        at = (width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.8))
        across = float(rng.integers(2)) * np.pi / 2
        _gutter(overlay, at, across + lean, unit * rng.uniform(3, 12), line)


def _gutter(
    overlay: Overlay, centre: tuple[float, float], turn: float, width: float, line: int
) -> None:
    """Draw a band through ``centre``; at turn 0 it runs down."""
    along = np.array([-np.sin(turn), np.cos(turn)]) * LONG * max(overlay.paper.shape)
    across = np.array([np.cos(turn), np.sin(turn)]) * width / 2
    corners = [-along - across, along - across, along + across, -along + across]
    band = fixed(np.asarray(corners) + centre)
    cleared = np.zeros_like(overlay.paper)
    cv2.fillPoly(cleared, [band], 255, cv2.LINE_AA, SHIFT)
    np.minimum(overlay.ink, 255 - cleared, out=overlay.ink)
    np.maximum(overlay.paper, cleared, out=overlay.paper)
    np.maximum(overlay.gutter, cleared, out=overlay.gutter)
    for start, stop in ((0, 1), (2, 3)):
        edge = [band[[start, stop]]]
        cv2.polylines(overlay.ink, edge, False, 255, line, cv2.LINE_AA, SHIFT)
