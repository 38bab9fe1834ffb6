import numpy as np
import pytest

from colorize.paint import regions


def two_areas() -> tuple[np.ndarray, np.ndarray]:
    """L (40, 60) with a black line down the middle, and ab with one colour on either side."""
    lightness = np.full((40, 60), 70, np.float32)
    lightness[:, 29:32] = 0
    ab = np.zeros((40, 60, 2), np.float32)
    ab[:, :30], ab[:, 30:] = (30, 10), (10, 30)
    return lightness, ab


def test_values(rng: np.random.Generator) -> None:
    """Blotches and what bled over the line are gone: each side has its own colour."""
    lightness, ab = two_areas()
    blotched = ab.copy()
    blotched[:, 30:34] = (30, 10)  # bled over the line
    blotched[5:9, 5:9] = (0, 0)
    blotched += rng.normal(0, 1, ab.shape).astype(np.float32)
    settled = regions.settle(lightness, blotched)
    for side in (slice(0, 28), slice(33, 60)):
        assert np.abs(settled[:, side] - ab[:, side]).max() < 0.5


def test_the_median_is_exact_for_an_odd_count(rng: np.random.Generator) -> None:
    ab = rng.normal(0, 4, (9, 11, 2)).astype(np.float32)
    settled = regions.settle(np.full((9, 11), 50, np.float32), ab)
    np.testing.assert_allclose(settled[4, 5], np.median(ab.reshape(-1, 2), axis=0), atol=1e-5)
    assert np.ptp(settled, axis=(0, 1)).max() < 1e-5


def test_what_no_line_separates_keeps_its_colours() -> None:
    ab = np.zeros((40, 60, 2), np.float32)
    ab[:, :25], ab[:, 25:] = (60, 40), (-60, -40)
    settled = regions.settle(np.full((40, 60), 70, np.float32), ab)
    np.testing.assert_array_equal(settled, ab)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (30, 40)])
def test_nothing_but_lines_or_nothing_at_all(
    rng: np.random.Generator, size: tuple[int, int]
) -> None:
    checks = (np.indices(size).sum(axis=0) % 2 * 100).astype(np.float32)
    ab = rng.normal(0, 20, (*size, 2)).astype(np.float32)
    np.testing.assert_array_equal(regions.settle(checks, ab), ab)
