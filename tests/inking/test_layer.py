import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from colorize.inking import layer


@pytest.mark.parametrize("shape", [(16, 16), (15, 18), (4, 4), (1, 1), (3, 9)])
@pytest.mark.parametrize("stride", [1, 4, 5])
def test_values_are_those_of_a_bounded_least_squares_solver(
    shape: tuple[int, int], stride: int, rng: np.random.Generator
) -> None:
    target = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    page = rng.random(shape, np.float32)
    page[rng.random(shape) < 0.2] = 0
    fitted = layer.fit(target, page, stride=stride)
    rows, columns = -(-shape[0] // stride), -(-shape[1] // stride)
    assert fitted.rgb.shape == (rows, columns, 3)
    assert fitted.weight.shape == (rows, columns)
    assert fitted.rgb.dtype == fitted.weight.dtype == np.float32
    for row in range(rows):
        for column in range(columns):
            block = np.s_[
                row * stride : (row + 1) * stride, column * stride : (column + 1) * stride
            ]
            p = page[block].astype(float).ravel()
            assert fitted.weight[row, column] == pytest.approx((p**2).mean(), abs=1e-6)
            for channel in range(3):
                t = target[block][..., channel].ravel() / 255
                expected = (
                    lsq_linear(p[:, None], t, bounds=(0, 1), tol=1e-12).x[0] if p.any() else 0
                )
                assert fitted.rgb[row, column, channel] == pytest.approx(expected, abs=1e-4)


def test_without_bounds_it_is_numpy_s_solution(rng: np.random.Generator) -> None:
    page = rng.uniform(0.5, 1, (8, 8)).astype(np.float32)
    target = np.rint(200 * page[..., None] * rng.uniform(0.3, 1, 3)).astype(np.uint8)
    fitted = layer.fit(target, page, stride=8)
    expected, *_ = np.linalg.lstsq(
        page.reshape(-1, 1).astype(float), target.reshape(-1, 3) / 255, rcond=None
    )
    np.testing.assert_allclose(fitted.rgb[0, 0], expected[0], atol=1e-6)


def under(colours: NDArray[np.float32], page: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Paint a page (H, W) with the colours (h, w, 3) of its blocks of 4 pixels."""
    full = colours.repeat(4, 0).repeat(4, 1)[: page.shape[0], : page.shape[1]]
    painted: NDArray[np.uint8] = np.rint(255 * full * page[..., None]).astype(np.uint8)
    return painted


def test_round_trip(rng: np.random.Generator) -> None:
    colours = rng.uniform(0, 1, (5, 6, 3)).astype(np.float32)
    page = rng.uniform(0.2, 1, (19, 23)).astype(np.float32)
    painted = under(colours, page)
    assert painted.shape == (19, 23, 3)
    fitted = layer.fit(painted, page, stride=4)
    np.testing.assert_allclose(fitted.rgb, colours, atol=0.01)
    again = under(fitted.rgb, page)
    assert np.abs(again.astype(int) - painted).max() <= 1  # of 255, rounded


def test_ink_weighs_nothing() -> None:
    target = np.zeros((4, 8, 3), np.uint8)
    target[:, :4] = (200, 100, 50)
    page = np.zeros((4, 8), np.float32)
    page[:, :2] = 1
    fitted = layer.fit(target, page)
    np.testing.assert_allclose(fitted.rgb[0, 0] * 255, [200, 100, 50], atol=1e-3)
    assert fitted.weight.tolist() == [[0.5, 0.0]]
    assert fitted.rgb[0, 1].tolist() == [0, 0, 0]


def test_levels_of_a_scan_are_stretched(rng: np.random.Generator) -> None:
    page = np.where(rng.random((50, 50)) < 0.2, 30, 240).astype(np.uint8)
    levels = layer.levelled(page)
    assert levels.dtype == np.float32
    assert set(np.unique(levels)) == {0, 1}


@pytest.mark.parametrize("value", [0, 128, 255])
def test_levels_of_one_value_stay_in_range(value: int) -> None:
    levels = layer.levelled(np.full((3, 4), value, np.uint8))
    assert ((levels >= 0) & (levels <= 1)).all()
    assert levels[0, 0] == pytest.approx({0: 0, 128: 0.5, 255: 1}[value], abs=0.1)


@pytest.mark.parametrize(("stride", "shape"), [(0, (4, 4)), (-1, (4, 4)), (4, (4, 5))])
def test_rejects(stride: int, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot fit"):
        layer.fit(np.zeros((4, 4, 3), np.uint8), np.zeros(shape, np.float32), stride=stride)
