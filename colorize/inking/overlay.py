"""Draws over the art of a page: white paper first, then ink."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Overlay:
    """Paper and ink over a picture (H, W), each (H, W) uint8: 255 covers, 0 lets through.

    Attributes:
        paper: white, laid first.
        ink: black, laid over it.
        balloon: paper of balloons alone.
        gutter: paper of gutters alone.
    """

    paper: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    balloon: NDArray[np.uint8]
    gutter: NDArray[np.uint8]

    @classmethod
    def empty(cls, height: int, width: int) -> "Overlay":
        """Cover nothing."""
        return cls(*np.zeros((4, height, width), np.uint8))

    def paste(self, paper: NDArray[np.uint8], ink: NDArray[np.uint8], top: int, left: int) -> None:
        """Lay a balloon (h, w) uint8 at (top, left), which may lie partly outside."""
        height, width = self.paper.shape
        rows = slice(max(top, 0), min(top + len(paper), height))
        columns = slice(max(left, 0), min(left + paper.shape[1], width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        part = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        # Black ink below is covered by the balloon's paper.
        under = self.ink[rows, columns]
        under[:] = cv2.multiply(under, 255 - paper[part], scale=1 / 255)
        np.maximum(under, ink[part], out=under)
        for plane in (self.paper, self.balloon):
            np.maximum(plane[rows, columns], paper[part], out=plane[rows, columns])
        kept = self.gutter[rows, columns]
        np.minimum(kept, 255 - paper[part], out=kept)
