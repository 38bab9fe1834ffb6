"""quantise: count the training colours by ab bin and by tone, and weigh the bins."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from colorize import files
from colorize.colour import prior
from colorize.colour.quantiser import Quantiser
from colorize.colour.tones import KNOTS
from colorize.data import colours, shards
from colorize.data.shards import ShardReader
from colorize.parallel import each
from colorize.params import Section, load, zero_or_at_least
from colorize.report import plane
from stages import progress, run

FEW = 4000
"""Up to this many pictures are counted sooner than other processes start."""


class QuantiseParams(Section):
    """Section ``quantise`` of params.yaml."""

    step: Annotated[int, Field(ge=5, le=40)]
    neighbours: Annotated[int, Field(ge=1, le=10)]
    sigma: Annotated[float, Field(ge=0.01, le=1000)]
    prior_sigma: Annotated[float, Field(le=1000), zero_or_at_least(0.01)]
    mix: Annotated[float, Field(le=1), zero_or_at_least(1e-6)]


def main(root: Path, *, environment: Mapping[str, str] = os.environ) -> None:
    """Read params and the training shards, count, fit, write the quantiser and its pictures."""
    params = load(QuantiseParams, root, "quantise")
    resized = (root / "data" / "resized").resolve()
    total = len(ShardReader(resized, "train"))
    table = colours.bins(params.step, params.neighbours).table
    counts = np.zeros(len(table.centres), np.int64)
    tones = np.zeros((KNOTS, len(table.centres)))
    count = partial(
        colours.count, step=params.step, neighbours=params.neighbours, sigma=params.sigma
    )
    paths = shards.paths(resized, "train")
    with progress("quantise", total) as bar:
        for counted in each(count, paths, environment=environment, small=total <= FEW):
            counts += counted.pixels
            tones += counted.tones
            bar.update(counted.pictures)
    quantiser = Quantiser.fit(
        counts,
        table,
        tones=tones,
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
