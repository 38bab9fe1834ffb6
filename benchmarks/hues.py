"""What it costs and gives to even the hues of inked pages.

Inked pages are made of the pictures of the test split, and a network's colours for them are
decoded as `colorize --brightness 1` does it, with rare hues brought up more and more. Of
twelve hues, those are counted that a tenth of a page's coloured pixels have.

    python -m benchmarks.hues [MODEL [ROOT]]

MODEL is a model's file, that of the package if not given; ROOT, ``weights`` if not given, holds
shards and quantiser. Every fourth batch of eight pictures is painted.
"""

import sys
from collections import defaultdict
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.views import batches
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES
from colorize.model.domains import DOMAINS, Mixture
from colorize.paint.painter import HUES, Painter

STRENGTHS = (0.0, HUES, 0.5, 1.0)
STEP = 4
SHOWN = ("psnr", "ciede2000", "colourfulness", "histogram_a", "histogram_b")
TRUTH = "truth"
COLOURED = 8.0
"""Chroma from which a pixel has a hue."""
SECTORS = 12
LEAST = 0.1


def hues_of(rgb: NDArray[np.uint8]) -> int:
    """Count the hues that a tenth of the coloured pixels of a picture (H, W, 3) have."""
    a, b = np.moveaxis(rgb_to_lab(rgb), -1, 0)[1:]
    turns = np.arctan2(b, a)[np.hypot(a, b) > COLOURED] / (2 * np.pi) % 1
    counts = np.histogram(turns, SECTORS, (0, 1))[0]
    return int((counts >= max(1, LEAST * counts.sum())).sum())


def main(model: str | None = None, root: str = "weights") -> None:
    """Measure and write the section."""
    painter = Painter.load(model)
    table = Quantiser.load(Path(root) / "data" / "quantiser.npz").table
    test = ShardReader(Path(root) / "data" / "resized", "test")
    decoding = painter.decoding_of("ink")
    board = Scoreboard(table, {name: SCORES[name] for name in SHOWN}, counts={})
    counted: dict[str, list[int]] = defaultdict(list)
    for views in islice(batches(test, Mixture((DOMAINS["ink"],))), 0, None, STEP):
        prediction = views.predict(painter.model)
        painted = {
            f"{strength:g}": views.join(prediction.colours(*decoding, hues=strength))
            for strength in STRENGTHS
        }
        board.add(views.truth, painted)
        for name, pages in {**painted, TRUTH: views.truth.rgb}.items():
            counted[name] += [hues_of(page) for page in pages]
    rows = [
        {
            "hues": name,
            **{score: f"{found[score]:.4g}" for score in SHOWN},
            "hues of a page": f"{np.mean(counted[name]):.2f}",
        }
        for name, found in board.scores().items()
        if name in counted
    ]
    intro = (
        f"{len(counted[TRUTH])} inked pages at T = {decoding.temperature:g} and an adjustment of "
        f"{decoding.adjustment:g}; of the true pages, {np.mean(counted[TRUTH]):.2f} hues.\n\n"
    )
    text = intro + report.table(rows)
    report.write_section("Hues of inked pages", text)
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
