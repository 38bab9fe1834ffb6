from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import score
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres


def test_both_ways_give_the_same_scores(drawing: Callable[..., np.ndarray]) -> None:
    table = NeighbourTable.fit(bin_centres())
    for number in range(3):
        rgb = drawing(number)
        rows = score.paintings(rgb, 3)
        expected, found = score.by_reference(rgb, rows), score.ours(rgb, rows, table)
        assert set(found) == set(rows)
        for row, scores in expected.items():
            assert set(scores) == set(score.NAMES)
            assert found[row] == pytest.approx(scores, rel=5e-6)


def test_measure(drawing: Callable[..., np.ndarray]) -> None:
    table = NeighbourTable.fit(bin_centres())
    theirs, own, apart = score.measure([drawing(0)], table, 2)
    assert theirs > 0 < own
    assert apart < 5e-6
