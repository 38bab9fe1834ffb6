"""Checkpoints as files; that real kills lose nothing, tests/stages/test_train.py shows."""

import errno
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from colorize import files
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import DataError, Interrupted, ModelError
from colorize.learn.checkpoint import Checkpoints, fingerprint
from colorize.learn.run import Run
from colorize.learn.schedule import Schedule
from colorize.learn.training import Trainer
from colorize.model.weights import Model
from tests.models import tiny_model
from tests.shards import ShardWriter


@pytest.fixture
def quantiser() -> Quantiser:
    table = NeighbourTable.fit(bin_centres(20))
    counts = np.ones(len(table.centres), np.int64)
    return Quantiser.fit(counts, table, step=20, sigma=5.0, prior_sigma=5.0, mix=1.0)


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    writer = ShardWriter(tmp_path / "shards", per_shard=8)
    (tmp_path / "shards").mkdir()
    for number, split in enumerate(["train"] * 8 + ["val", "test"]):
        writer.add(str(number), split, rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    writer.close()
    return tmp_path


def build(folder: Path, quantiser: Quantiser, lr: float = 1e-3) -> tuple[Model, Trainer]:
    model = tiny_model(centres=quantiser.table.centres, side=32)
    schedule = Schedule(epochs=6, batch=4, crop=32, lr=lr, warmup=0.0, weight_decay=0.0, seed=0)
    pictures = ShardReader(folder / "shards", "train")
    return model, Trainer(model, pictures, quantiser=quantiser, schedule=schedule)


class Watcher:
    """Stops after a step, and remembers what it was told."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.stop_after = stop_after
        self.warnings: list[str] = []
        self.done = 0

    def on_step(self, done: int, losses: Mapping[str, float] | None) -> None:
        self.done = done

    def on_epoch(self, record: Mapping[str, float], *, is_kept: bool) -> None:
        assert "val_psnr" in record

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def stop_asked(self) -> bool:
        return self.done >= self.stop_after


def run(folder: Path, quantiser: Quantiser, watcher: Watcher, **changes: float) -> list[float]:
    """Train with validation scores 1, 2, 3, 2, 1, 0 and give the losses of the epochs."""
    model, trainer = build(folder, quantiser, lr=changes.pop("lr", 1e-3))
    checkpoints = Checkpoints(folder / "scratch", every=1)
    history = Run(
        model=model,
        trainer=trainer,
        checkpoints=checkpoints,
        validation=lambda: {"psnr": 3.0 - abs(3 - trainer.step // 2)},
        select="psnr",
        patience=int(changes.pop("patience", 0)),
        watcher=watcher,
    ).to_the_end()
    return [record["loss"] for record in history]


def test_a_run_that_is_stopped_again_and_again_ends_like_an_unbroken_one(
    folder: Path, quantiser: Quantiser
) -> None:
    whole = run(folder, quantiser, Watcher())
    best = (folder / "scratch" / "kept.safetensors").read_bytes()
    Checkpoints(folder / "scratch", every=1).clear()
    for step in (1, 2, 5, 8, 11):
        with pytest.raises(Interrupted, match=f"after step {step}"):
            run(folder, quantiser, Watcher(stop_after=step))
    assert run(folder, quantiser, Watcher()) == whole
    assert (folder / "scratch" / "kept.safetensors").read_bytes() == best


def test_patience_stops_early_and_keeps_the_best(folder: Path, quantiser: Quantiser) -> None:
    assert len(run(folder, quantiser, Watcher())) == 6
    Checkpoints(folder / "scratch", every=1).clear()
    assert len(run(folder, quantiser, Watcher(), patience=2)) == 5
    assert len(run(folder, quantiser, Watcher(), patience=2)) == 5  # also when it resumes


def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_taken(
    folder: Path, quantiser: Quantiser
) -> None:
    whole = run(folder, quantiser, Watcher())
    Checkpoints(folder / "scratch", every=1).clear()
    with pytest.raises(Interrupted):
        run(folder, quantiser, Watcher(stop_after=7))
    newest, older = sorted((folder / "scratch").glob("step-*"), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-100])
    watcher = Watcher()
    assert run(folder, quantiser, watcher) == whole
    assert len(watcher.warnings) == 1
    assert newest.name in watcher.warnings[0]
    assert older.name < newest.name


def test_only_two_checkpoints_are_kept(folder: Path, quantiser: Quantiser) -> None:
    run(folder, quantiser, Watcher())
    assert len(list((folder / "scratch").glob("step-*"))) == 2


def test_a_full_disk_keeps_the_checkpoint_before(
    folder: Path, quantiser: Quantiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted):
        run(folder, quantiser, Watcher(stop_after=3))
    before = {p.name: p.read_bytes() for p in (folder / "scratch").glob("step-*")}

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)  # the bytes are refused when they are flushed
        with pytest.raises(OSError, match="No space left"):
            run(folder, quantiser, Watcher())
    assert {p.name: p.read_bytes() for p in (folder / "scratch").glob("step-*")} == before
    assert len(run(folder, quantiser, Watcher())) == 6


def test_a_loss_that_is_not_finite_names_the_last_good_checkpoint(
    folder: Path, quantiser: Quantiser
) -> None:
    with pytest.raises(ModelError, match=r"loss is nan at step \d+, .*checkpoint: .*step-0000"):
        run(folder, quantiser, Watcher(), lr=1e30)


def test_a_second_trainer_of_the_same_run_is_refused(folder: Path) -> None:
    checkpoints = Checkpoints(folder / "scratch", every=1)
    with (
        checkpoints.locked(),
        pytest.raises(DataError, match="another process trains"),
        Checkpoints(folder / "scratch", every=1).locked(),
    ):
        pass


def test_fingerprint_depends_on_params_files_and_pictures(folder: Path) -> None:
    small, other = folder / "a", folder / "b"
    small.write_bytes(b"1")
    other.write_bytes(b"2")
    train, val = (ShardReader(folder / "shards", split) for split in ("train", "val"))
    prints = [
        fingerprint({"lr": 1.0}, small, pictures=(train, val)),
        fingerprint({"lr": 2.0}, small, pictures=(train, val)),
        fingerprint({"lr": 1.0}, other, pictures=(train, val)),
        fingerprint({"lr": 1.0}, small, pictures=(train,)),
        fingerprint({"lr": 1.0}, small, pictures=(val, train)),
    ]
    assert len(set(prints)) == 5
    assert prints[0] == fingerprint({"lr": 1.0}, small, pictures=(train, val))


def test_nothing_of_a_checkpoint_is_executed(folder: Path, quantiser: Quantiser) -> None:
    path = folder / "scratch" / "step-000000003.safetensors"
    path.parent.mkdir()
    torch.save({"a": 1}, path)
    watcher = Watcher()
    assert len(run(folder, quantiser, watcher)) == 6
    assert len(watcher.warnings) == 1
