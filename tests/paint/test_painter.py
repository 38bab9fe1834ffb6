from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.gamut import bin_centres
from colorize.colour.lab import rgb_to_lab
from colorize.errors import ModelError
from colorize.model.weights import Model
from colorize.paint.painter import Painter


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    centres = bin_centres()
    Model.build("eccv16", width=0.125, centres=centres, side=64, params={}, seed=0).save(path)
    return path


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (3, 200), (130, 70), (257, 255)])
def test_shape(path: Path, rng: np.random.Generator, size: tuple[int, int]) -> None:
    rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    painted = Painter.load(path).paint(rgb)
    assert (painted.shape, painted.dtype) == (rgb.shape, np.uint8)


def test_lightness_stays(path: Path, drawing) -> None:  # noqa: ANN001
    rgb: NDArray[np.uint8] = drawing(1, 100, 80) // 3 + 80  # where pale colours are in gamut
    before, after = (rgb_to_lab(x)[..., 0] for x in (rgb, Painter.load(path).paint(rgb)))
    assert np.abs(before - after).max() < 0.3  # rounding to 8 bits


def test_it_sees_lightness_alone(path: Path, drawing) -> None:  # noqa: ANN001
    rgb = drawing(2, 64, 64)
    grey = np.repeat(rgb[..., :1], 3, axis=2)
    painter = Painter.load(path)
    np.testing.assert_array_equal(painter.paint(grey), painter.paint(grey.copy()))
    ab = painter.colours(rgb_to_lab(grey)[None, ..., 0])
    assert ab.shape == (1, 64, 64, 2)


def test_padding_moves_nothing(path: Path) -> None:
    """A flat picture is painted flat, whatever is added to reach a multiple of 8."""
    painter = Painter.load(path)
    with torch.no_grad():
        painter.model.network.head.weight.zero_()
    ab = painter.colours(np.full((1, 61, 43), 50, np.float32))
    assert np.ptp(ab, axis=(0, 1, 2)).max() < 1e-3


def test_rejects_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make repro"):
        Painter.load(tmp_path / "none.safetensors")
