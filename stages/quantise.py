"""quantise: count the training colours by ab bin, and weigh the bins."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from colorize import files
from colorize.colour import lab, plane, prior
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.params import Range, load
from stages import progress, run

BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantiseParams:
    """Section ``quantise`` of params.yaml."""

    step: Annotated[int, Range(5, 40)]
    neighbours: Annotated[int, Range(1, 10)]
    sigma: Annotated[float, Range(0, open_low=True)]
    prior_sigma: Annotated[float, Range(0)]
    mix: Annotated[float, Range(0, 1)]


def main(root: Path) -> None:
    """Read params and the training shards, count, fit, write the quantiser and its pictures."""
    params = load(QuantiseParams, root, "quantise")
    pictures = ShardReader(root / "data" / "resized", "train")
    table = NeighbourTable.fit(bin_centres(params.step), params.neighbours)
    counts = np.zeros(len(table.centres), np.int64)
    with progress("quantise", len(pictures)) as bar:
        for rgb in pictures.batches(BATCH):
            bins = table.nearest(lab.rgb_to_lab(rgb)[..., 1:])
            counts += np.bincount(bins.ravel(), minlength=len(counts))
            bar.update(len(rgb))
    quantiser = Quantiser.fit(
        counts,
        table,
        step=params.step,
        sigma=params.sigma,
        prior_sigma=params.prior_sigma,
        mix=params.mix,
    )
    quantiser.save(root / "data" / "quantiser.npz")
    metrics = root / "metrics"
    grey = int(table.nearest(np.zeros(2)))
    summary: files.Numbers = {
        "bins": len(counts),
        "bins_in_use": int((counts > 0).sum()),
        "entropy": prior.entropy(quantiser.prior),
        "grey_share": float(quantiser.prior[grey]),
        "weight": {"min": float(quantiser.weights.min()), "max": float(quantiser.weights.max())},
    }
    files.write_metrics(metrics / "quantise.json", summary)
    for name, values in (("prior", quantiser.prior), ("weights", quantiser.weights)):
        picture = plane.draw(values, table.centres, step=params.step, title=_TITLES[name])
        files.write_bytes(metrics / f"{name}.png", picture)


_TITLES = {"prior": "share of the training pixels", "weights": "class weight"}


if __name__ == "__main__":
    run(main)
