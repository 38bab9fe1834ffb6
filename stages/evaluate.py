"""evaluate: judge the model between floors and ceilings, on pictures that it has never seen."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.index import picture_ids
from colorize.data.shards import ShardReader
from colorize.params import Range, load
from stages import progress, run


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateParams:
    """Section ``evaluate`` of params.yaml."""

    temperature: Annotated[float, Range(0.01, 1)]
    temperatures: Annotated[tuple[Annotated[float, Range(0.01, 1)], ...], Range(1, 20)]
    select: Literal["auc", "auc_balanced", "rmse_ab", "psnr"]
    resamples: Annotated[int, Range(100, 100_000)]
    gallery: Annotated[int, Range(1, 100)]
    seed: Annotated[int, Range(0)]


def main(root: Path) -> None:
    """Read params, model and splits, judge, write the scores, tables and pictures."""
    params = load(EvaluateParams, root, "evaluate")
    # Threads of PyTorch that wait for work must not keep those from the cores that count pixels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # PyTorch takes more than a second to import: a typo in params.yaml need not wait for it.
    from colorize.judge import temperature
    from colorize.judge.judgement import judge
    from colorize.judge.rows import References
    from colorize.model.weights import Model
    from colorize.report import exhibits

    train, val, test = (
        ShardReader(root / "data" / "resized", split) for split in ("train", "val", "test")
    )
    ids = picture_ids(root / "data" / "resized", "test")
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    model = Model.load(root / "models" / "colorizer.safetensors")
    with progress("evaluate", len(val) + len(test)) as bar:
        # A regression is what it is at every temperature.
        grid = params.temperatures if model.recipe.classifies else (params.temperature,)
        swept = temperature.sweep(model, val, quantiser.table, grid, on_pictures=bar.update)
        rows = temperature.rows(model, params.temperature, swept, params.select)
        judgement = judge(
            model,
            test,
            References(train, quantiser, recipe=model.recipe, seed=params.seed),
            quantiser,
            temperatures=rows,
            resamples=params.resamples,
            seed=params.seed,
            on_pictures=bar.update,
        )
    metrics = root / "metrics"
    files.write_metrics(metrics / "evaluate.json", judgement.numbers() | {"temperature": rows})
    for name, table in exhibits.tables(judgement, swept, ids).items():
        files.write_table(metrics / f"{name}.csv", table)
    shown = exhibits.pictures(judgement, swept, model, test, rows, count=params.gallery)
    for name, picture in shown.items():
        files.write_bytes(metrics / "gallery" / f"{name}.png", picture)


if __name__ == "__main__":
    run(main)
