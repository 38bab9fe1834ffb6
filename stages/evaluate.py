"""evaluate: judge the model between floors and ceilings, on pictures that it has never seen.

Inked test pages are made with the default values of the section ``inking``, whatever the training
used: runs with different values are compared on the same pages.
"""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.index import picture_ids
from colorize.data.shards import ShardReader
from colorize.params import Section, Seed, load
from stages import progress, run


class EvaluateParams(Section):
    """Section ``evaluate`` of params.yaml."""

    resamples: Annotated[int, Field(ge=100, le=100_000)]
    gallery: Annotated[int, Field(ge=1, le=100)]
    seed: Seed


def main(root: Path, *, with_hints: bool = True) -> None:
    """Read params, model and splits, judge, write the scores, tables and pictures.

    Args:
        root: of the project.
        with_hints: whether a model that takes hints is judged with them: the longest part.
    """
    params = load(EvaluateParams, root, "evaluate")
    # Threads of PyTorch that wait for work must not keep those from the cores that count pixels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # PyTorch takes more than a second to import: a typo in params.yaml need not wait for it.
    from colorize.judge import decodings, hinted, inked, judgement
    from colorize.judge.references import References
    from colorize.model.decode import Decoding
    from colorize.model.precision import best_device
    from colorize.model.weights import Model
    from colorize.report import exhibits

    train, test = (ShardReader(root / "data" / "resized", split) for split in ("train", "test"))
    ids = picture_ids(root / "data" / "resized", "test")
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    models = root / "models"
    model = Model.load(models / "colorizer.safetensors", best_device())
    one_epoch = Model.load(models / "one_epoch.safetensors", best_device())
    references = References(
        train,
        quantiser,
        recipe=model.recipe,
        seed=params.seed,
        one_epoch=one_epoch,
    )
    rows = decodings.rows(model)
    with progress("evaluate", len(test)) as bar:
        found = judgement.evaluate(
            model,
            test,
            references,
            quantiser,
            decodings=rows,
            resamples=params.resamples,
            seed=params.seed,
            on_pictures=bar.update,
        )
    numbers = found.numbers()
    for number, name in enumerate(Decoding._fields):
        numbers[name] = {row: decoding[number] for row, decoding in rows.items()}
    kinds = inked.inputs(model)
    with progress("evaluate inked pages", len(kinds) * len(test), shown=bool(kinds)) as bar:
        numbers |= inked.evaluate(
            model, test, train, quantiser, one_epoch=one_epoch, on_pictures=bar.update
        )
    hints = hinted.without(numbers)
    if with_hints and (kinds := hinted.kinds(model)):
        with progress("evaluate hints", len(kinds) * len(test)) as bar:
            hints, numbers["hints"] = hinted.evaluate(
                model, test, quantiser, seed=params.seed, on_pictures=bar.update
            )
    metrics = root / "metrics"
    files.write_metrics(metrics / "evaluate.json", numbers)
    for name, table in exhibits.tables(found, ids).items():
        files.write_table(metrics / f"{name}.csv", table)
    files.write_table(metrics / "hints.csv", hints)
    for name, picture in exhibits.pictures(found, model, test, rows, count=params.gallery).items():
        files.write_bytes(metrics / "gallery" / f"{name}.png", picture)


if __name__ == "__main__":
    run(main)
