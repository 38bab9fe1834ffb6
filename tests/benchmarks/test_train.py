from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks import targets, train
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.model.targets import Encoder, Examples, to_planes
from tests.shards import ShardWriter

SIZE = "small"


@pytest.fixture
def root(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shards and a quantiser, for steps of four pictures."""
    writer = ShardWriter(tmp_path / "data" / "resized", per_shard=100)
    for number, split in enumerate([*["train"] * 16, "val", "test"]):
        coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = coarse.repeat(8, axis=0).repeat(8, axis=1)
        writer.add(str(number), split, picture)  # type: ignore[arg-type]
    writer.close()
    table = NeighbourTable.fit(bin_centres())
    counts = np.random.default_rng(0).integers(1, 100, 313)
    quantiser = Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)
    quantiser.save(tmp_path / "data" / "quantiser.npz")
    monkeypatch.setattr(train, "SIZES", {SIZE: (0.125, 64, 4)})
    monkeypatch.setattr(train, "REPEATS", {"reference": 1, "ours": 2})
    return tmp_path


def test_both_ways_take_the_same_step(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORIZE_PRECISION", "float32")
    theirs, ours = (train.measure(f"{SIZE}/{way}", root) for way in ("reference", "ours"))
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert ours["input"] > 0
    assert train.measure(f"{SIZE}/convolutions", root)["rate"] > 0


def test_operations_are_those_of_the_paper() -> None:
    """83.5 GFLOP forward at 256 pixels, and twice that backward."""
    network = train.Model.build(
        "eccv16", width=1.0, centres=bin_centres(), side=1, params={}, seed=0
    ).network
    with torch.device("meta"):
        shape = torch.empty(1, 1, 256, 256)
    with train.FlopCounterMode(display=False) as counter:
        network.to("meta")(shape)
    assert counter.get_total_flops() == pytest.approx(83.5e9, rel=0.01)


def test_the_original_encodes_as_we_do(root: Path, rng: np.random.Generator) -> None:
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    ab: NDArray[np.float32] = rng.uniform(-60, 60, (6, 5, 2)).astype(np.float32)
    dense = targets.original(ab, quantiser)
    encoder = Encoder(quantiser, head_stride=1)
    target = encoder.target(torch.from_numpy(ab.transpose(2, 0, 1)[None].copy()))
    ours = np.zeros_like(dense)
    np.put_along_axis(ours, target.indices.reshape(30, 5).numpy(), target.weights.reshape(30, 5), 1)
    np.testing.assert_allclose(ours, dense, atol=1e-4)
    black = Examples.grey(to_planes(np.zeros((1, 4, 4, 3), np.uint8)))
    assert encoder(black).input.abs().max() < 1e-4
