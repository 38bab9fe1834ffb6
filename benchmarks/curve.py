"""How closely training in bfloat16 follows float32.

Two runs in float32 that differ only by the number of threads, and so by rounding, show how far runs
diverge by rounding alone.

    python -m benchmarks.curve [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser.
"""

from pathlib import Path

import numpy as np

from benchmarks import report
from benchmarks.processes import Measured, in_a_process, run
from benchmarks.train import DEFAULT, Setting, losses_and_ends

SIZE = DEFAULT
STEPS = 100
TOGETHER = 20
"""Steps over which losses are averaged: single batches differ too much."""
RUNS = {
    "float32": {"COLORIZE_PRECISION": "float32"},
    "float32, one thread": {"COLORIZE_PRECISION": "float32", "OMP_NUM_THREADS": "1"},
    "bfloat16": {},
}


def measure(_: str, root: Path) -> Measured:
    """Train in this process: the loss of each step by its number."""
    losses, _ends = losses_and_ends(Setting(root, SIZE), STEPS)
    return {str(step): loss for step, loss in enumerate(losses)}


def main(root: Path) -> None:
    """Measure all runs and write the section."""
    curves = {
        name: np.array([*in_a_process(__spec__.name, str(root), name, **env).values()])
        for name, env in RUNS.items()
    }
    base = curves["float32"]
    rows = []
    for name, curve in curves.items():
        by_step = np.abs(curve / base - 1)
        ends = [losses.reshape(-1, TOGETHER).mean(axis=1)[-1] for losses in (curve, base)]
        rows.append(
            {
                "run": name,
                "loss at the end": f"{ends[0]:.4f}",
                "to float32": f"{ends[0] / ends[1] - 1:+.2%}",
                "mean difference of a step": f"{by_step.mean():.2%}",
                "largest": f"{by_step.max():.2%}",
            }
        )
    text = (
        f"{len(base)} steps of `{SIZE}` from the same weights on the same pictures; the end is the "
        f"mean of the last {TOGETHER}. The two float32 runs differ by rounding alone.\n\n"
        f"{report.table(rows)}"
    )
    report.write_section("The loss in bfloat16 and in float32", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
