import numpy as np
import pytest
from scipy.optimize import linprog
from skimage.color import rgb2lab

from colorize.colour.gamut import bin_centres

# b from .. to at each a of the published list (method: Zhang et al.'s pts_in_hull), no holes.
PUBLISHED = {
    -90: (50, 90), -80: (20, 90), -70: (0, 90), -60: (-20, 90), -50: (-30, 100),
    -40: (-40, 100), -30: (-50, 100), -20: (-50, 100), -10: (-60, 100), 0: (-70, 100),
    10: (-80, 90), 20: (-80, 90), 30: (-90, 90), 40: (-100, 90), 50: (-100, 80),
    60: (-110, 80), 70: (-110, 80), 80: (-110, 70), 90: (-110, 70), 100: (-90, 0),
}  # fmt: skip


def test_values_are_the_published_bins_in_their_order() -> None:
    expected = [(a, b) for a, (low, high) in PUBLISHED.items() for b in range(low, high + 1, 10)]
    centres = bin_centres()
    assert centres.dtype == np.int64
    assert centres.tolist() == [list(pair) for pair in expected]
    assert (len(centres), centres.sum()) == (313, 7000)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_membership_agrees_with_a_linear_programme(every: int) -> None:
    """Chebyshev distance to the hull of scikit-image's gamut, point by point."""
    level = np.linspace(0, 1, 9)
    cube = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(1, -1, 3)
    ab = rgb2lab(cube)[0, :, 1:]
    inside = {tuple(row) for row in bin_centres().tolist()}
    grid = [(a, b) for a in range(-110, 121, 10) for b in range(-120, 121, 10)]
    for point in grid[::every]:
        # minimise r such that |sum_i w_i ab_i - point| <= r in both coordinates, w on the simplex
        ones = -np.ones((len(ab[0]) * 2, 1))
        above = np.hstack([np.vstack([ab.T, -ab.T]), ones])
        bound = np.array([*point, *(-p for p in point)], float)
        simplex = np.append(np.ones(len(ab)), 0)[None]
        cost = np.append(np.zeros(len(ab)), 1)
        radius = linprog(cost, above, bound, simplex, [1.0]).fun
        assert (radius < 10) == (point in inside), (point, radius)


@pytest.mark.parametrize("step", [5, 20])
def test_other_steps_cover_the_gamut(step: int) -> None:
    centres = bin_centres(step)
    assert (centres % step == 0).all()
    level = np.linspace(0, 1, 17)
    cube = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(1, -1, 3)
    ab = rgb2lab(cube)[0, :, 1:]
    nearest = np.abs(ab[:, None] - centres[None]).max(axis=2).min(axis=1)
    assert nearest.max() <= step / 2 + 1e-6
