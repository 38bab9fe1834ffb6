import numpy as np

from colorize.colour import tones
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres


def test_counts_pixel_by_pixel(rng: np.random.Generator) -> None:
    table = NeighbourTable.fit(bin_centres(), 5)
    colours = rng.uniform((0, -60, -60), (100, 60, 60), (300, 3)).astype(np.float32)
    colours[:3, 0] = (0, 60, 100)
    expected = np.zeros((51, 313))
    for lightness, *ab in colours.astype(float):
        distance = ((table.centres - ab) ** 2).sum(axis=1)
        nearest = np.argsort(distance)[:5]
        weights = np.exp(-distance[nearest] / 50)
        for knot in range(51):
            tent = max(0, 1 - abs(lightness - 2 * knot) / 2)
            expected[knot, nearest] += tent * weights / weights.sum()
    np.testing.assert_allclose(tones.count(colours, table, 5), expected, atol=1e-4)


def test_shares_of_common_rare_and_absent_tones(rng: np.random.Generator) -> None:
    counts = rng.random((51, 313))
    counts[9] *= 1e6
    counts[7] = 0
    shares = tones.shares(counts)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares[9], counts[9] / counts[9].sum(), atol=1e-6)
    np.testing.assert_allclose(shares[7], counts.sum(axis=0) / counts.sum())
