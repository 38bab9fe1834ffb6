from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.errors import ImageError
from colorize.imaging import chroma

Draw = Callable[..., NDArray[np.uint8]]


def sepia(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tones = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return (rgb @ tones.T).clip(0, 255).astype(np.uint8)


def shaded(drawing: Draw, number: int) -> NDArray[np.uint8]:
    """A drawing with soft light on it, as illustrations have."""
    light = np.linspace(0.6, 1, 128)[None, :, None]
    return (drawing(number, 128, 128) * light).astype(np.uint8)


@pytest.mark.parametrize("number", range(8))
def test_chroma_tells_colour_from_grey_sepia_and_tinted_paper(drawing: Draw, number: int) -> None:
    colour = shaded(drawing, number)
    grey = np.repeat(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    paper = (grey * np.array([1.0, 0.95, 0.82])).astype(np.uint8)
    assert chroma.measure(colour) > 4
    assert chroma.measure(grey) < 0.1
    assert chroma.measure(paper) < 0.5
    assert chroma.measure(sepia(colour)) < 1.5
    with pytest.raises(ImageError, match="grey"):
        chroma.check(sepia(colour), at_least=1.5)


def test_chroma_of_blank_paper() -> None:
    assert chroma.measure(np.full((8, 8, 3), 255, np.uint8)) == 0


@pytest.mark.parametrize("number", range(8))
def test_a_first_look_never_lets_grey_through(drawing: Draw, number: int) -> None:
    brown = sepia(shaded(drawing, number))
    assert chroma.measure(brown[:: chroma.FIRST_LOOK, :: chroma.FIRST_LOOK]) < 4.5
