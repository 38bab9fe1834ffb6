"""Trains pix2pix and writes the final state: ``python -m tests.learn.players SHARDS SCRATCH OUT``.

Also under torchrun. With ``DIE_AT`` in the environment it kills itself in that step, between the
updates of its two players; with ``DROPOUT`` of 0 no step depends on which process takes it.
"""

import dataclasses
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import safetensors.torch
from torch import Tensor

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn.checkpoint import Checkpoints
from colorize.learn.distributed import ALONE, Group, join
from colorize.learn.run import Run
from colorize.learn.schedule import Schedule
from colorize.learn.training import Losses, Trainer
from colorize.model.adversarial import Adversarial
from colorize.model.domains import Mixture
from colorize.model.methods import Adversary
from colorize.model.networks import pix2pix
from colorize.model.weights import Model
from tests.learn import toy


class Mortal(Adversarial):
    """Dies in the step that the environment names, after the critic's update."""

    steps = 0

    def _teach(self, painted: Tensor, real: Tensor) -> Tensor:
        loss = super()._teach(painted, real)
        self.steps += 1
        if os.environ.get("DIE_AT") == str(self.steps):
            os.kill(os.getpid(), signal.SIGKILL)
        return loss


def model(*, width: float = 0.125, side: int = 32, domains: tuple[str, ...] = ("grey",)) -> Model:
    """An untrained one."""
    centres = bin_centres(20)
    built = Model.build(
        "pix2pix", width=width, centres=centres, side=side, params={}, seed=0, domains=domains
    )
    return dataclasses.replace(built, recipe=dataclasses.replace(built.recipe, method=Mortal))


def trainer(
    shards: Path,
    built: Model,
    *,
    adversary: Adversary = Adversary(),  # noqa: B008 - it is frozen
    group: Group = ALONE,
    **changes: float,
) -> Trainer:
    """A trainer on a folder of shards, four pictures a step; ``changes`` go to the schedule."""
    table = NeighbourTable.fit(bin_centres(20))
    counts = np.ones(len(table.centres), np.int64)
    quantiser = Quantiser.fit(counts, table, step=20, sigma=5.0, prior_sigma=5.0, mix=1.0)
    usual = {"epochs": 3, "batch": 4, "crop": 32, "lr": 2e-4, "warmup": 0.0, "weight_decay": 0.0}
    return Trainer(
        built,
        ShardReader(shards, "train"),
        quantiser=quantiser,
        schedule=Schedule(**(usual | {"seed": 0} | changes)),  # type: ignore[arg-type]
        mixture=Mixture(built.domains),
        group=group,
        adversary=adversary,
    )


class Noted(toy.Silent):
    """Keeps the losses of each step."""

    def __init__(self) -> None:
        self.losses: list[Losses] = []

    def on_step(self, done: int, losses: Losses | None) -> None:
        if losses:
            self.losses.append(losses)


def main(shards: Path, scratch: Path, out: Path) -> None:
    """Train to the end, from where a killed one left off."""
    pix2pix.DROPOUT = float(os.environ.get("DROPOUT", pix2pix.DROPOUT))
    group, watcher, built = join(), Noted(), model()
    trained = trainer(shards, built, group=group)
    history = Run(
        model=built,
        trainer=trained,
        checkpoints=Checkpoints(scratch, every=1),
        validation=lambda: {"psnr": 1.0},
        select="psnr",
        patience=0,
        watcher=watcher,
        group=group,
    ).to_the_end()
    if group.leads:
        state = trained.state()
        metadata = {"run": repr((history, state.position))}  # several keys would have no order
        tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
        out.write_bytes(safetensors.torch.save(tensors, metadata))
        steps = {"size": group.size, "losses": watcher.losses}
        out.with_suffix(".json").write_text(json.dumps(steps))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
