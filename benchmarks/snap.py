"""Whether regions that settle on one colour come nearer to the truth, on the test split.

Judged is what the painter gives in the end, paper kept white and all colours in gamut; beside it
stand the network's own colours, brought into gamut, as the evaluate stage judges them.

    python -m benchmarks.snap [ROOT]

ROOT, the current folder if not given, holds the pipeline's model, quantiser and test split. The
painter's default is the better row.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from colorize.colour import lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.rows import all_grey
from colorize.metrics.comparison import Pictures
from colorize.metrics.scoreboard import Board
from colorize.metrics.scores import SCORES
from colorize.paint.painter import Painter

BATCH = 16
SHOWN = ("psnr", "auc", "auc_balanced", "rmse_ab")


def finished(painter: Painter, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ab (N, H, W, 2) of pictures of L (N, H, W) after all that the painter does."""
    grey = lab.lab_to_rgb(np.concatenate([lightness[..., None], all_grey(lightness)], axis=-1))
    return np.stack([lab.rgb_to_lab(painter.paint(picture))[..., 1:] for picture in grey])


def main(root: Path) -> None:
    """Judge all ways and write the section."""
    plain, snapped = (
        Painter.load(root / "models" / "colorizer.safetensors", snap=snap) for snap in (False, True)
    )
    ways: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
        "the network's own colours": plain.colours,
        "painted with --no-snap": partial(finished, plain),
        "painted with --snap": partial(finished, snapped),
    }
    pictures = ShardReader(root / "data" / "resized", "test")
    table = Quantiser.load(root / "data" / "quantiser.npz").table
    board = Board(table, {name: SCORES[name] for name in SHOWN}, counts={})
    for rgb in pictures.batches(BATCH):
        batch = Pictures.of(rgb)
        board.add(batch, {way: paint(batch.lab[..., 0]) for way, paint in ways.items()})
    shown = [
        {"way": way, **{name: f"{score[name]:.2f}" for name in SHOWN}}
        for way, score in board.scores().items()
    ]
    units = "; ".join(
        f"{SCORES[name].title}: {SCORES[name].source}, "
        f"{'more' if SCORES[name].higher_is_better else 'less'} is better"
        for name in SHOWN
    )
    text = (
        f"{len(pictures)} pictures of the test split, {pictures.side} pixels, by "
        f"{report.describe(plain.model)}.\n\n"
        f"{report.table(shown)}\n\n{units}."
    )
    report.write_section("One colour a region", text)
    print(text)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
