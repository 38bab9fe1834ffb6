"""train: teach a network the colour classes of the training split, and keep one epoch of it.

Its layers that take hints learn after all others, which then stay as they are. Where the section
``train_grey`` says so, a second network follows, for grey pages alone. Inked pages to learn from
are made as the section ``inking`` says. Those of the validation split, by which epoch and decoding
are chosen, are always made with the default values.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

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
class Task:
    """What is to be trained, and on what.

    Attributes:
        networks: the params of one, or of a second one as well, for grey pages alone.
        root: of the project.
        pictures: to learn from.
        held_out: by which epoch and decoding are chosen.
        quantiser: fitted on the first ones.
        sources: their sources, by name.
        inking: how inked pages are made of them.
    """

    networks: tuple[TrainParams, ...]
    root: Path
    pictures: ShardReader
    held_out: ShardReader
    quantiser: Quantiser
    sources: list[str]
    inking: InkingParams

    @classmethod
    def read(cls, root: Path, networks: Sequence[TrainParams], inking: InkingParams) -> Self:
        """Open the shards, and read quantiser and index."""
        resized = root / "data" / "resized"
        pictures, held_out = (ShardReader(resized, split) for split in ("train", "val"))
        return cls(
            networks=tuple(networks),
            root=root,
            pictures=pictures,
            held_out=held_out,
            quantiser=Quantiser.load(root / QUANTISER),
            sources=sorted({name.partition("_")[0] for name in picture_ids(resized, "train")}),
            inking=inking,
        )


class Trained(NamedTuple):
    """A training that has ended."""

    checkpoints: "Checkpoints"
    history: "History"


def main(root: Path) -> None:
    """Read params, then train: PyTorch takes a second to import, and a typo should not."""
    params, inking = load(TrainParams, root, "train"), load(InkingParams, root, "inking")
    grey = load(TrainGreyParams, root, "train_grey").of(params)
    train(Task.read(root, [params, grey] if grey else [params], inking))


def train(task: Task) -> None:
    """Train one network after the other, and write the model that they make."""
    from colorize.learn.distributed import join
    from colorize.learn.memory import keep_freed_memory
    from colorize.model.recipes import recipe

    for params, section in zip(task.networks, ("train", "train_grey"), strict=False):
        chosen = recipe(params.recipe)
        schedule(params).check(task.pictures, chosen, processes=processes(), section=section)
    if relaunched("stages.train", task.root):
        return
    group = join()
    keep_freed_memory()
    with ExitStack() as held:  # until all is written: another process must not train the same
        runs = [list(phases(params, task, group, held)) for params in task.networks]
        if group.leads:
            write(task, runs, number_of_processes=group.size)
            for done in chain(*runs):
                done.checkpoints.clear()


def phases(params: TrainParams, task: Task, group: "Group", held: ExitStack) -> Iterator[Trained]:
    """Train a network, and then those of its layers that take hints, if it has any.

    Args:
        params: of this network.
        task: of which this is a part.
        group: of the processes that train together.
        held: keeps the checkpoints locked.
    """
    from colorize.model.weights import Model

    model = untrained(params, task)
    yield (done := trained(params, model, task, group, held))
    if params.hints:
        if group.leads:  # DistributedDataParallel gives it to the others
            model = Model.load(done.checkpoints.kept)
        alone = {"epochs": params.hints, "adversarial": 0.0, "keep": "last", "patience": 0}
        params = params.model_copy(update=alone)
        yield trained(params, model.with_hints(), task, group, held)


def trained(
    params: TrainParams, model: "Model", task: Task, group: "Group", held: ExitStack
) -> Trained:
    """Train a model to the end, from where it was stopped if it was.

    Args:
        params: how.
        model: to train; one that takes hints has learned all else.
        task: of which this is a part.
        group: of the processes that train together.
        held: keeps the checkpoints locked.
    """
    from colorize.judge.validation import Validation
    from colorize.learn.checkpoint import Checkpoints, fingerprint
    from colorize.learn.run import Run
    from colorize.learn.training import Trainer
    from colorize.model.domains import Mixture, domains
    from colorize.model.methods import Adversary
    from colorize.model.precision import best_device, describe

    read = (task.root / QUANTISER, Path(__file__))
    asked = [each.model_dump() for each in task.networks]  # else two tasks would share a folder
    values = {**model.params, "hinted": model.spec.hints, "task": asked}
    name = fingerprint(values, *read, pictures=(task.pictures, task.held_out))
    every = whole_number("COLORIZE_CHECKPOINT_EVERY", CHECKPOINT_EVERY)
    checkpoints = Checkpoints(scratch(task.root) / "train" / name, every=every)
    held.enter_context(checkpoints.locked(group))
    model = model.to(best_device())
    validation = Validation(task.held_out, task.quantiser, select=params.select)
    kinds = domains(task.inking)
    title = "train hints" if model.spec.hints else "train"
    with Bar(title, shown=group.leads) as watcher:
        trainer = Trainer(
            model,
            task.pictures,
            quantiser=task.quantiser,
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


def untrained(params: TrainParams, task: Task) -> "Model":
    """Build the model that is to be trained; it takes no hints yet."""
    from colorize.model.weights import Model

    values = {"train": params.model_dump(), "inking": task.inking.model_dump()}
    quantiser = task.quantiser
    return Model.build(
        params.recipe,
        width=params.width,
        centres=quantiser.table.centres,
        side=task.pictures.side,
        params={**values, "quantise": quantiser.constants()},
        seed=params.seed,
        domains=params.domains,
        sources=task.sources,
        weights=quantiser.weights,
        tones=quantiser.tones if params.tone else None,
        norms=params.norms == "apart",
    )


def united(first: Path, *second: Path) -> "Model":
    """Load a model, whose grey pages a second one paints, if there is one."""
    from colorize.model.precision import best_device
    from colorize.model.weights import Model

    model, *grey = (Model.load(path, best_device()) for path in (first, *second))
    return model.with_grey(*grey) if grey else model


def write(task: Task, runs: Sequence[list[Trained]], *, number_of_processes: int) -> None:
    """Choose the decoding of what is kept, and write models, history and metrics.

    Args:
        task: that is done.
        runs: the phases of each network.
        number_of_processes: that trained together.
    """
    from colorize.judge import decodings
    from colorize.learn.run import kept

    params = task.networks[0]
    model = united(*(last.checkpoints.kept for *_, last in runs))
    chosen, tables = decodings.tune(
        model,
        task.held_out,
        task.quantiser.table,
        adjustments=params.adjustments,
        temperatures=params.temperatures,
        select=params.select,
    )
    models, metrics = task.root / "models", task.root / "metrics"
    replace(model, **chosen._asdict()).save(models / "colorizer.safetensors")
    one_epoch = united(*(first.checkpoints.one_epoch for first, *_ in runs))
    one_epoch.save(models / "one_epoch.safetensors")
    for name, table in tables.items():
        files.write_table(metrics / f"{name}.csv", table)
    epochs = chain(*(done.history for done in chain(*runs)))  # those of each phase count on
    columns = dict.fromkeys(runs[0][0].history[0], 0.0)  # a later phase has no critic
    rows = ({**columns, **epoch, "epoch": number} for number, epoch in enumerate(epochs, 1))
    files.write_table(metrics / "train.csv", rows)
    best = [of[kept(of, params.select, params.keep)] for (_, of), *_ in runs]
    numbers: files.Numbers = {
        **dict(zip(("kept", "kept_grey"), best, strict=False)),
        "epochs": len(runs[0][0].history),
        **chosen._asdict(),
        "parameters": model.count(),
        "processes": number_of_processes,
    }
    files.write_metrics(metrics / "train.json", numbers)


if __name__ == "__main__":
    run(main)
