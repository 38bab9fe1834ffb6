"""train: teach a network the colour classes of the training split, and keep its best epoch."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.params import Range, load
from stages import progress, run

BATCH = 16
"""Of the validation, where it changes no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainParams:
    """Section ``train`` of params.yaml."""

    recipe: Literal["eccv16"]
    width: Annotated[float, Range(0, 4, open_low=True)]
    crop: Annotated[int, Range(32, 1024)]
    batch: Annotated[int, Range(1, 4096)]
    epochs: Annotated[int, Range(1)]
    lr: Annotated[float, Range(0, 1, open_low=True)]
    warmup: Annotated[float, Range(0, 1)]
    weight_decay: Annotated[float, Range(0, 1)]
    select: Literal["loss", "divergence", "auc", "psnr"]
    temperature: Annotated[float, Range(0.01, 1)]
    seed: Annotated[int, Range(0)]


def main(root: Path) -> None:
    """Read params, shards and quantiser, train, write the best model and the history."""
    params = load(TrainParams, root, "train")
    # PyTorch takes more than a second to import: a typo in params.yaml need not wait for it.
    from colorize.learn.training import Plan, train
    from colorize.learn.validation import is_better, validate
    from colorize.model.weights import Model

    pictures, held_out = (ShardReader(root / "data" / "resized", s) for s in ("train", "val"))
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    model = Model.build(
        params.recipe,
        width=params.width,
        centres=quantiser.table.centres,
        side=pictures.side,
        params={"train": asdict(params), "quantise": quantiser.constants()},
        seed=params.seed,
    )
    plan = Plan(**{field.name: getattr(params, field.name) for field in fields(Plan)})
    plan.check(pictures, model.recipe)
    history: list[dict[str, float]] = []
    best: dict[str, float] = {}
    chosen = f"val_{params.select}"
    with progress("train", plan.steps(len(pictures)), unit="step") as bar:

        def on_step(loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()

        for epoch in train(model, pictures, quantiser, plan, on_step=on_step):
            scores = validate(
                model, held_out.batches(BATCH), quantiser, temperature=params.temperature
            )
            history.append(asdict(epoch) | {f"val_{name}": v for name, v in scores.items()})
            if not best or is_better(scores[params.select], best[chosen], params.select):
                best = history[-1]
                model.save(root / "models" / "colorizer.safetensors")
            shown = (f"{name} {value:.4g}" for name, value in history[-1].items())
            bar.write(", ".join(shown) + (" *" if best is history[-1] else ""))
    files.write_table(root / "metrics" / "train.csv", history)
    summary: files.Numbers = {"best": best, "parameters": model.count(), "pictures": len(pictures)}
    files.write_metrics(root / "metrics" / "train.json", summary)


if __name__ == "__main__":
    run(main)
