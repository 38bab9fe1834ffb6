import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.gamut import bin_centres
from colorize.model.predict import look, predict
from colorize.model.weights import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0)


@pytest.fixture
def ramp() -> NDArray[np.float32]:
    return np.tile(np.linspace(0, 100, 70, dtype=np.float32), (2, 45, 1))


def test_one_look_serves_every_temperature(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = look(model, ramp)
    for temperature in (0.2, 1.0):
        expected = predict(model, ramp, temperature=temperature)
        assert expected.shape == (2, 45, 70, 2)
        np.testing.assert_array_equal(prediction.ab(temperature), expected)
    assert not np.array_equal(prediction.ab(0.2), prediction.ab(1.0))


def test_the_head_covers_the_picture_and_no_margin(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = look(model, ramp)
    assert prediction.head().shape == (2, 313, 12, 18)
    whole = look(model, ramp[:, :40, :64])
    assert whole.head().shape == (2, 313, 10, 16)
    shares = torch.softmax(prediction.head(), dim=1)
    assert float(shares.sum(1).mean()) == pytest.approx(1, abs=1e-3)
