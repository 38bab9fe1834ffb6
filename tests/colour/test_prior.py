import numpy as np
import pytest
from scipy.spatial.distance import cdist

from colorize.colour import lab
from colorize.colour import prior as priors
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres


@pytest.fixture
def prior(rng: np.random.Generator) -> np.ndarray:
    counts = rng.pareto(1, 313)
    counts[rng.random(313) < 0.3] = 0
    return counts / counts.sum()


def test_smooth_spreads_over_the_plane_not_over_the_list() -> None:
    centres = bin_centres()
    alone = np.zeros(313)
    alone[centres.tolist().index([-90, 90])] = 1
    smoothed = priors.smooth(alone, centres, 5)
    near = cdist([[-90, 90]], centres)[0]
    assert (np.argsort(-smoothed)[:3] == np.argsort(near)[:3]).all()
    # the next bin of the list is (-80, 20), far away in the plane
    assert smoothed[centres.tolist().index([-80, 20])] < 1e-9


def test_smooth_values(prior: np.ndarray) -> None:
    centres = bin_centres()
    kernel = np.exp(-cdist(centres, centres, "sqeuclidean") / 50)
    expected = sum(p * column / column.sum() for p, column in zip(prior, kernel.T, strict=True))
    np.testing.assert_allclose(priors.smooth(prior, centres, 5), expected, atol=1e-12)


def test_smooth_keeps_the_sum_and_sigma_0_keeps_all(prior: np.ndarray) -> None:
    centres = bin_centres()
    assert priors.smooth(prior, centres, 5).sum() == pytest.approx(1)
    assert (priors.smooth(prior, centres, 0) == prior).all()


@pytest.mark.parametrize("mix", [0.25, 0.5, 1.0])
def test_class_weights_have_expectation_one(prior: np.ndarray, mix: float) -> None:
    weights = priors.class_weights(prior, mix)
    assert (prior * weights).sum() == pytest.approx(1)
    expected = 1 / ((1 - mix) * prior + mix / 313)
    np.testing.assert_allclose(weights / weights[0], expected / expected[0])


def test_class_weights_without_rebalancing_are_all_one(prior: np.ndarray) -> None:
    np.testing.assert_allclose(priors.class_weights(prior, 1.0), 1)


def test_entropy() -> None:
    assert priors.entropy(np.array([0.5, 0.5, 0.0])) == pytest.approx(np.log(2))


@pytest.fixture(scope="module")
def table() -> NeighbourTable:
    return NeighbourTable.fit(bin_centres(), 5)


def test_counts_are_those_of_every_pixel(
    table: NeighbourTable, rng: np.random.Generator, all_colours: np.ndarray
) -> None:
    noise = rng.integers(0, 256, (5, 40, 30, 3), dtype=np.uint8)
    every = np.resize(all_colours, (2, 60, 50, 3))
    bins = priors.BinsOfColours(table)
    for pictures in (noise, every, noise):
        expected = np.bincount(table.nearest(lab.rgb_to_lab(pictures)[..., 1:]).ravel())
        counted = bins.count(pictures)
        assert (counted.dtype, counted.sum()) == (np.int64, pictures[..., 0].size)
        np.testing.assert_array_equal(counted[: len(expected)], expected)


def test_counts_do_not_depend_on_what_was_seen_before(
    table: NeighbourTable, rng: np.random.Generator
) -> None:
    first, second = rng.integers(0, 256, (2, 2, 32, 32, 3), dtype=np.uint8)
    fresh, used = priors.BinsOfColours(table), priors.BinsOfColours(table)
    used.count(first)
    assert (fresh.count(second) == used.count(second)).all()
    assert fresh.count(second[:0]).sum() == 0
