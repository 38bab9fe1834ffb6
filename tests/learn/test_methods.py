"""Any number of modules, optimisers and losses: the trainer's promises hold for a toy of each."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from colorize.errors import ModelError
from colorize.learn.training import Losses, State
from colorize.model.predict import predict
from colorize.paint.painter import Painter
from tests.imports import ROOT
from tests.learn import toy


class _Stop(Exception):  # noqa: N818 - it is no error
    pass


def state_after(shards: Path, steps: int) -> tuple[State, list[Losses]]:
    trainer, losses = toy.trainer(shards, toy.model()), []

    def on_step(found: Losses) -> None:
        losses.append(found)
        if trainer.step == steps:
            raise _Stop

    with pytest.raises(_Stop):
        list(trainer.epochs(on_step=on_step))
    return trainer.state(), losses


def same(one: State, other: State) -> bool:
    return (
        one.position == other.position
        and one.tensors.keys() == other.tensors.keys()
        and all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    )


def test_losses_become_columns(shards: Path) -> None:
    losses: list[Losses] = []
    records = list(toy.trainer(shards, toy.model()).epochs(on_step=losses.append))
    assert [list(record) for record in records] == [
        ["epoch", "generator", "critic", "distance", "lr"]
    ] * 3
    assert len(losses) == 9
    assert records[1]["critic"] == pytest.approx(np.mean([step["critic"] for step in losses[3:6]]))


def test_the_state_holds_every_module_and_optimiser(shards: Path) -> None:
    state, _ = state_after(shards, 2)
    owners = {name.rpartition(".")[0].split(".")[:2][-1] for name in state.tensors}
    assert owners == {"network", "generator", "critic"}
    assert any(name.startswith("optimiser.generator.0.exp_avg") for name in state.tensors)
    assert any(name.startswith("optimiser.critic.0.momentum_buffer") for name in state.tensors)
    average, trained = (state.tensors[f"module.{n}.out.weight"] for n in ("network", "generator"))
    assert not torch.equal(average, trained)  # what is saved is not what is trained


@pytest.mark.parametrize("at", range(1, 9))
def test_a_state_taken_after_any_step_leads_to_the_same_end(shards: Path, at: int) -> None:
    """Dropout and conditions draw random numbers in every step."""
    whole = toy.trainer(shards, toy.model())
    records = list(whole.epochs(on_step=lambda _: None))
    state, _ = state_after(shards, at)
    resumed = toy.trainer(shards, toy.model())
    torch.manual_seed(at)  # nothing depends on the generators' state before
    resumed.restore(state)
    rest = list(resumed.epochs(on_step=lambda _: None))
    assert rest == records[-len(rest) :]
    assert same(resumed.state(), whole.state())


def test_a_state_that_does_not_fit_changes_nothing(shards: Path) -> None:
    good, _ = state_after(shards, 2)
    later, _ = state_after(shards, 4)
    trainer = toy.trainer(shards, toy.model())
    trainer.restore(good)
    before = trainer.state()
    lacking = {k: v for k, v in later.tensors.items() if k != "module.critic.2.weight"}
    critic = "optimiser.critic.0.momentum_buffer"
    spoilt = {
        "a module lacks a tensor": State(lacking, later.position),
        "a foreign module": State({**later.tensors, "module.x.y": torch.ones(1)}, later.position),
        "a foreign optimiser": State({**later.tensors, "optimiser.x.0.y": torch.ones(1)}, {}),
        "no such parameter": State(
            {**later.tensors, "optimiser.critic.99.a": torch.ones(1)}, later.position
        ),
        "another size": State({**later.tensors, "module.critic.2.bias": torch.ones(7)}, {}),
        "no position": State(later.tensors, {"epoch": 1}),
        "a foreign position": State(later.tensors, {**later.position, "x": 1}),
        "another moment": State({**later.tensors, critic: torch.ones(3, 3)}, later.position),
    }
    for name, state in spoilt.items():
        with pytest.raises(ModelError):
            trainer.restore(state)
        assert same(trainer.state(), before), name
    trainer.restore(later)
    assert same(trainer.state(), later)


def run(shards: Path, folder: Path, out: str, **env: str) -> subprocess.CompletedProcess[str]:
    arguments = [str(shards), str(folder / "scratch"), str(folder / out)]
    return subprocess.run(
        [sys.executable, "-m", "tests.learn.toy", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_kill_between_two_optimisers_changes_no_byte(shards: Path, tmp_path: Path) -> None:
    """The method counts its own process's steps: 3 of 9, then the fifth."""
    whole = tmp_path / "whole"
    whole.mkdir()
    toy.main(shards, whole / "scratch", whole / "state")
    for at in ("3", "3"):
        killed = run(shards, tmp_path, "state", DIE_AT=at)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = run(shards, tmp_path, "state")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state").read_bytes() == (whole / "state").read_bytes()


def test_a_condition_reaches_the_network_when_it_paints() -> None:
    """Of the whole page, so that a told colour tints all of it."""
    model = toy.model()
    page = np.full((40, 30, 3), 128, np.uint8)
    red, green = (
        Painter(model).paint(page, conditions={"colour": np.array([a, 0], np.float32)})
        for a in (300, -300)
    )
    assert not np.array_equal(red, green)
    seen = np.full((2, 1, 40, 30), 50, np.float32)
    told = torch.tensor([[300.0, 0.0], [-300.0, 0.0]])
    one, other = predict(model, seen, {"colour": told}).colours(1.0)
    shift = model.network.told(torch.tensor([[3.0, 0.0]])) - model.network.told(
        torch.tensor([[-3.0, 0.0]])
    )
    np.testing.assert_allclose((one - other)[5, 5], 100 * shift.detach()[0], rtol=1e-2)
    with pytest.raises(TypeError, match="colour"):
        predict(model, seen)
