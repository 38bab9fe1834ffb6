"""What it gains to take a colour near one mode of the distribution, not between its modes.

The same network's grey pages are decoded by the annealed mean of Zhang et al. and by `mode_mean`,
at several temperatures, with the class weights as trained.

    python -m benchmarks.decode [ROOT]

ROOT is a folder with a trained model and its data, such as ``weights``; the current one if not
given.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import report
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.decodings import sweep
from colorize.model.decode import Decoding, annealed_mean, mode_mean
from colorize.model.domains import GREY, Mixture
from colorize.model.recipes import decoded
from colorize.model.weights import Model

TEMPERATURES = (0.2, 0.38, 0.6, 0.8, 1.0)
SCORES = ("psnr", "ciede2000", "colourfulness", "histogram_a", "histogram_b")
WAYS = {"annealed mean": annealed_mean, "mean near a mode": mode_mean}


def rows(root: Path) -> Iterator[dict[str, object]]:
    """Yield the scores of each way at each temperature, over the test split."""
    model = Model.load(root / "models" / "colorizer.safetensors")
    table = Quantiser.load(root / "data" / "quantiser.npz").table
    test = ShardReader(root / "data" / "resized", "test")
    decodings = [Decoding(temperature) for temperature in TEMPERATURES]
    for name, mean in WAYS.items():
        recipe = replace(model.recipe, decode=partial(decoded, mean=mean))
        by_mean = replace(model, recipe=recipe)
        found = sweep(by_mean, test, table, decodings, scores=SCORES, mixture=Mixture((GREY,)))
        for row in found:
            yield {
                "decoded by": name,
                "T": row["temperature"],
                **{score: f"{row[score]:.4g}" for score in SCORES},
            }


def main(root: str = ".", *, write: bool = True) -> str:
    """Measure and write the section."""
    text = report.table([*rows(Path(root))])
    if write:
        report.write_section("Decoding", text)
    print(text)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
