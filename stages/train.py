"""train: teach a network the colour classes of the training split, and keep its best epoch."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.params import Range, load
from stages import run, scratch
from stages.processes import processes, relaunched, whole_number
from stages.watcher import Bar

if TYPE_CHECKING:
    from colorize.model.weights import Model

CHECKPOINT_EVERY = 200
"""Steps; ``COLORIZE_CHECKPOINT_EVERY`` changes it, and no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainParams:
    """Section ``train`` of params.yaml."""

    recipe: Literal["unet", "unet_l2", "eccv16", "eccv16_l2"]
    tone: bool
    width: Annotated[float, Range(0, 4, open_low=True)]
    crop: Annotated[int, Range(32, 1024)]
    batch: Annotated[int, Range(1, 4096)]
    epochs: Annotated[int, Range(1)]
    lr: Annotated[float, Range(0, 1, open_low=True)]
    warmup: Annotated[float, Range(0, 1)]
    weight_decay: Annotated[float, Range(0, 1)]
    select: Literal["loss", "divergence", "auc", "auc_balanced", "psnr"]
    patience: Annotated[int, Range(0)]
    temperature: Annotated[float, Range(0.01, 1)]
    seed: Annotated[int, Range(0)]


def main(root: Path) -> None:
    """Read params, then train: PyTorch takes a second to import, and a typo should not."""
    train(load(TrainParams, root, "train"), root)


def train(params: TrainParams, root: Path) -> None:
    """Read shards and quantiser, train, write the best model and the history."""
    from colorize.learn.checkpoint import Store, fingerprint
    from colorize.learn.distributed import join
    from colorize.learn.memory import keep_freed_memory
    from colorize.learn.run import Run
    from colorize.learn.schedule import Plan
    from colorize.learn.training import Trainer
    from colorize.learn.validation import best_of, validate
    from colorize.model.precision import best_device, describe

    pictures, held_out = (ShardReader(root / "data" / "resized", s) for s in ("train", "val"))
    quantiser_file = root / "data" / "quantiser.npz"
    quantiser = Quantiser.load(quantiser_file)
    model = untrained(params, quantiser, side=pictures.side)
    plan = Plan(**{field.name: getattr(params, field.name) for field in fields(Plan)})
    plan.check(pictures, model.recipe, processes=processes())
    if relaunched("stages.train", root):
        return
    name = fingerprint(asdict(params), quantiser_file, pictures=(pictures, held_out))
    every = whole_number("COLORIZE_CHECKPOINT_EVERY", CHECKPOINT_EVERY)
    store = Store(scratch(root) / "train" / name, every=every)
    group = join()
    keep_freed_memory()
    model = model.to(best_device())
    with store.locked(group), Bar(shown=group.leads) as watcher:
        trainer = Trainer(model, pictures, quantiser=quantiser, plan=plan, group=group)
        watcher.start(trainer.steps, batch=plan.batch)
        watcher.warn(describe(model.device))
        history = Run(
            model=model,
            trainer=trainer,
            store=store,
            validation=lambda: validate(model, held_out, quantiser, params.temperature),
            select=params.select,
            patience=params.patience,
            watcher=watcher,
            group=group,
        ).to_the_end()
        if group.leads:
            summary = {"parameters": model.count(), "processes": group.size}
            best = history[best_of(history, params.select)]
            write(root, history, best=best, model=store.best.read_bytes(), summary=summary)
            store.clear()


def untrained(params: TrainParams, quantiser: Quantiser, *, side: int) -> "Model":
    """Build the model that is to be trained."""
    from colorize.model.weights import Model

    return Model.build(
        params.recipe,
        width=params.width,
        centres=quantiser.table.centres,
        side=side,
        params={"train": asdict(params), "quantise": quantiser.constants()},
        seed=params.seed,
        tones=quantiser.tones if params.tone else None,
    )


def write(
    root: Path,
    history: list[dict[str, float]],
    *,
    best: dict[str, float],
    model: bytes,
    summary: dict[str, int],
) -> None:
    """Write the outputs: the best epoch's model, the history, and what came of it."""
    files.write_bytes(root / "models" / "colorizer.safetensors", model)
    files.write_table(root / "metrics" / "train.csv", history)
    numbers: files.Numbers = {"best": best, "epochs": len(history), **summary}
    files.write_metrics(root / "metrics" / "train.json", numbers)


if __name__ == "__main__":
    run(main)
