"""train: teach a network the colour classes of the training split, and keep one epoch of it.

Where the section ``train_grey`` says so, a second network follows, for grey pages alone. Inked
pages to learn from are made as the section ``inking`` says. Those of the validation split, by
which epoch and decoding are chosen, are always made with the default values.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.index import picture_ids
from colorize.data.shards import ShardReader
from colorize.inking.params import InkingParams
from colorize.learn.params import TrainGreyParams, TrainParams
from colorize.params import load
from stages import run, scratch
from stages.processes import processes, relaunched, whole_number
from stages.watcher import Bar

if TYPE_CHECKING:
    from colorize.learn.checkpoint import Checkpoints, History
    from colorize.learn.distributed import Group
    from colorize.learn.schedule import Schedule
    from colorize.model.weights import Model

QUANTISER = Path("data", "quantiser.npz")

CHECKPOINT_EVERY = 200
"""Steps; ``COLORIZE_CHECKPOINT_EVERY`` changes it, and no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What a training reads.

    Attributes:
        root: of the project.
        pictures: to train on.
        held_out: the pictures by which epoch and decoding are chosen.
        quantiser: fitted on the first ones.
        sources: their sources, by name.
    """

    root: Path
    pictures: ShardReader
    held_out: ShardReader
    quantiser: Quantiser
    sources: list[str]

    @classmethod
    def read(cls, root: Path) -> Self:
        """Open the shards, and read quantiser and index."""
        resized = root / "data" / "resized"
        pictures, held_out = (ShardReader(resized, split) for split in ("train", "val"))
        return cls(
            root=root,
            pictures=pictures,
            held_out=held_out,
            quantiser=Quantiser.load(root / QUANTISER),
            sources=sorted({name.partition("_")[0] for name in picture_ids(resized, "train")}),
        )


class Trained(NamedTuple):
    """A training that has ended."""

    checkpoints: "Checkpoints"
    history: "History"


def main(root: Path) -> None:
    """Read params, then train: PyTorch takes a second to import, and a typo should not."""
    params, inking = load(TrainParams, root, "train"), load(InkingParams, root, "inking")
    grey = load(TrainGreyParams, root, "train_grey").of(params)
    train([params, grey] if grey else [params], inking, root)


def train(networks: Sequence[TrainParams], inking: InkingParams, root: Path) -> None:
    """Read the data, train one network after the other, write the model that they make.

    Args:
        networks: the params of one, or of a second one as well, for grey pages alone.
        inking: how inked pages are made.
        root: of the project.
    """
    from colorize.learn.distributed import join
    from colorize.learn.memory import keep_freed_memory
    from colorize.model.recipes import recipe

    data = Data.read(root)
    for params in networks:
        schedule(params).check(data.pictures, recipe(params.recipe), processes=processes())
    if relaunched("stages.train", root):
        return
    group = join()
    keep_freed_memory()
    with ExitStack() as held:  # until all is written: another process must not train the same
        runs = [trained(params, inking, data, group, held) for params in networks]
        if group.leads:
            write(data, networks[0], runs, number_of_processes=group.size)
            for done in runs:
                done.checkpoints.clear()


def trained(
    params: TrainParams, inking: InkingParams, data: Data, group: "Group", held: ExitStack
) -> Trained:
    """Train a network to the end, from where it was stopped if it was.

    Args:
        params: of this network.
        inking: how inked pages are made.
        data: to train on.
        group: of the processes that train together.
        held: keeps the lock of its checkpoints.
    """
    from colorize.judge.validation import Validation
    from colorize.learn.checkpoint import Checkpoints, fingerprint
    from colorize.learn.run import Run
    from colorize.learn.training import Trainer
    from colorize.model.domains import Mixture, domains
    from colorize.model.methods import Adversary
    from colorize.model.precision import best_device, describe

    values = {"train": params.model_dump(), "inking": inking.model_dump()}
    read = (data.root / QUANTISER, Path(__file__))
    name = fingerprint(values, *read, pictures=(data.pictures, data.held_out))
    every = whole_number("COLORIZE_CHECKPOINT_EVERY", CHECKPOINT_EVERY)
    checkpoints = Checkpoints(scratch(data.root) / "train" / name, every=every)
    model = untrained(
        params, data.quantiser, values, side=data.pictures.side, sources=data.sources
    ).to(best_device())
    validation = Validation(data.held_out, data.quantiser, select=params.select)
    kinds = domains(inking)
    held.enter_context(checkpoints.locked(group))
    with Bar(shown=group.leads) as watcher:
        trainer = Trainer(
            model,
            data.pictures,
            quantiser=data.quantiser,
            schedule=schedule(params),
            mixture=Mixture([kinds[name] for name in params.domains]),
            group=group,
            adversary=Adversary(
                patch=params.patch, gan=params.gan, l1=params.l1, share=params.adversarial
            ),
        )
        watcher.start(trainer.steps, batch=params.batch)
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
    return Trained(checkpoints, history)


def schedule(params: TrainParams) -> "Schedule":
    """Give the part of the params that is a training's schedule."""
    from colorize.learn.schedule import Schedule

    return Schedule(**{field.name: getattr(params, field.name) for field in fields(Schedule)})


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


def united(first: Path, *second: Path) -> "Model":
    """Load a model, whose grey pages a second one paints, if there is one."""
    from colorize.model.precision import best_device
    from colorize.model.weights import Model

    model, *grey = (Model.load(path, best_device()) for path in (first, *second))
    return model.with_grey(*grey) if grey else model


def write(
    data: Data, params: TrainParams, runs: Sequence[Trained], *, number_of_processes: int
) -> None:
    """Choose the decoding of what is kept, and write models, history and metrics.

    Args:
        data: that was trained on.
        params: of the first network.
        runs: of one network, or of a second one as well, whose epochs count on in the history.
        number_of_processes: that trained together.
    """
    from colorize.judge import decodings
    from colorize.learn.run import kept

    model = united(*(done.checkpoints.kept for done in runs))
    chosen, tables = decodings.tune(
        model,
        data.held_out,
        data.quantiser.table,
        adjustments=params.adjustments,
        temperatures=params.temperatures,
        select=params.select,
    )
    models, metrics = data.root / "models", data.root / "metrics"
    replace(model, **chosen._asdict()).save(models / "colorizer.safetensors")
    one_epoch = united(*(done.checkpoints.one_epoch for done in runs))
    one_epoch.save(models / "one_epoch.safetensors")
    for name, table in tables.items():
        files.write_table(metrics / f"{name}.csv", table)
    first, *second = (done.history for done in runs)
    later = ({**epoch, "epoch": len(first) + epoch["epoch"]} for of in second for epoch in of)
    files.write_table(metrics / "train.csv", [*first, *later])
    best = [of[kept(of, params.select, params.keep)] for of in (first, *second)]
    numbers: files.Numbers = {
        **dict(zip(("kept", "kept_grey"), best, strict=False)),
        "epochs": len(first),
        **chosen._asdict(),
        "parameters": model.count(),
        "processes": number_of_processes,
    }
    files.write_metrics(metrics / "train.json", numbers)


if __name__ == "__main__":
    run(main)
