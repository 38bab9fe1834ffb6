"""Trains on shards and writes the losses: ``python driver.py SHARDS OUT``, also under torchrun."""

import atexit
import json
import os
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn.distributed import join
from colorize.learn.schedule import Schedule
from colorize.learn.training import Trainer
from colorize.model.weights import Model

LR = 3e-5
"""The paper's. At 1e-3 rounding alone parts two curves by a per cent within 20 steps."""

SCHEDULE = Schedule(epochs=10, batch=16, crop=48, lr=LR, warmup=0.1, weight_decay=0.01, seed=0)
"""With half the pictures a step, rounding to bfloat16 alone parts the losses of some by 1e-4."""


def report_end(trainer: weakref.ref[Trainer], file: Path) -> None:
    """Write whether the trainer lives, and whether its group does."""
    alive = {"trainer": trainer() is not None, "group": torch.distributed.is_initialized()}
    file.write_text(json.dumps(alive))


def main(shards: Path, out: Path) -> None:
    table = NeighbourTable.fit(bin_centres())
    counts = np.random.default_rng(0).integers(1, 1000, 313)
    quantiser = Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)
    centres = quantiser.table.centres
    model = Model.build("eccv16", width=0.125, centres=centres, side=64, params={}, seed=0)
    losses: list[float] = []
    group = join()
    trainer = Trainer(
        model, ShardReader(shards, "train"), quantiser=quantiser, schedule=SCHEDULE, group=group
    )

    # Runs before what `join` registered: by then the network that shares gradients must be gone.
    atexit.register(report_end, weakref.ref(trainer), out / f"end-{group.rank}.json")

    def on_step(found: Mapping[str, float]) -> None:
        losses.append(found["loss"])
        if group.rank == 1 and os.environ.get("DIE_AT") == str(trainer.step):
            os._exit(9)

    for _ in trainer.epochs(on_step=on_step):
        pass
    if group.leads:
        model.save(out / "model.safetensors")
        (out / "losses.json").write_text(json.dumps({"size": group.size, "losses": losses}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
