"""How well a model in training does on pictures that it is not trained on."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import torch

from colorize.colour import lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn.dataset import to_planes
from colorize.metrics import difference
from colorize.model.precision import mixed_precision
from colorize.model.targets import Encoder
from colorize.model.weights import Model

BATCH = 16
"""Pictures at a time."""

Criterion: TypeAlias = Literal["loss", "divergence", "auc", "auc_balanced", "psnr"]
HIGHER_IS_BETTER: dict[Criterion, bool] = {
    "loss": False,
    "divergence": False,
    "auc": True,
    "auc_balanced": True,
    "psnr": True,
}


@torch.inference_mode()
def validate(
    model: Model, pictures: ShardReader, quantiser: Quantiser, temperature: float
) -> dict[Criterion, float]:
    """Measure a model on whole pictures.

    Args:
        model: its network is set to evaluation mode.
        pictures: the validation split.
        quantiser: that the model is trained with.
        temperature: T of the annealed mean.

    Returns:
        Means over the pictures: the losses of `model.losses.Losses`, AuC and balanced AuC in %, RGB
        PSNR in dB.
    """
    model.network.eval()
    sums = {"loss": 0.0, "divergence": 0.0, "psnr": 0.0}
    by_bin = difference.BinErrors(quantiser.table)
    encoder = Encoder(quantiser, head_stride=model.recipe.head_stride).to(model.device)
    for rgb in pictures.batches(BATCH):
        count = len(rgb)
        batch = encoder(to_planes(rgb).to(model.device))
        with mixed_precision(model.device):
            output = model.network(batch.lightness)
        losses = model.recipe.loss(output, batch.target)
        ab = model.recipe.enlarge(
            model.recipe.decode(output, model.centres, temperature), batch.lightness
        )
        truth = lab.rgb_to_lab(rgb)
        painted = np.concatenate([truth[..., :1], ab.permute(0, 2, 3, 1).cpu().numpy()], axis=-1)
        error = difference.auc_error(difference.squared_distance(painted[..., 1:], truth[..., 1:]))
        mse = difference.mean_square(lab.lab_to_rgb(painted), rgb)
        sums["loss"] += float(losses.rebalanced) * count
        sums["divergence"] += float(losses.divergence) * count
        by_bin.add(truth[..., 1:], error)
        sums["psnr"] += float(difference.psnr(mse).sum())
    loss, divergence, psnr = (total / len(pictures) for total in sums.values())
    return {
        "loss": loss,
        "divergence": divergence,
        "auc": by_bin.auc(),
        "auc_balanced": by_bin.auc_balanced(),
        "psnr": psnr,
    }


def best_of(history: Sequence[Mapping[str, float]], criterion: Criterion) -> int:
    """Find the place in a history of the best ``val_<criterion>``: the first of equal ones."""
    sign = 1 if HIGHER_IS_BETTER[criterion] else -1
    return max(range(len(history)), key=lambda n: sign * history[n][f"val_{criterion}"])
