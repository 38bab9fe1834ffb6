"""What Muon gains over AdamW alone, after the same number of steps and the same learning rate.

    python -m benchmarks.optimisers [ROOT] [EPOCHS]

ROOT, the current folder if not given, holds the pipeline's params, shards and quantiser. The U-Net
is trained as params say, but for EPOCHS, 6 if not given, by each way with each seed. Its pages of
the test split are decoded at the paper's temperature.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import cast

from benchmarks import report
from colorize.data.shards import ShardReader
from colorize.inking.params import InkingParams
from colorize.judge.decodings import sweep
from colorize.learn.memory import keep_freed_memory
from colorize.learn.params import TrainParams
from colorize.learn.training import Trainer
from colorize.model.decode import TEMPERATURE, Decoding
from colorize.model.domains import DOMAINS, Mixture
from colorize.model.losses import soft_cross_entropy
from colorize.model.methods import Supervised
from colorize.model.weights import Model
from colorize.params import load
from stages.train import Task, schedule, untrained

WAYS = {
    "AdamW": partial(Supervised, loss=soft_cross_entropy),
    "Muon for kernels": partial(Supervised, loss=soft_cross_entropy, muon=True),
}
SEEDS = 3
KINDS = ("grey", "ink")
SCORES = ("psnr", "ciede2000")


def trained(root: Path, params: TrainParams, way: str) -> dict[str, float]:
    """Train a network, and give its scores and the seconds of a step."""
    task = Task.read(root, params, InkingParams())
    test = ShardReader(root / "data" / "resized", "test")
    model: Model = untrained(task)
    model = replace(model, recipe=replace(model.recipe, method=WAYS[way]))
    mixture = Mixture([DOMAINS[name] for name in params.domains])
    trainer = Trainer(
        model,
        task.pictures,
        quantiser=task.quantiser,
        schedule=schedule(params),
        mixture=mixture,
    )
    began = time.process_time()
    *_, last = trainer.epochs(on_step=lambda losses: None)
    found = {"s": (time.process_time() - began) / trainer.steps, "loss": last["loss"]}
    for kind in KINDS:
        (scores,) = sweep(
            model,
            test,
            task.quantiser.table,
            [Decoding(TEMPERATURE)],
            scores=SCORES,
            mixture=Mixture((DOMAINS[kind],)),
        )
        found |= {f"{kind} {name}": cast("float", scores[name]) for name in SCORES}
    return found


def row(way: str, runs: list[Mapping[str, float]], *, fastest: float) -> dict[str, str]:
    """Lay out the means of a way's runs, and their standard deviations."""
    found = {name: [run[name] for run in runs] for name in runs[0]}
    took = min(found.pop("s")) / fastest
    spread = {name: f"{fmean(of):.4g} ± {stdev(of):.1g}" for name, of in found.items()}
    return {"trained by": way, "processor time of a step": f"{took:.2f}", **spread}


def main(root: str = ".", epochs: str = "6") -> None:
    """Measure and write the section."""
    keep_freed_memory()
    params = load(TrainParams, Path(root), "train").model_copy(update={"epochs": int(epochs)})
    runs: dict[str, list[Mapping[str, float]]] = {way: [] for way in WAYS}
    for seed in range(SEEDS):
        for way, done in runs.items():
            done.append(trained(Path(root), params.model_copy(update={"seed": seed}), way))
            print(way, seed, done[-1], flush=True)
    fastest = min(run["s"] for done in runs.values() for run in done)
    rows = [row(way, done, fastest=fastest) for way, done in runs.items()]
    intro = (
        f"{epochs} epochs of the default run, {SEEDS} seeds: means and standard deviations on "
        "the test split.\n\n"
    )
    text = intro + report.table(rows)
    report.write_section("Optimisers", text)
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
