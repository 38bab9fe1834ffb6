"""evaluate: judge the model, and all-grey beside it, on pictures that it has never seen."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.params import Range, load
from stages import progress, run

BATCH = 16
"""Pictures at a time, which changes no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateParams:
    """Section ``evaluate`` of params.yaml."""

    temperature: Annotated[float, Range(0.01, 1)]
    gallery: Annotated[int, Range(1, 100)]


def main(root: Path) -> None:
    """Read params, model and test split, judge, write the scores and the gallery."""
    params = load(EvaluateParams, root, "evaluate")
    # PyTorch takes more than a second to import: a typo in params.yaml need not wait for it.
    from colorize.judge.gallery import contact_sheet, spread
    from colorize.judge.scores import Colourer, all_grey, judge
    from colorize.model.predict import predict_shown
    from colorize.model.weights import Model

    pictures = ShardReader(root / "data" / "resized", "test")
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    model = Model.load(root / "models" / "colorizer.safetensors")
    painted: Colourer = partial(predict_shown, model, temperature=params.temperature)
    rows = {"model": painted, "grey": all_grey}
    with progress("evaluate", len(pictures)) as bar:
        scores = judge(pictures.batches(BATCH), rows, quantiser.table, on_pictures=bar.update)
    metrics = root / "metrics"
    files.write_metrics(metrics / "evaluate.json", scores)

    shown = np.stack([pictures[i] for i in spread(len(pictures), params.gallery)])
    columns = {"grey": all_grey, "painted": painted}
    sheet = contact_sheet(shown, columns)
    files.write_bytes(metrics / "gallery" / "test.png", sheet)


if __name__ == "__main__":
    run(main)
