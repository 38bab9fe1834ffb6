import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking.page import Inker
from colorize.inking.sheet import COLUMNS, GAP, HEADER, sheet


def test_a_row_for_each_picture(inker: Inker, figure: NDArray[np.uint8]) -> None:
    png = sheet([figure, figure[::-1, :100]], inker, seed=3)
    shown = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (HEADER + 2 * (160 + GAP), len(COLUMNS) * (160 + GAP), 3)
    np.testing.assert_array_equal(shown[HEADER : HEADER + 160, :160, ::-1], figure)
    toned = [inker.ink(figure, [3, epoch, 0]) for epoch in range(3)]
    cells = [shown[HEADER : HEADER + 160, n * 164 : n * 164 + 160, ::-1] for n in range(7)]
    for cell, made in zip(cells[1:4], toned, strict=True):
        np.testing.assert_array_equal(cell[..., 0], made.page)
    np.testing.assert_array_equal(cells[6], toned[2].target)
    assert png == sheet([figure, figure[::-1, :100]], inker, seed=3)
