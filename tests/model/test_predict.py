import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.model.predict import margins, predict
from colorize.model.weights import Model
from tests.models import tiny_model


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model()


@pytest.fixture
def ramp() -> NDArray[np.float32]:
    return np.tile(np.linspace(0, 100, 70, dtype=np.float32), (2, 45, 1))


def test_one_run_serves_every_temperature(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = predict(model, ramp[:, None])
    found = [prediction.colours(temperature) for temperature in (0.2, 1.0)]
    assert found[0].shape == (2, 45, 70, 2)
    assert not np.array_equal(*found)
    np.testing.assert_array_equal(prediction.colours(0.2), found[0])


def test_hues_are_evened_for_each_picture_by_itself(
    model: Model, ramp: NDArray[np.float32]
) -> None:
    pictures = np.stack([ramp[0], ramp[0, ::-1] / 2])[:, None]
    both = predict(model, pictures).colours(0.38, 0.5, hues=0.8)
    assert np.abs(both - predict(model, pictures).colours(0.38, 0.5)).max() > 0.1
    for picture, colours in zip(pictures, both, strict=True):
        alone = predict(model, picture[None]).colours(0.38, 0.5, hues=0.8)
        np.testing.assert_allclose(alone[0], colours, atol=0.05)


def test_the_head_covers_the_picture_and_no_margin(model: Model, ramp: NDArray[np.float32]) -> None:
    prediction = predict(model, ramp[:, None])
    assert prediction.logits().shape == (2, 313, 12, 18)
    whole = predict(model, ramp[:, None, :40, :64])
    assert whole.logits().shape == (2, 313, 10, 16)
    shares = torch.softmax(prediction.logits(), dim=1)
    assert float(shares.sum(1).mean()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("size", "multiple", "expected"),
    [
        ((256, 256), 8, (0, 0)),
        ((250, 256), 256, (6, 0)),
        ((1, 1), 8, (7, 7)),
        ((300, 200), 32, (20, 24)),
        ((1, 1024), 8, (7, 0)),  # a wide row is no tall column
        ((8, 8), 8, (0, 0)),
        ((8, 1), 8, (0, 7)),  # a map of one pixel
        ((9, 8), 8, (7, 8)),  # two rows and one column: a second column
        ((64, 5), 8, (0, 11)),
        ((64, 8), 8, (0, 8)),
        ((64, 9), 8, (0, 7)),  # it has two columns already
        ((16, 16), 8, (0, 0)),
        ((33, 1), 32, (31, 63)),
        ((32, 1), 32, (0, 31)),
        ((1024, 1), 32, (0, 63)),
    ],
)
def test_margins(size: tuple[int, int], multiple: int, expected: tuple[int, int]) -> None:
    assert margins(*size, multiple) == expected


@pytest.mark.parametrize("multiple", [1, 2, 8, 32])
def test_the_smallest_map_is_never_a_tall_column(multiple: int) -> None:
    """For every size up to 4 maps: both sides divisible, nothing added in vain."""
    for height in range(1, 4 * multiple + 1):
        for width in range(1, 4 * multiple + 1):
            bottom, right = margins(height, width, multiple)
            rows, columns = (height + bottom) / multiple, (width + right) / multiple
            assert rows == int(rows)
            assert columns == int(columns)
            assert columns > 1 or rows == 1
            assert bottom < multiple
            assert right < multiple or (columns == 2 and rows > 1)
