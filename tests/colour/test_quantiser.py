from pathlib import Path

import numpy as np
import pytest

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.errors import DataError


@pytest.fixture(scope="module")
def quantiser() -> Quantiser:
    table = NeighbourTable.fit(bin_centres(20))
    counts = np.random.default_rng(0).integers(0, 100, len(table.centres))
    tones = np.random.default_rng(1).random((51, len(table.centres)))
    return Quantiser.fit(counts, table, tones=tones, step=20, sigma=5.0, prior_sigma=5.0, mix=0.5)


def test_round_trip_and_same_bytes(quantiser: Quantiser, tmp_path: Path) -> None:
    for name in ("a", "b"):
        quantiser.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = Quantiser.load(tmp_path / "a")
    assert loaded.constants() == quantiser.constants()
    ab = np.random.default_rng(1).uniform(-90, 90, (100, 2))
    for mine, theirs in zip(quantiser.table.encode(ab), loaded.table.encode(ab), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for name in ("prior", "smoothed", "weights", "tones"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(quantiser, name))


def test_rejects_a_missing_and_a_damaged_file(quantiser: Quantiser, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run the quantise stage"):
        Quantiser.load(tmp_path / "none.npz")
    quantiser.save(tmp_path / "q.npz")
    content = (tmp_path / "q.npz").read_bytes()
    for cut in (0, 10, len(content) // 2, len(content) - 10):
        (tmp_path / "q.npz").write_bytes(content[:cut])
        with pytest.raises(DataError, match="damaged"):
            Quantiser.load(tmp_path / "q.npz")


def test_rejects_bins_without_a_weight(quantiser: Quantiser) -> None:
    counts = np.zeros(len(quantiser.table.centres), np.int64)
    counts[3] = 1
    with pytest.raises(DataError, match="prior_sigma"):
        Quantiser.fit(counts, quantiser.table, step=20, sigma=5.0, prior_sigma=0.0, mix=0.0)
