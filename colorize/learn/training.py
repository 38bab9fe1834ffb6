"""The training loop: it yields a record an epoch, and knows neither files nor terminals."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from statistics import fmean

import torch
from torch import nn

from colorize.colour import lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import DataError, ModelError
from colorize.learn import dataset
from colorize.model.precision import mixed_precision
from colorize.model.recipes import Recipe
from colorize.model.weights import Model

BETAS = (0.9, 0.99)
"""Of Adam, as the paper trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        epochs: passes over the training split.
        batch: pictures a step; the last, smaller batch of an epoch is left out.
        crop: side of the random square that a step sees of a picture, in pixels.
        lr: peak learning rate.
        warmup: share of all steps in which the learning rate rises to its peak.
        weight_decay: of AdamW.
        seed: of order, crops and flips.
    """

    epochs: int
    batch: int
    crop: int
    lr: float
    warmup: float
    weight_decay: float
    seed: int

    def steps(self, pictures: int) -> int:
        """Steps of the whole training on that many pictures."""
        return self.epochs * (pictures // self.batch)

    def check(self, pictures: ShardReader, recipe: Recipe) -> None:
        """See that the pictures allow this plan.

        Raises:
            DataError: they are fewer than a batch, or smaller than a crop.
        """
        if len(pictures) < self.batch:
            raise DataError(
                f"train.batch is {self.batch}, but only {len(pictures)} pictures are there to train"
            )
        multiple = recipe.side_multiple
        if pictures.side % multiple:
            raise DataError(f"resize.side must be a multiple of {multiple}, not {pictures.side}")
        if self.crop > pictures.side or self.crop % multiple:
            raise DataError(
                f"train.crop must be a multiple of {multiple} and at most resize.side, "
                f"{pictures.side}, not {self.crop}"
            )


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training split gave, as means over its steps."""

    epoch: int
    loss: float
    divergence: float
    lr: float


def learning_rate(step: int, *, steps: int, peak: float, warmup: float) -> float:
    """Rise linearly for ``warmup`` of all steps, then fall along a half cosine to 0.

    >>> [round(learning_rate(s, steps=10, peak=1.0, warmup=0.2), 3) for s in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.038]
    """
    rising = max(1, round(steps * warmup))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2


def train(
    model: Model,
    pictures: ShardReader,
    quantiser: Quantiser,
    plan: Plan,
    *,
    on_step: Callable[[float], None],
) -> Iterator[Epoch]:
    """Train a model's network in place, pausing after each epoch.

    Args:
        model: its network is set to training mode at the start of each epoch.
        pictures: the training split.
        quantiser: fitted on it.
        plan: checked against the pictures.
        on_step: called with the loss of each step.

    Yields:
        A record after each epoch; the caller may use the network as it likes in between.

    Raises:
        ModelError: the loss is no longer a finite number.
    """
    network, recipe = model.network, model.recipe
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=plan.lr, betas=BETAS, weight_decay=plan.weight_decay, fused=True
    )

    def prepare(number: int, epoch: int) -> dataset.Batch:
        rgb = dataset.augmented(pictures, number, crop=plan.crop, seed=plan.seed, epoch=epoch)
        return dataset.to_batch(lab.rgb_to_lab(rgb), quantiser, head_stride=recipe.head_stride)

    steps = plan.steps(len(pictures))
    step = 0
    with ThreadPoolExecutor() as pool:  # numpy and OpenCV let go of the interpreter's lock
        for epoch in range(1, plan.epochs + 1):
            network.train()
            order = dataset.order(len(pictures), seed=plan.seed, epoch=epoch)
            losses, divergences = [], []
            for numbers in order[: steps // plan.epochs * plan.batch].reshape(-1, plan.batch):
                batch = dataset.collate(pool.map(prepare, numbers.tolist(), repeat(epoch)))
                lr = learning_rate(step, steps=steps, peak=plan.lr, warmup=plan.warmup)
                loss, divergence = _step(network, recipe, optimiser, batch, lr)
                if not math.isfinite(loss):
                    raise ModelError(f"loss is {loss} at step {step}, learning rate {lr:g}")
                step += 1
                losses.append(loss)
                divergences.append(divergence)
                on_step(loss)
            yield Epoch(epoch, fmean(losses), fmean(divergences), lr)


def _step(
    network: nn.Module,
    recipe: Recipe,
    optimiser: torch.optim.Optimizer,
    batch: dataset.Batch,
    lr: float,
) -> tuple[float, float]:
    """Take one step and give the losses before it."""
    with mixed_precision():
        output = network(batch.lightness)
    loss, divergence = recipe.loss(output, batch.target)
    for group in optimiser.param_groups:
        group["lr"] = lr
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return loss.item(), divergence.item()
