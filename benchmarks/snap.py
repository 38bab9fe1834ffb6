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
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.views import Views, batches
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES
from colorize.model.domains import Mixture
from colorize.paint.painter import Painter

RGB = NDArray[np.uint8]

SHOWN = ("psnr", "auc", "auc_balanced", "rmse_ab")


def finished(painter: Painter, views: Views) -> RGB:
    """Pages (N, H, W, 3) after all that the painter does."""
    grey = views.join(np.zeros((*views.truth.rgb.shape[:3], 2), np.float32))
    return np.stack([painter.paint(page) for page in grey])


def predicted(painter: Painter, views: Views) -> RGB:
    """Pages (N, H, W, 3) in the network's own colours."""
    return views.join(views.predict(painter.model).colours(*painter.decoding_of("grey")))


def main(root: Path) -> None:
    """Judge all ways and write the section."""
    plain, snapped = (
        Painter.load(root / "models" / "colorizer.safetensors", snap=snap) for snap in (False, True)
    )
    ways: dict[str, Callable[[Views], RGB]] = {
        "the network's own colours": partial(predicted, plain),
        "painted with --no-snap": partial(finished, plain),
        "painted with --snap": partial(finished, snapped),
    }
    pictures = ShardReader(root / "data" / "resized", "test")
    table = Quantiser.load(root / "data" / "quantiser.npz").table
    board = Scoreboard(table, {name: SCORES[name] for name in SHOWN}, counts={})
    for views in batches(pictures, Mixture()):
        board.add(views.truth, {way: paint(views) for way, paint in ways.items()})
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
