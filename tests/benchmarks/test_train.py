import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks import curve, memory, targets, train
from benchmarks.processes import Measured
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.model.targets import Encoder, Examples, to_planes

SIZES = {
    "unet": train.Size("unet", 0.25, True, 64, 4),
    "eccv16": train.Size("eccv16", 0.125, False, 64, 4),
}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of four small pictures, taken in this process."""
    monkeypatch.setattr(train, "SIZES", SIZES)
    monkeypatch.setattr(train, "REPEATS", 1)
    monkeypatch.setattr(train, "ROUNDS", 1)
    for module in (train, curve, memory):

        def here(
            _: str,
            root: str,
            way: str,
            measure: Callable[[str, Path], Measured] = module.measure,
            **environment: str,
        ) -> Measured:
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                return measure(way, Path(root))

        monkeypatch.setattr(module, "in_a_process", here)


@pytest.mark.parametrize("size", SIZES)
def test_all_ways_take_the_same_step(
    root: Path, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = train.measure(f"{size}/autocast", root)
    monkeypatch.setenv("COLORIZE_PRECISION", "float32")
    theirs, ours = (train.measure(f"{size}/{way}", root) for way in ("float32", "ours"))
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert mixed["loss"] == pytest.approx(theirs["loss"], rel=1e-2)
    assert ours["input"] > 0
    bare = train.measure(f"{size}/convolutions", root)
    assert bare["rate"] > 0 < bare["alone"]


@pytest.mark.parametrize("size", SIZES)
def test_the_plain_network_is_the_same_function(root: Path, size: str) -> None:
    model = train.Setting(root, size).model
    with torch.no_grad():  # a new head gives zero, whatever is before it
        for parameter in model.network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    seen = 100 * torch.rand(2, 1, 64, 96)
    found = model.network.train()(seen)
    expected = train.plain_network(model).train()(seen)
    assert found.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


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


def test_the_section_of_training(root: Path, results: Callable[[], str]) -> None:
    train.main(root)
    assert results().count("times as fast** as plain PyTorch with autocast") == len(SIZES)


def test_the_section_of_the_curve(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curve, "STEPS", 4)
    monkeypatch.setattr(curve, "TOGETHER", 2)
    curve.main(root)
    rows = [line.split(" | ") for line in results().splitlines() if line.startswith("| float32 ")]
    assert [row[2:4] for row in rows] == [["+0.00%", "0.00%"]]


def test_the_section_of_memory(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "STEPS", 2)
    monkeypatch.setattr(memory, "COUNTS", (8, 40))
    monkeypatch.setattr(memory, "PER_SHARD", 20)
    memory.main(root)
    assert "| 40 | 0." in results()


HOLDER = """
import numpy as np, psutil
from benchmarks.processes import held_gib, peak_gib
before = held_gib(psutil.Process())
held = np.ones(1 << 28, np.uint8)
print(held_gib(psutil.Process()) - before, peak_gib())
"""


def test_memory_is_measured() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDER], check=True, stdout=subprocess.PIPE)
    grown, peak = map(float, done.stdout.split())
    assert grown == pytest.approx(0.25, rel=0.1)
    assert peak > grown


def test_the_section_of_targets(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "PICTURES", 2)
    targets.main(root)
    assert "From the ab of 2 pictures of 64 pixels" in results()


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
