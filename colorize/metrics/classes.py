"""Scores of the output as a distribution over the ab bins, before it becomes a colour.

Letters: Q bins, h and w the head's map, k neighbours of a soft target. Natural logarithms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from colorize.metrics import formulas
from colorize.metrics.scores import Score, Sums, mean, per_picture

LEVELS = 15
"""Bins of confidence in the calibration error (Guo et al. 2017)."""


@dataclass(frozen=True)
class Distributions:
    """A picture's distributions beside its targets.

    Attributes:
        logits: (Q, h, w), or (Q, 1, 1) for a guess that is the same everywhere.
        indices: (h, w, k) int64, the bins of the target, nearest first.
        weights: (h, w, k) float, their shares.
    """

    logits: Tensor
    indices: Tensor
    weights: Tensor

    @cached_property
    def logs(self) -> Tensor:
        """(Q, h, w) or (Q, 1, 1) logarithms of the probabilities."""
        return torch.log_softmax(self.logits.float(), dim=0)

    @cached_property
    def shares(self) -> Tensor:
        """(Q, h, w) or (Q, 1, 1) probabilities."""
        return self.logs.exp()

    @cached_property
    def logs_of_target(self) -> Tensor:
        """(k, h, w)."""
        size = self.indices.shape[:2]
        return self.logs.expand(-1, *size).gather(0, self.indices.permute(2, 0, 1))

    @cached_property
    def target(self) -> Tensor:
        """(k, h, w) the target's shares."""
        return self.weights.permute(2, 0, 1)

    @cached_property
    def rank(self) -> tuple[Tensor, Tensor]:
        """Two of (h, w): how many bins are likelier than the true one, and how many as likely."""
        true = self.logs_of_target[:1]
        return (self.logs > true).sum(0), (self.logs == true).sum(0)

    def hits(self, among: int) -> Tensor:
        """(h, w): 1 where the true bin is one of the likeliest; equally likely ones share."""
        likelier, equal = self.rank
        return ((among - likelier) / equal).clamp(0, 1)


def _cross_entropy(guess: Distributions) -> float:
    return float(-(guess.target * guess.logs_of_target).sum(0).double().mean())


def _entropy(guess: Distributions) -> float:
    return float(torch.special.entr(guess.target).sum(0).double().mean())


def _calibration(guess: Distributions) -> Sums:
    """For each level of confidence: pixels, their confidence, their hits; all as shares."""
    hits = guess.hits(1)
    confidence = guess.shares.amax(0).expand_as(hits).ravel().double().numpy()
    level = np.ceil(confidence * LEVELS).astype(np.int64).clip(1, LEVELS) - 1
    columns = (None, confidence, hits.ravel().double().numpy())
    counted = [np.bincount(level, column, minlength=LEVELS) for column in columns]
    return np.concatenate(counted) / len(level)


def _calibration_error(sums: Sums, pictures: Sums) -> Sums:
    _, confidence, hits = np.split(sums, 3, axis=-1)
    error: Sums = 100 * np.abs(confidence - hits).sum(axis=-1) / pictures
    return error


def _volume_squared(guess: Distributions) -> float:
    """Mean of (p - z)^2 over pixels and bins, without a dense z: sum p^2 - 2 p z + z^2."""
    shares, target = guess.logs_of_target.exp(), guess.target
    total = guess.shares.square().sum(0) + (target * (target - 2 * shares)).sum(0)
    return float(total.double().mean()) / len(guess.logits)


def _volume_absolute(guess: Distributions) -> float:
    """Mean of |p - z| over pixels and bins: where z is 0 it is p, and all p sum to 1."""
    shares = guess.logs_of_target.exp()
    total = 1 + ((shares - guess.target).abs() - shares).sum(0)
    return float(total.double().mean()) / len(guess.logits)


_README = "of two volumes of probabilities, which says nothing about colours"

CLASS_SCORES: Mapping[str, Score[Distributions]] = {
    "cross_entropy": Score(
        title="cross-entropy, nats",
        higher_is_better=False,
        tolerance=0.02,
        source="Zhang et al., equation 2 without weights, against the soft target",
        update=per_picture(_cross_entropy),
        compute=mean,
    ),
    "divergence": Score(
        title="KL divergence, nats",
        higher_is_better=False,
        tolerance=0.02,
        source="cross-entropy above the targets' own entropy, which no guess can go below",
        update=per_picture(lambda guess: _cross_entropy(guess) - _entropy(guess)),
        compute=mean,
    ),
    "top1": Score(
        title="top-1, %",
        higher_is_better=True,
        tolerance=0.5,
        source="pixels whose nearest bin is the likeliest; equally likely bins share a hit",
        update=per_picture(lambda guess: 100 * float(guess.hits(1).double().mean())),
        compute=mean,
    ),
    "top5": Score(
        title="top-5, %",
        higher_is_better=True,
        tolerance=0.5,
        source="likewise among the five likeliest",
        update=per_picture(lambda guess: 100 * float(guess.hits(5).double().mean())),
        compute=mean,
    ),
    "calibration_error": Score(
        title="ECE, %",
        higher_is_better=False,
        tolerance=1.0,
        source="Guo et al. 2017: |confidence - accuracy| in 15 levels of the likeliest bin's",
        update=_calibration,
        compute=_calibration_error,
    ),
    "mse": Score(
        title="MSE of the volume",
        higher_is_better=False,
        tolerance=0.0001,
        source=_README,
        update=per_picture(_volume_squared),
        compute=mean,
    ),
    "mae": Score(
        title="MAE of the volume",
        higher_is_better=False,
        tolerance=0.0002,
        source=_README,
        update=per_picture(_volume_absolute),
        compute=mean,
    ),
    "psnr": Score(
        title="PSNR of the volume, dB",
        higher_is_better=True,
        tolerance=0.5,
        source=_README,
        update=per_picture(_volume_squared),
        compute=lambda sums, pictures: formulas.psnr(mean(sums, pictures)),
    ),
}
"""Every score of distributions, by its key in the metrics."""
