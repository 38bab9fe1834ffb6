import numpy as np
import pytest
from scipy.spatial.distance import cdist

from colorize.colour import prior as priors
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
