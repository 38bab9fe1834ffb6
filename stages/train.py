"""train: teach a network the colour classes of the training split, and keep one epoch of it.

Inked pages that it learns from are made as the section ``inking`` says. Those of the validation
split, by which epoch and decoding are chosen, are always made with the default values.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.index import picture_ids
from colorize.data.shards import ShardReader
from colorize.inking.params import InkingParams
from colorize.learn.params import TrainParams
from colorize.params import load
from stages import run, scratch
from stages.processes import processes, relaunched, whole_number
from stages.watcher import Bar

if TYPE_CHECKING:
    from colorize.learn.checkpoint import Checkpoints, History
    from colorize.model.weights import Model

CHECKPOINT_EVERY = 200
"""Steps; ``COLORIZE_CHECKPOINT_EVERY`` changes it, and no result."""


def main(root: Path) -> None:
    """Read params, then train: PyTorch takes a second to import, and a typo should not."""
    train(load(TrainParams, root, "train"), load(InkingParams, root, "inking"), root)


def train(params: TrainParams, inking: InkingParams, root: Path) -> None:
    """Read shards and quantiser, train, write the best model and the history."""
    from colorize.judge.validation import Validation
    from colorize.learn.checkpoint import Checkpoints, fingerprint
    from colorize.learn.distributed import join
    from colorize.learn.memory import keep_freed_memory
    from colorize.learn.run import Run
    from colorize.learn.schedule import Schedule
    from colorize.learn.training import Trainer
    from colorize.model.domains import Mixture, domains
    from colorize.model.methods import Adversary
    from colorize.model.precision import best_device, describe

    pictures, held_out = (ShardReader(root / "data" / "resized", s) for s in ("train", "val"))
    quantiser_file = root / "data" / "quantiser.npz"
    quantiser = Quantiser.load(quantiser_file)
    ids = picture_ids(root / "data" / "resized", "train")
    sources = sorted({name.partition("_")[0] for name in ids})
    values = {"train": params.model_dump(), "inking": inking.model_dump()}
    model = untrained(params, quantiser, values, side=pictures.side, sources=sources)
    schedule = Schedule(**{field.name: getattr(params, field.name) for field in fields(Schedule)})
    schedule.check(pictures, model.recipe, processes=processes())
    if relaunched("stages.train", root):
        return
    read = (quantiser_file, Path(__file__))
    name = fingerprint(values, *read, pictures=(pictures, held_out))
    every = whole_number("COLORIZE_CHECKPOINT_EVERY", CHECKPOINT_EVERY)
    checkpoints = Checkpoints(scratch(root) / "train" / name, every=every)
    group = join()
    keep_freed_memory()
    model = model.to(best_device())
    validation = Validation(held_out, quantiser, select=params.select)
    kinds = domains(inking)
    with checkpoints.locked(group), Bar(shown=group.leads) as watcher:
        trainer = Trainer(
            model,
            pictures,
            quantiser=quantiser,
            schedule=schedule,
            mixture=Mixture([kinds[name] for name in params.domains]),
            group=group,
            adversary=Adversary(
                patch=params.patch, gan=params.gan, l1=params.l1, share=params.adversarial
            ),
        )
        watcher.start(trainer.steps, batch=schedule.batch)
        watcher.warn(describe(model.device))
        if outdated := checkpoints.of_other_code():
            watcher.warn(f"the code has changed since {outdated} was saved: training starts again")
        history = Run(
            model=model,
            trainer=trainer,
            checkpoints=checkpoints,
            validation=lambda: validation(model),
            select=params.select,
            keep=params.keep,
            patience=params.patience,
            watcher=watcher,
            group=group,
        ).to_the_end()
        if group.leads:
            summary = {"parameters": model.count(), "processes": group.size}
            write(root, params, checkpoints, history, held_out, quantiser, summary=summary)
            checkpoints.clear()


def untrained(
    params: TrainParams,
    quantiser: Quantiser,
    values: dict[str, Any],
    *,
    side: int,
    sources: list[str],
) -> "Model":
    """Build the model that is to be trained."""
    from colorize.model.weights import Model

    return Model.build(
        params.recipe,
        width=params.width,
        centres=quantiser.table.centres,
        side=side,
        params={**values, "quantise": quantiser.constants()},
        seed=params.seed,
        domains=params.domains,
        sources=sources,
        weights=quantiser.weights,
        tones=quantiser.tones if params.tone else None,
        hints=params.hints,
        norms=params.norms == "apart",
    )


def write(
    root: Path,
    params: TrainParams,
    checkpoints: "Checkpoints",
    history: "History",
    held_out: ShardReader,
    quantiser: Quantiser,
    *,
    summary: dict[str, int],
) -> None:
    """Choose the decoding of the epoch that is kept, and write models, history and metrics."""
    from colorize.judge import decodings
    from colorize.learn.run import kept
    from colorize.model.precision import best_device
    from colorize.model.weights import Model

    model = Model.load(checkpoints.kept, best_device())
    chosen, tables = decodings.tune(
        model,
        held_out,
        quantiser.table,
        adjustments=params.adjustments,
        temperatures=params.temperatures,
        select=params.select,
    )
    tuned = replace(model, **chosen._asdict())
    tuned.save(root / "models" / "colorizer.safetensors")
    one_epoch = checkpoints.one_epoch.read_bytes()
    files.write_bytes(root / "models" / "one_epoch.safetensors", one_epoch)
    files.write_table(root / "metrics" / "train.csv", history)
    for name, table in tables.items():
        files.write_table(root / "metrics" / f"{name}.csv", table)
    epoch = history[kept(history, params.select, params.keep)]
    numbers: files.Numbers = {"epochs": len(history), **chosen._asdict(), **summary}
    files.write_metrics(root / "metrics" / "train.json", {"kept": epoch, **numbers})


if __name__ == "__main__":
    run(main)
