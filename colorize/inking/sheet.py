"""A contact sheet of synthetic pages, to look at before a training."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking import foreign
from colorize.inking.page import Inked, Inker

COLUMNS = ("picture", "toned", "toned", "toned", "lines", "foreign", "target of the third")
HEADER, GAP = 24, 4


def sheet(pictures: Sequence[NDArray[np.uint8]], inker: Inker, *, seed: int = 0) -> bytes:
    """Lay out each picture in a row, with the pages that are made of it.

    Args:
        pictures: each (H, W, 3) uint8 sRGB; the first one's size is that of all cells.
        inker: makes the pages.
        seed: first number of each page's key.

    Returns:
        A PNG; its columns are `COLUMNS`.
    """
    height, width = pictures[0].shape[:2]
    rows = [_row(rgb, inker, seed, number) for number, rgb in enumerate(pictures)]
    out = np.full(
        (HEADER + len(rows) * (height + GAP), len(COLUMNS) * (width + GAP), 3), 255, np.uint8
    )
    for column, title in enumerate(COLUMNS):
        left = column * (width + GAP)
        at = (left + 4, HEADER - 8)
        cv2.putText(out, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        for number, row in enumerate(rows):
            top = HEADER + number * (height + GAP)
            cell = cv2.resize(row[column], (width, height), interpolation=cv2.INTER_AREA)
            out[top : top + height, left : left + width] = cell
    _, png = cv2.imencode(".png", out[..., ::-1])
    return png.tobytes()


def _row(rgb: NDArray[np.uint8], inker: Inker, seed: int, number: int) -> list[NDArray[np.uint8]]:
    toned = [inker.ink(rgb, [seed, epoch, number]) for epoch in range(3)]
    drawn = inker.ink(rgb, [seed, 0, number], kind="lines")
    other = foreign.ink(rgb, [seed, number])
    pages: list[Inked] = [*toned, drawn, other]
    return [rgb, *(np.repeat(p.page[..., None], 3, -1) for p in pages), toned[-1].target]
