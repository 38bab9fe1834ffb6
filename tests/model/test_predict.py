import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.gamut import bin_centres
from colorize.model.predict import predict, predict_shown
from colorize.model.weights import Model


@pytest.fixture(scope="module")
def model() -> Model:
    """A network that paints everything in the mean of all bins, a pale pink."""
    model = Model.build("eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0)
    with torch.no_grad():
        model.network.head.weight.zero_()
        model.network.head.bias.zero_()
    return model


@pytest.fixture
def ramp() -> NDArray[np.float32]:
    return np.tile(np.linspace(0, 100, 64, dtype=np.float32), (1, 64, 1))


def test_where_it_is_in_gamut_nothing_changes(model: Model, ramp: NDArray[np.float32]) -> None:
    plain = predict(model, ramp, temperature=1.0)
    shown = predict_shown(model, ramp, temperature=1.0)
    assert plain.shape == shown.shape == (1, 64, 64, 2)
    middle = (ramp > 40) & (ramp < 75)
    assert np.abs(plain - shown)[middle].max() < 1  # rounding to 8 bits


def test_white_and_black_stay_without_colour(model: Model, ramp: NDArray[np.float32]) -> None:
    shown = predict_shown(model, ramp, temperature=1.0)
    assert np.abs(shown[..., [0, -1], :]).max() < 0.05
    assert np.abs(predict(model, ramp, temperature=1.0)[..., [0, -1], :]).max() > 5


def test_lightness_stays(model: Model, ramp: NDArray[np.float32]) -> None:
    ab = predict_shown(model, ramp, temperature=1.0)
    rgb = lab.lab_to_rgb(np.concatenate([ramp[..., None], ab], axis=-1))
    assert np.abs(lab.rgb_to_lab(rgb)[..., 0] - ramp).max() < 0.5
