"""The memory that training takes, over few pictures and over many.

    python -m benchmarks.memory [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser; the shards of many
pictures are made beside them for a moment, a gigabyte of them.
"""

import tempfile
from pathlib import Path

import numpy as np
import psutil

from benchmarks import report
from benchmarks.processes import Measured, held_gib, in_a_process, run
from benchmarks.train import DEFAULT, Setting, losses_and_ends
from colorize.data import shards
from colorize.data.shards import ShardReader
from colorize.learn.memory import keep_freed_memory

SIZE = DEFAULT
STEPS = 40
COUNTS = (500, 5000)
PER_SHARD = 250


def many(root: Path, folder: Path, count: int) -> None:
    """Make shards of ``count`` pictures out of those that are there."""
    pictures = Setting(root, SIZE).pictures
    for begin in range(0, count, PER_SHARD):
        rolled = [np.roll(pictures[n % len(pictures)], begin, axis=1) for n in range(PER_SHARD)]
        shards.write(folder / f"train-{begin:05x}.npy", np.stack(rolled))


def measure(folder: str, root: Path) -> Measured:
    """Train over a folder's pictures in this process: GiB held, mapped files apart."""
    keep_freed_memory()  # so that what is held at the end is the peak
    setting = Setting(root, SIZE)
    setting.pictures = ShardReader(Path(folder), "train")
    losses_and_ends(setting, STEPS)
    return {"gib": held_gib(psutil.Process())}


def main(root: Path) -> None:
    """Measure both and write the section."""
    rows = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory(dir=root / "data") as folder:
            many(root, Path(folder), count)
            gib = in_a_process(__spec__.name, str(root), folder)["gib"]
        rows.append({"pictures": count, "memory, GiB": f"{gib:.2f}"})
    text = (
        f"After {STEPS} steps of `{SIZE}`, not counting the pages of mapped shards, which the "
        f"system takes back when it needs them.\n\n{report.table(rows)}"
    )
    report.write_section("The memory of training", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
