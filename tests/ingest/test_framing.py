from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.ingest.framing import Framing, square

Draw = Callable[..., NDArray[np.uint8]]


def test_crop_keeps_the_top_of_tall_and_the_centre_of_wide_pictures() -> None:
    tall = np.zeros((90, 30, 3), np.uint8)
    tall[:30] = 200
    assert (square(tall, side=30, framing="crop") == 200).all()
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, 30:60] = 200
    assert (square(wide, side=30, framing="crop") == 200).all()


def test_pad_keeps_all_of_a_picture_on_white() -> None:
    wide = np.full((30, 90, 3), 100, np.uint8)
    padded = square(wide, side=60, framing="pad")
    assert (padded[20:40] == 100).all()
    assert (padded[:20] == 255).all()
    assert (padded[40:] == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (7, 3), (64, 64), (300, 500)])
@pytest.mark.parametrize("framing", ["crop", "pad"])
def test_shape(drawing: Draw, size: tuple[int, int], framing: Framing) -> None:
    squared = square(np.resize(drawing(5), (*size, 3)), side=64, framing=framing)
    assert (squared.shape, squared.dtype) == ((64, 64, 3), np.uint8)
