"""train: teach a network the colour classes of the training split, and keep one epoch of it.

Inked pages that it learns from are made as the section ``inking`` says. Those of the validation
split, by which epoch and decoding are chosen, are always made with the default values.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from colorize import files
from colorize.colour.quantiser import Quantiser
from colorize.data.index import picture_ids
from colorize.data.shards import ShardReader
from colorize.errors import ParamsError
from colorize.inking.params import InkingParams
from colorize.metrics.scores import Criterion
from colorize.params import FILE_NAME, Section, Seed, load
from stages import run, scratch
from stages.processes import processes, relaunched, whole_number
from stages.watcher import Bar

if TYPE_CHECKING:
    from colorize.learn.checkpoint import Checkpoints, History
    from colorize.model.weights import Model

MULTIPLES = {"unet": 32, "unet_l2": 32}
"""By ``recipe``: what the sides of crops and pictures must be multiples of, where 8 is too little:
`Recipe.side_multiple`, known before PyTorch is imported."""

INKING = ("unet", "eccv16", "pix2pix")
"""Recipes that can learn inked pages."""

HINTED = ("unet", "unet_l2")
"""Recipes whose network can take hints."""

CLASSIFYING = ("unet", "eccv16")
"""Recipes that can end with a phase against a critic."""

LEAST_CROP = {286: 96}
"""By ``patch``: pixels of which a critic needs more than the least crop of all."""

CHECKPOINT_EVERY = 200
"""Steps; ``COLORIZE_CHECKPOINT_EVERY`` changes it, and no result."""


def _no_truth_value(value: object) -> object:
    """Keep ``true`` from being taken for 1."""
    return str(value) if isinstance(value, bool) else value


class TrainParams(Section):
    """Section ``train`` of params.yaml."""

    recipe: Literal["unet", "unet_l2", "eccv16", "eccv16_l2", "pix2pix"]
    domains: Annotated[
        tuple[Literal["grey", "ink", "lines"], ...], Field(min_length=1, max_length=20)
    ]
    hints: bool
    tone: bool
    norms: Literal["apart", "shared"]
    width: Annotated[float, Field(gt=0, le=4)]
    crop: Annotated[int, Field(ge=32, le=1024, multiple_of=8)]
    scale_jitter: Annotated[float, Field(ge=0, le=1)]
    gamma_jitter: Annotated[float, Field(ge=0, le=1)]
    batch: Annotated[int, Field(ge=1, le=4096)]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    lr: Annotated[float, Field(gt=0, le=1)]
    warmup: Annotated[float, Field(ge=0, le=1)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    adversarial: Annotated[float, Field(ge=0, le=1)]
    patch: Annotated[Literal[1, 16, 70, 286], BeforeValidator(_no_truth_value)]
    gan: Annotated[float, Field(ge=0, le=1000)]
    l1: Annotated[float, Field(ge=0, le=1000)]
    temperatures: Annotated[
        tuple[Annotated[float, Field(ge=0.01, le=1)], ...], Field(min_length=1, max_length=20)
    ]
    adjustments: Annotated[
        tuple[Annotated[float, Field(ge=0, le=4)], ...], Field(min_length=1, max_length=20)
    ]
    select: Criterion
    keep: Literal["best", "last"]
    patience: Annotated[int, Field(ge=0, le=100_000)]
    seed: Seed

    @property
    def multiple(self) -> int:
        """What the sides of crops and pictures must be multiples of."""
        return MULTIPLES.get(self.recipe, 8)

    @model_validator(mode="after")
    def _square(self) -> Self:
        """See that the network can halve a crop as often as it does."""
        if self.crop % self.multiple:
            raise ParamsError(
                f"{FILE_NAME}: 'train.crop' must be a multiple of {self.multiple} for recipe "
                f"{self.recipe}, not {self.crop}"
            )
        return self

    @model_validator(mode="after")
    def _learns(self) -> Self:
        """See that the recipe can learn what is asked for."""
        if self.recipe not in INKING and set(self.domains) != {"grey"}:
            raise ParamsError(
                f"{FILE_NAME}: 'train.domains' must be [grey] for recipe {self.recipe}: it gives "
                "no lightness, which inked pages need"
            )
        if self.hints and self.recipe not in HINTED:
            raise ParamsError(
                f"{FILE_NAME}: 'train.hints' must be false for recipe {self.recipe}: only "
                f"{' and '.join(HINTED)} take hints"
            )
        return self

    @model_validator(mode="after")
    def _drops(self) -> Self:
        """See that the network has maps to leave out."""
        if self.dropout and not self.recipe.startswith("unet"):
            raise ParamsError(
                f"{FILE_NAME}: 'train.dropout' must be 0 for recipe {self.recipe}, not "
                f"{self.dropout:g}: only unet and unet_l2 have such a layer"
            )
        return self

    @model_validator(mode="after")
    def _critic(self) -> Self:
        """See that there may be a critic, and that it and the network can learn."""
        if self.adversarial and self.recipe not in CLASSIFYING:
            raise ParamsError(
                f"{FILE_NAME}: 'train.adversarial' must be 0 for recipe {self.recipe}, not "
                f"{self.adversarial:g}: only {' and '.join(CLASSIFYING)} have such a phase"
            )
        if self.adversarial and not self.gan:
            raise ParamsError(f"{FILE_NAME}: 'train.gan' must be above 0 for 'train.adversarial'")
        if self.recipe != "pix2pix" and not self.adversarial:
            return self
        if not self.gan and not self.l1:
            raise ParamsError(f"{FILE_NAME}: 'train.gan' or 'train.l1' must be above 0")
        if self.gan and self.crop < (least := LEAST_CROP.get(self.patch, 0)):
            raise ParamsError(
                f"{FILE_NAME}: 'train.crop' must be at least {least} for a patch of {self.patch}, "
                f"not {self.crop}"
            )
        return self


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
