"""Models to paint with, and a small project whose parts the benchmarks measure."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from tests.models import model_path, orange, orange_model
from tests.shards import ShardWriter

__all__ = ["model_path", "orange", "orange_model"]

TONES = 11


@pytest.fixture
def root(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Shards of 64 pixels and a quantiser with tones."""
    writer = ShardWriter(tmp_path / "data" / "resized", per_shard=100)
    for number, split in enumerate([*["train"] * 16, *["val"] * 2, *["test"] * 12]):
        coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = coarse.repeat(8, axis=0).repeat(8, axis=1)
        writer.add(str(number), split, picture)  # type: ignore[arg-type]
    writer.close()
    table = NeighbourTable.fit(bin_centres())
    tones = np.random.default_rng(0).uniform(1, 100, (TONES, 313))
    counts = tones.sum(axis=0).astype(np.int64)
    quantiser = Quantiser.fit(
        counts, table, tones=tones, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5
    )
    quantiser.save(tmp_path / "data" / "quantiser.npz")
    return tmp_path


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Have sections written to a file of the test's own; reads it."""
    path = tmp_path / "results.md"
    monkeypatch.setattr(report, "RESULTS", path)
    return lambda: path.read_text("utf-8")
