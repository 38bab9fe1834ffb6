"""Length and learning rate of a training."""

import math
from dataclasses import dataclass

from colorize.data.shards import ShardReader
from colorize.errors import DataError
from colorize.learn.dataset import Variation
from colorize.model.recipes import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a training run is asked to do.

    Attributes:
        epochs: passes over the training split.
        batch: pictures a step; the last, smaller batch of an epoch is left out.
        crop: side of the random square that a step sees of a picture, in pixels.
        scale_jitter: how much larger or smaller a step may see a picture, as a logarithm.
        gamma_jitter: how much darker or lighter grey pages are, as the logarithm of an exponent.
        lr: peak learning rate.
        warmup: share of all steps in which the learning rate rises to its peak.
        weight_decay: of the optimisers.
        dropout: share of a network's deepest maps that a step leaves out, where it has such a
            layer.
        seed: of order, crops and flips.
    """

    epochs: int
    batch: int
    crop: int
    scale_jitter: float = 0.0
    gamma_jitter: float = 0.0
    lr: float
    warmup: float
    weight_decay: float
    dropout: float = 0.0
    seed: int

    @property
    def variation(self) -> Variation:
        """How pictures are varied."""
        return Variation(crop=self.crop, scale=self.scale_jitter, gamma=self.gamma_jitter)

    def check(self, pictures: ShardReader, recipe: Recipe, *, processes: int = 1) -> None:
        """See that the pictures allow this schedule.

        Raises:
            DataError: they are fewer than a batch, or smaller than a crop, or a batch cannot be
                parted evenly.
        """
        if len(pictures) < self.batch:
            raise DataError(
                f"train.batch is {self.batch}, but only {len(pictures)} pictures are there to train"
            )
        if self.batch % processes:
            raise DataError(
                f"train.batch is {self.batch}, which {processes} processes cannot share evenly"
            )
        multiple = recipe.side_multiple
        if pictures.side % multiple:
            raise DataError(f"resize.side must be a multiple of {multiple}, not {pictures.side}")
        if self.crop > pictures.side or self.crop % multiple:
            raise DataError(
                f"train.crop must be a multiple of {multiple} and at most resize.side, "
                f"{pictures.side}, not {self.crop}"
            )

    def learning_rate(self, step: int, *, steps: int) -> float:
        """Learning rate of a step: rise linearly, then fall along a half cosine to 0."""
        return learning_rate(step, steps=steps, peak=self.lr, warmup=self.warmup)


def learning_rate(step: int, *, steps: int, peak: float, warmup: float) -> float:
    """Rise linearly for ``warmup`` of all steps, then fall along a half cosine to 0.

    >>> [round(learning_rate(s, steps=10, peak=1.0, warmup=0.2), 3) for s in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.038]
    """
    rising = max(1, round(steps * warmup))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2
