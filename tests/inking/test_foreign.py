import ast
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking import foreign
from colorize.inking.page import Inker

SHAPES = [(1, 1), (1, 2), (2, 1), (3, 5), (1, 300), (300, 1), (33, 31), (90, 60)]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_size_gives_a_page_of_that_size(
    shape: tuple[int, int], rng: np.random.Generator
) -> None:
    noise = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for rgb in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        made = foreign.ink(rgb, [1])
        assert (made.page.shape, made.page.dtype) == (shape, np.uint8)
        assert (made.target.shape, made.target.dtype) == (rgb.shape, np.uint8)


def test_the_same_key_gives_the_same_bytes_whatever_opencv_s_seed(
    figure: NDArray[np.uint8],
) -> None:
    for key in range(10):
        pages = []
        for seed in (1, 2):
            cv2.setRNGSeed(seed)
            pages.append(foreign.ink(figure, [key, 0]))
        assert pages[0].page.tobytes() == pages[1].page.tobytes()
        assert pages[0].target.tobytes() == pages[1].target.tobytes()
    assert len({foreign.ink(figure, [key]).page.tobytes() for key in range(10)}) == 10


def test_it_shares_no_synthesis_with_the_first() -> None:
    tree = ast.parse(Path(foreign.__file__).read_text("utf-8"))
    modules = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("colorize")
    }
    assert modules == {"colorize.inking.overlay", "colorize.inking.page"}


def test_target_has_no_tones_and_lies_under_the_ink(figure: NDArray[np.uint8]) -> None:
    for key in range(20):
        made = foreign.ink(figure, [key])
        far = cv2.dilate((made.ink | made.balloon).view(np.uint8), np.ones((15, 15))) == 0
        assert far.any()
        np.testing.assert_array_equal(made.target[far], figure[far])
        assert (made.target[made.ink] <= 128).all()


def test_skin_is_white_and_pages_are_toned(figure: NDArray[np.uint8]) -> None:
    face, toned = [], []
    for key in range(20):
        made = foreign.ink(figure, [key])
        if not made.balloon[60:95, 65:95].any():
            face.append(np.median(made.page[60:95, 65:95]) > 200)
        toned.append((made.page < 180)[~made.ink].mean())
    assert np.mean(face) > 0.7
    assert np.mean(toned) > 0.05


def test_it_is_another_look(figure: NDArray[np.uint8], plain: Inker) -> None:
    for key in range(5):
        first, other = plain.ink(figure, [key]).page, foreign.ink(figure, [key]).page
        assert np.abs(first.astype(int) - other).mean() > 10
