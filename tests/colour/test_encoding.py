import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.lab import rgb_to_lab


@pytest.fixture(scope="module")
def table() -> NeighbourTable:
    return NeighbourTable.fit(bin_centres())


def test_values_are_those_of_an_exhaustive_search(
    table: NeighbourTable, rng: np.random.Generator
) -> None:
    ab = rgb_to_lab(rng.integers(0, 256, (50_000, 3), dtype=np.uint8))[:, 1:]
    search = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(table.centres)
    distance, expected = search.kneighbors(ab)
    kernel = np.exp(-(distance**2) / (2 * 5.0**2))
    indices, weights = table.encode(ab)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(weights, kernel / kernel.sum(axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_array_equal(table.nearest(ab), expected[:, 0])


def test_shape(table: NeighbourTable) -> None:
    indices, weights = table.encode(np.zeros((2, 3, 4, 2)))
    assert indices.shape == weights.shape == (2, 3, 4, 5)
    assert (indices.dtype, weights.dtype) == (np.int64, np.float32)
    assert table.nearest(np.zeros((2, 3, 4, 2))).shape == (2, 3, 4)
    assert table.nearest(np.zeros(2)).shape == ()


def test_weights_sum_to_one_nearest_first(table: NeighbourTable, rng: np.random.Generator) -> None:
    _, weights = table.encode(rng.uniform(-110, 110, (10_000, 2)))
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
    assert (np.diff(weights, axis=-1) <= 0).all()


def test_a_pure_grey_pixel(table: NeighbourTable) -> None:
    indices, weights = table.encode(np.zeros(2))
    assert table.centres[indices].tolist() == [[0, 0], [-10, 0], [0, -10], [0, 10], [10, 0]]
    np.testing.assert_allclose(weights, [0.649, 0.088, 0.088, 0.088, 0.088], atol=5e-4)


def test_ties_go_to_the_smaller_bin(table: NeighbourTable) -> None:
    assert table.centres[table.nearest(np.array([5.0, 5.0]))].tolist() == [0, 0]


def test_colours_decode_to_themselves(
    table: NeighbourTable, all_colours: NDArray[np.uint8]
) -> None:
    ab = rgb_to_lab(all_colours)[:, 1:]
    indices, weights = table.encode(ab)
    decoded = np.einsum("nk,nkc->nc", weights, table.centres[indices].astype(float))
    assert np.linalg.norm(decoded - ab, axis=1).mean() < 0.3  # 0.22 over all colours of the cube


def test_far_colours_do_not_underflow(table: NeighbourTable) -> None:
    _, weights = table.encode(np.array([[-500.0, 500.0], [300.0, 300.0]]), sigma=0.5)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
