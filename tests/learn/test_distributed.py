"""Two processes over gloo against one: the same curve, one writer, and no hang when one dies."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from colorize.errors import DataError, ParamsError
from colorize.imaging.decode import decode
from colorize.learn.distributed import Group
from colorize.model.weights import Model
from colorize.sources import characters
from stages import processes, train
from tests.imports import ROOT
from tests.shards import ShardWriter

DRIVER = Path(__file__).with_name("driver.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardWriter(folder, per_shard=100)
    for number, picture in enumerate(characters.pictures(count=82, side=64, seed=0)):
        rgb = decode(picture.content, max_pixels=10**6)
        writer.add(picture.record.id, "train" if number < 80 else ("val", "test")[number % 2], rgb)
    writer.close()
    return folder


def drive(shards: Path, out: Path, *launcher: str, **env: str) -> subprocess.CompletedProcess[str]:
    out.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *launcher, str(DRIVER), str(shards), str(out)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | env,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "rounding"), [("float32", 1e-3), ("auto", 3e-3)])
def test_two_processes_follow_the_curve_of_one(
    shards: Path, tmp_path: Path, precision: str, rounding: float
) -> None:
    """The bounds of the weights are twice what other seeds come to."""
    one, two = tmp_path / "one", tmp_path / "two"
    chosen = {"COLORIZE_PRECISION": precision}
    for done in (drive(shards, one, **chosen), drive(shards, two, *TORCHRUN, **chosen)):
        assert done.returncode == 0, done.stderr
    alone, together = (json.loads((out / "losses.json").read_text()) for out in (one, two))
    assert (alone["size"], together["size"]) == (1, 2)
    assert len(alone["losses"]) == len(together["losses"]) == 50
    np.testing.assert_allclose(together["losses"], alone["losses"], rtol=1e-4)
    ends = [json.loads((two / f"end-{rank}.json").read_text()) for rank in range(2)]
    assert ends == [{"trainer": False, "group": True}] * 2  # else the exit may hang
    models = [Model.load(out / "model.safetensors").network.state_dict() for out in (one, two)]
    assert models[0].keys() == models[1].keys()
    for name, tensor in models[0].items():
        if tensor.ndim > 1 or "running" in name:  # a bias begins at 0 and is all rounding
            apart = (models[1][name] - tensor).norm() / tensor.norm()
            assert apart < (rounding if tensor.ndim > 1 else 10 * rounding), name


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run_with_an_error(shards: Path, tmp_path: Path) -> None:
    done = drive(shards, tmp_path / "out", *TORCHRUN, DIE_AT="7")
    assert done.returncode != 0
    assert not (tmp_path / "out" / "losses.json").exists()


def losses(root: Path) -> list[float]:
    with (root / "metrics" / "train.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_the_stage_trains_with_two_processes(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = prepared(train={"epochs": 1, "hints": 1, "lr": 0.01})
    train.main(root)
    alone = losses(root)
    monkeypatch.setenv("COLORIZE_NPROC", "2")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "stages.train"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    summary = json.loads((root / "metrics" / "train.json").read_text())
    assert summary["processes"] == 2
    assert Model.load(root / "models" / "colorizer.safetensors").spec.hints
    # The second phase goes on from one network, which the first process alone has kept.
    np.testing.assert_allclose(losses(root), alone, rtol=0.01)
    monkeypatch.setenv("COLORIZE_NPROC", "3")
    with pytest.raises(DataError, match="3 processes cannot share evenly"):
        train.main(root)


@pytest.mark.slow
def test_two_machines_share_nothing_but_a_port(
    prepared: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each has its own copy of the data; only the first one's folder is written to."""
    first = prepared(train={"epochs": 3, "batch": 4})
    second = tmp_path_factory.mktemp("second") / "root"
    shutil.copytree(first, second)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]

    def start(number: int, root: Path) -> subprocess.Popen[str]:
        launcher = ["-m", "torch.distributed.run", "--nnodes=2", f"--node-rank={number}"]
        address = ["--master-addr=127.0.0.1", f"--master-port={port}"]
        env = os.environ | {"PYTHONPATH": str(ROOT), "COLORIZE_CHECKPOINT_EVERY": "1"}
        return subprocess.Popen(
            [sys.executable, *launcher, *address, "-m", "stages.train"],
            cwd=root,
            env=env,
            stderr=subprocess.PIPE,
            text=True,
        )

    machines = [start(number, root) for number, root in enumerate((first, second))]
    try:
        deadline = time.monotonic() + 60
        while not any((first / ".scratch").glob("train/*/step-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        machines[0].send_signal(signal.SIGTERM)
        for machine in machines:
            machine.communicate(timeout=60)
            assert machine.returncode != 0
        assert not (first / "models").exists()
        assert any((first / ".scratch").glob("train/*/step-*"))
        machines = [start(number, root) for number, root in enumerate((first, second))]
        for machine in machines:
            _, errors = machine.communicate(timeout=120)
            assert machine.returncode == 0, errors
    finally:
        for machine in machines:
            machine.kill()
    history = (first / "metrics" / "train.csv").read_text().splitlines()
    assert len(history) == 1 + 3
    assert not (second / "metrics" / "train.csv").exists()
    assert not (second / "models").exists()
    assert not any((second / ".scratch").glob("train/*/step-*"))


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5", ""])
def test_rejects_a_number_of_processes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("COLORIZE_NPROC", value)
    with pytest.raises(ParamsError, match="COLORIZE_NPROC"):
        processes.processes()


def test_parts_of_a_batch() -> None:
    batch = list(range(12))
    assert [Group(rank, 3).part(batch) for rank in range(3)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]
    assert Group().part(batch) == batch


BATCH_NORM = """
import json, sys
import torch
import torch.distributed as dist
from torch import nn
from colorize.learn.distributed import join

group = join()
for mean in (0.0, 300.0, 3000.0):
    torch.manual_seed(0)
    x = torch.randn(8, 3, 5, 4) + mean
    theirs, plain = nn.BatchNorm2d(3), nn.BatchNorm2d(3).double()
    for norm in (theirs, plain):
        nn.init.normal_(norm.weight, generator=torch.Generator().manual_seed(1))
    whole = x.double().requires_grad_()
    expected = plain(whole)
    expected.pow(3).sum().backward()
    part = slice(4 * group.rank, 4 * group.rank + 4)
    mine = x[part].clone().requires_grad_()
    ours = group.shared(nn.Sequential(theirs))
    found = ours(mine)
    found.pow(3).sum().backward()
    apart = (found - expected[part]).abs().max()
    gradient = (mine.grad - whole.grad[part]).abs().max() / whole.grad.abs().max()
    variance = (theirs.running_var - plain.running_var).abs().max()
    if group.leads:
        print(json.dumps([mean, float(apart), float(gradient), float(variance)]))
"""


def test_batch_norm_is_that_of_the_whole_batch_far_from_zero(tmp_path: Path) -> None:
    """Against PyTorch's own in float64 on one process: E[x^2] - E[x]^2 is off by 100 at 3,000."""
    script = tmp_path / "norm.py"
    script.write_text(BATCH_NORM, "utf-8")
    done = subprocess.run(
        [sys.executable, *TORCHRUN, str(script)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == [0, 300, 3000]
    for mean, apart, gradient, variance in rows:
        rounding = 2e-6 * max(1, mean)  # of the input itself, whose deviation is 1
        assert max(apart, gradient, variance) < 5 * rounding
