"""train: teach a network the colour classes of the training split, and keep one epoch of it.

Layers that take hints learn after all others, which then stay as they are. Inked pages to learn
from are made as the section ``inking`` says. Those of the validation split, by which epoch and
decoding are chosen, are always made with the default values.
"""

from collections.abc import Sequence
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
from colorize.learn.params import TrainParams
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
        params: of the training.
        root: of the project.
        pictures: to learn from.
        held_out: by which epoch and decoding are chosen.
        quantiser: fitted on the first ones.
        sources: their sources, by name.
        inking: how inked pages are made of them.
    """

    params: TrainParams
    root: Path
    pictures: ShardReader
    held_out: ShardReader
    quantiser: Quantiser
    sources: list[str]
    inking: InkingParams

    @classmethod
    def read(cls, root: Path, params: TrainParams, inking: InkingParams) -> Self:
        """Open the shards, and read quantiser and index."""
        resized = root / "data" / "resized"
        pictures, held_out = (ShardReader(resized, split) for split in ("train", "val"))
        return cls(
            params=params,
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
    train(Task.read(root, params, inking))


def train(task: Task) -> None:
    """Train a network, and then those of its layers that take hints, if it has any."""
    from colorize.learn.distributed import join
    from colorize.learn.memory import keep_freed_memory
    from colorize.model.recipes import recipe
    from colorize.model.weights import Model

    params = task.params
    schedule(params).check(task.pictures, recipe(params.recipe), processes=processes())
    if relaunched("stages.train", task.root):
        return
    group = join()
    keep_freed_memory()
    with ExitStack() as held:  # until all is written: another process must not train the same
        model = untrained(task)
        phases = [trained(params, model, task, group, held)]
        if params.hints:
            if group.leads:  # DistributedDataParallel gives it to the others
                model = Model.load(phases[0].checkpoints.kept)
            alone = {"epochs": params.hints, "adversarial": 0.0, "keep": "last", "patience": 0}
            learning = params.model_copy(update=alone)
            phases.append(trained(learning, model.with_hints(), task, group, held))
        if group.leads:
            write(task, phases, number_of_processes=group.size)
            for done in phases:
                done.checkpoints.clear()


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
    values = {**model.params, "hinted": model.spec.hints}
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


def untrained(task: Task) -> "Model":
    """Build the model that is to be trained; it takes no hints yet."""
    from colorize.model.weights import Model

    params = task.params
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


def write(task: Task, phases: Sequence[Trained], *, number_of_processes: int) -> None:
    """Choose the decoding of what is kept, and write models, history and metrics.

    Args:
        task: that is done.
        phases: of its training.
        number_of_processes: that trained together.
    """
    from colorize.judge import decodings
    from colorize.learn.run import kept
    from colorize.model.precision import best_device
    from colorize.model.weights import Model

    params, first, last = task.params, phases[0], phases[-1]
    model = Model.load(last.checkpoints.kept, best_device())
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
    one_epoch = first.checkpoints.one_epoch.read_bytes()
    files.write_bytes(models / "one_epoch.safetensors", one_epoch)
    for name, table in tables.items():
        files.write_table(metrics / f"{name}.csv", table)
    epochs = chain(*(done.history for done in phases))  # those of hints count on
    columns = dict.fromkeys(first.history[0], 0.0)  # they have no critic
    rows = ({**columns, **epoch, "epoch": number} for number, epoch in enumerate(epochs, 1))
    files.write_table(metrics / "train.csv", rows)
    numbers: files.Numbers = {
        "kept": first.history[kept(first.history, params.select, params.keep)],
        "epochs": len(first.history),
        **chosen._asdict(),
        "parameters": model.count(),
        "processes": number_of_processes,
    }
    files.write_metrics(metrics / "train.json", numbers)


if __name__ == "__main__":
    run(main)
