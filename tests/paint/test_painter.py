from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness
from colorize.errors import ModelError
from colorize.model.weights import Model
from colorize.paint.painter import LONGEST, Painter
from tests.models import ORANGE

ROUNDING = 0.3
"""What 8 bits can hide of L; 0.25 is the worst seen over all colours."""


@pytest.mark.parametrize(
    "size", [(64, 64), (1, 1), (3, 200), (1, 4000), (4000, 1), (130, 70), (257, 255)]
)
def test_shape(model_path: Path, rng: np.random.Generator, size: tuple[int, int]) -> None:
    rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    painted = Painter.load(model_path).paint(rgb)
    assert (painted.shape, painted.dtype) == (rgb.shape, np.uint8)


@pytest.mark.parametrize("saturation", [0.5, 1, 3])
def test_lightness_stays_in_gamut_and_out_of_it(
    orange_model: Model,
    rng: np.random.Generator,
    drawing,  # noqa: ANN001
    saturation: float,
) -> None:
    """Black, white and grain among it, where orange does not exist."""
    grain = rng.integers(0, 256, (90, 80, 3), dtype=np.uint8)
    painter = Painter(orange_model, saturation=saturation)
    for rgb in (drawing(1, 100, 80), grain, np.zeros_like(grain)):
        painted = painter.paint(rgb)
        assert np.abs(rgb_to_lightness(rgb) - rgb_to_lightness(painted)).max() < ROUNDING


def test_values(orange_model: Model) -> None:
    """A flat grey page takes exactly the colour that the model says, times the saturation."""
    rgb = np.full((100, 70, 3), 140, np.uint8)
    for saturation in (0, 0.5, 1):
        ab = np.array(ORANGE) * saturation
        expected = lab_to_rgb(np.array([*rgb_to_lab(rgb)[0, 0, :1], *ab]))
        painted = Painter(orange_model, saturation=saturation).paint(rgb)
        assert np.abs(painted - expected.astype(int)).max() <= 1


def test_paper_balloons_and_lettering_stay_free_of_colour(orange: Painter) -> None:
    """A grey page with a balloon of words: the grey turns orange, the rest stays as it was."""
    page = np.full((400, 300, 3), 255, np.uint8)
    page[30:370, 30:270] = 150
    balloon = (slice(60, 160), slice(60, 240))
    page[balloon] = 255
    for left in range(80, 220, 8):
        page[100:120, left : left + 3] = 0  # strokes of letters
    painted = orange.paint(page)
    lettering = (slice(63, 157), slice(63, 237))
    for kept in (lettering, (slice(0, 25), slice(None)), (slice(None), slice(0, 25))):
        np.testing.assert_array_equal(painted[kept], page[kept])
    assert np.abs(rgb_to_lab(painted)[250, 150, 1:] - ORANGE).max() < 2


def test_a_layer_is_colour_without_lines(orange: Painter) -> None:
    page = np.full((300, 240, 3), 255, np.uint8)
    page[40:260, 40:200] = 150
    page[150:153, 40:200] = 0  # a line across
    layer = orange.layer(page)
    assert layer.shape == (300, 240, 4)
    assert layer[10, 10, 3] == 0
    assert layer[100, 100, 3] == 255
    np.testing.assert_allclose(layer[151, 100, :3], layer[100, 100, :3], atol=2)


def test_the_network_sees_the_scale_that_it_was_trained_for(
    orange_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short side as trained or as asked, no squashing, and no strip without an end."""
    seen: list[tuple[int, ...]] = []
    colours = Painter.colours

    def watched(
        self: Painter, lightness: NDArray[np.float32], *told: object
    ) -> NDArray[np.float32]:
        seen.append(lightness.shape[1:])
        return colours(self, lightness, *told)

    monkeypatch.setattr(Painter, "colours", watched)
    page = np.full((340, 240, 3), 128, np.uint8)
    Painter(orange_model).paint(page)
    Painter(orange_model, side=96).paint(page)
    Painter(orange_model).paint(page[:32, :32])
    Painter(orange_model).paint(np.full((10 * LONGEST, 5, 3), 128, np.uint8))
    assert seen == [(91, 64), (136, 96), (64, 64), (64 * LONGEST, 32)]


def test_it_sees_lightness_alone(model_path: Path, drawing) -> None:  # noqa: ANN001
    rgb = drawing(2, 64, 64)
    grey = np.repeat(rgb[..., :1], 3, axis=2)
    painter = Painter.load(model_path)
    np.testing.assert_array_equal(painter.paint(grey), painter.paint(grey.copy()))
    ab = painter.colours(rgb_to_lab(grey)[None, ..., 0])
    assert ab.shape == (1, 64, 64, 2)


def test_padding_moves_nothing(model_path: Path) -> None:
    """A flat picture is painted flat, whatever is added to reach a multiple of 8."""
    painter = Painter.load(model_path)
    with torch.no_grad():
        painter.model.network.head.weight.zero_()
    ab = painter.colours(np.full((1, 61, 43), 50, np.float32))
    assert np.ptp(ab, axis=(0, 1, 2)).max() < 1e-3


def test_a_narrow_strip_is_never_undefined(model_path: Path, rng: np.random.Generator) -> None:
    """Where the network's smallest map is one column, bfloat16 gives NaN now and then."""
    painter = Painter.load(model_path)
    for _ in range(40):
        strip = rng.uniform(0, 100, (1, 1024, 1)).astype(np.float32)
        assert np.isfinite(painter.colours(strip)).all()


def test_rejects_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make repro"):
        Painter.load(tmp_path / "none.safetensors")
