"""Trains against a critic: ``python -m tests.learn.players RECIPE SHARDS SCRATCH OUT``.

Writes the final state. Also under torchrun. With ``DIE_AFTER="critic 3"`` in the environment it
kills itself after the third update of that module; with ``DROPOUT`` of 0 no step of pix2pix depends
on which process takes it.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import safetensors.torch

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn.checkpoint import Checkpoints
from colorize.learn.distributed import ALONE, Group, join
from colorize.learn.run import Run
from colorize.learn.schedule import Schedule
from colorize.learn.training import Losses, Trainer
from colorize.model.domains import Mixture
from colorize.model.methods import Adversary
from colorize.model.networks import pix2pix
from colorize.model.weights import Model
from tests.learn import toy

PHASE = 0.5
"""Share of the steps with a critic, where that is a phase: the last five of nine."""


def model(
    recipe: str = "pix2pix",
    *,
    width: float = 0.125,
    side: int = 32,
    domains: tuple[str, ...] = ("grey",),
) -> Model:
    """An untrained one."""
    centres = bin_centres(20)
    return Model.build(
        recipe,
        width=width,
        centres=centres,
        side=side,
        params={},
        seed=0,
        domains=domains,
        norms=True,
    )


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


def die_after(trained: Trainer, owner: str, count: int) -> None:
    """Kill this process after so many updates of a module, before anything else of the step."""
    done = 0

    def updated(*_: object) -> None:
        nonlocal done
        done += 1
        if done == count:
            os.kill(os.getpid(), signal.SIGKILL)

    trained._method.optimisers[owner].register_step_post_hook(updated)


def main(recipe: str, shards: Path, scratch: Path, out: Path) -> None:
    """Train to the end, from where a killed one left off."""
    pix2pix.DROPOUT = float(os.environ.get("DROPOUT", pix2pix.DROPOUT))
    group, watcher = join(), Noted()
    if recipe == "pix2pix":
        built, adversary = model(recipe), Adversary()
    else:
        built, adversary = model(recipe, domains=("grey", "ink")), Adversary(share=PHASE)
    trained = trainer(shards, built, group=group, adversary=adversary)
    if fate := os.environ.get("DIE_AFTER"):
        owner, count = fate.split()
        die_after(trained, owner, int(count))
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
    main(sys.argv[1], *map(Path, sys.argv[2:]))
