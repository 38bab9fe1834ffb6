import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.gamut import bin_centres
from colorize.model.predict import margins, predict
from colorize.model.weights import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0)


@pytest.fixture
def ramp() -> NDArray[np.float32]:
    return np.tile(np.linspace(0, 100, 70, dtype=np.float32), (2, 45, 1))


def test_one_run_serves_every_temperature(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = predict(model, ramp[:, None])
    found = [prediction.colours(temperature) for temperature in (0.2, 1.0)]
    assert found[0].shape == (2, 45, 70, 2)
    assert not np.array_equal(*found)
    np.testing.assert_array_equal(prediction.colours(0.2), found[0])


def test_the_head_covers_the_picture_and_no_margin(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = predict(model, ramp[:, None])
    assert prediction.logits().shape == (2, 313, 12, 18)
    whole = predict(model, ramp[:, None, :40, :64])
    assert whole.logits().shape == (2, 313, 10, 16)
    shares = torch.softmax(prediction.logits(), dim=1)
    assert float(shares.sum(1).mean()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("multiple", [8, 32, 256])
def test_margins_are_no_larger_than_they_need_be(multiple: int) -> None:
    for height, width in ((256, 256), (300, 200), (200, 1000), (1, 1), (1024, 1), (1, 1024)):
        bottom, right = margins(height, width, multiple)
        rows, columns = (height + bottom) / multiple, (width + right) / multiple
        assert rows == int(rows) == -(-height // multiple)
        assert columns == int(columns)
        single = width <= multiple < height  # a tall column, which bfloat16 does not bear
        assert columns == (2 if single else -(-width // multiple))
