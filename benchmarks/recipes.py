"""Two recipes trained on the same pictures: their scores at equal time, their times at equal score.

Each recipe trains with the settings that suit it, those of its default run. After each epoch it is
scored on the validation split, as the train stage does; the time that this takes does not count.

    python -m benchmarks.recipes [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser. The histories and
the models are kept in ``ROOT/.scratch/benchmarks``, where the benchmark of painting finds them.
"""

import csv
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.processes import CORES, Measured, in_a_process, run
from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.validation import Validation
from colorize.learn.memory import keep_freed_memory
from colorize.learn.schedule import Schedule
from colorize.learn.training import Losses, Trainer
from colorize.metrics.scores import SCORES, Criterion
from colorize.model.weights import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Params of a recipe's run.

    Attributes:
        width: of the network.
        tone: whether it has a tone table.
        crop: pixels.
        epochs: passes over the training split.
        lr: peak of the learning rate.
    """

    width: float
    tone: bool
    crop: int
    epochs: int
    lr: float


TRAININGS = {
    "eccv16": Training(width=0.25, tone=False, crop=176, epochs=24, lr=1e-3),
    "unet": Training(width=1.0, tone=True, crop=192, epochs=12, lr=2e-3),
}
BATCH = 8
SELECT: Criterion = "psnr"
SHOWN = ("psnr", "auc", "auc_balanced")


def folder(root: Path) -> Path:
    """Where histories and models are kept."""
    return root / ".scratch" / "benchmarks"


def model_path(root: Path, recipe: str) -> Path:
    """Where the trained model of a recipe is kept."""
    return folder(root) / f"{recipe}.safetensors"


def measure(recipe: str, root: Path) -> Measured:
    """Train a recipe in this process, and keep its history and model: seconds of the whole."""
    keep_freed_memory()
    chosen = TRAININGS[recipe]
    pictures, held_out = (ShardReader(root / "data" / "resized", s) for s in ("train", "val"))
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    model = Model.build(
        recipe,
        width=chosen.width,
        centres=quantiser.table.centres,
        side=pictures.side,
        params={},
        seed=0,
        tones=quantiser.tones if chosen.tone else None,
    )
    schedule = Schedule(
        epochs=chosen.epochs,
        batch=BATCH,
        crop=chosen.crop,
        lr=chosen.lr,
        warmup=0.05,
        weight_decay=0.01,
        seed=0,
    )
    validation = Validation(held_out, quantiser, select=SELECT)
    trainer = Trainer(model, pictures, quantiser=quantiser, schedule=schedule)
    history: list[dict[str, float]] = []
    seconds = processor = 0.0
    start = time.perf_counter(), time.process_time()
    for record in trainer.epochs(on_step=_ignore):
        seconds += time.perf_counter() - start[0]
        processor += time.process_time() - start[1]
        scores = validation(model)
        history.append(
            {
                "epoch": record["epoch"],
                "seconds": seconds,
                "processor_seconds": processor,
                **{name: scores[name] for name in SHOWN},
            }
        )
        start = time.perf_counter(), time.process_time()
    files.write_table(folder(root) / f"{recipe}.csv", history)
    model.save(model_path(root, recipe))
    return {"seconds": seconds, "processor_seconds": processor}


def _ignore(_: Losses) -> None:
    pass


def read(root: Path, recipe: str) -> list[Measured]:
    """Read the history that `measure` kept."""
    with (folder(root) / f"{recipe}.csv").open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def reached(history: list[Measured], score: str, value: float) -> float | None:
    """Find the processor time at which a run first scored this much; None if it never did."""
    return next((row["processor_seconds"] for row in history if row[score] >= value), None)


def at(history: list[Measured], seconds: float) -> Measured:
    """Give the last epoch that ended within a processor time, or the first one of all."""
    return [row for row in history if row["processor_seconds"] <= seconds or row is history[0]][-1]


def write(root: Path) -> None:
    """Write the section from the kept histories."""
    histories = {recipe: read(root, recipe) for recipe in TRAININGS}
    rows = [
        {
            "recipe": recipe,
            "epoch": f"{row['epoch']:.0f}",
            "training, s": f"{row['seconds']:.0f}",
            "processor time, s": f"{row['processor_seconds']:.0f}",
            **{SCORES[name].title: f"{row[name]:.2f}" for name in SHOWN},
        }
        for recipe, history in histories.items()
        for row in _quarters(history)
    ]
    old, new = histories.values()
    common = min(history[-1]["processor_seconds"] for history in (old, new))
    before, after = (at(history, common) for history in (old, new))
    best = max(row["psnr"] for row in old)
    needed, took = reached(new, "psnr", best), reached(old, "psnr", best)
    assert took is not None
    said = (
        f"never reaches eccv16's best PSNR, {best:.2f} dB"
        if needed is None
        else f"reaches eccv16's best PSNR, {best:.2f} dB, **in {needed / took:.0%} of the time**"
    )
    text = (
        f"{BATCH} pictures a step, on {CORES} cores, the training split of the pipeline; scores "
        "of the validation split at T = 0.38, higher is better; scoring is not timed. The "
        "learning rate falls to zero at the end of each run, so that an epoch in the middle is "
        f"worse than a run of that length.\n\n{report.table(rows)}\n\n"
        f"`unet` {said}. Within {common:.0f} s of processor time, the time of the shorter run, it "
        f"is **{after['psnr'] - before['psnr']:+.2f} dB** and "
        f"**{after['auc'] - before['auc']:+.2f} AuC** from eccv16."
    )
    report.write_section("U-Net against eccv16", text)
    print(text)


def _quarters(history: list[Measured]) -> list[Measured]:
    ends = {number * len(history) // 4 for number in range(1, 5)} - {0}
    return [history[end - 1] for end in sorted(ends)]


def main(root: Path) -> None:
    """Train all recipes and write the section."""
    for recipe in TRAININGS:
        in_a_process(__spec__.name, str(root), recipe)
    write(root)


if __name__ == "__main__":
    run(main, measure)
