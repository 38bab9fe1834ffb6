"""How well a model in training does on pictures that it is not trained on."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import difference, lab
from colorize.colour.quantiser import Quantiser
from colorize.learn import dataset
from colorize.model.decode import enlarge
from colorize.model.precision import mixed_precision
from colorize.model.weights import Model

Criterion: TypeAlias = Literal["loss", "divergence", "auc", "psnr"]
HIGHER_IS_BETTER: dict[Criterion, bool] = {
    "loss": False,
    "divergence": False,
    "auc": True,
    "psnr": True,
}


@torch.inference_mode()
def validate(
    model: Model, batches: Iterable[NDArray[np.uint8]], quantiser: Quantiser, *, temperature: float
) -> dict[Criterion, float]:
    """Measure a model on whole pictures.

    Args:
        model: its network is set to evaluation mode.
        batches: of (N, H, W, 3) uint8; H and W divisible by the recipe's multiple.
        quantiser: that the model is trained with.
        temperature: T of the annealed mean.

    Returns:
        Means over the pictures: the losses of `model.losses.Losses`, AuC in %, RGB PSNR in dB.
    """
    model.network.eval()
    sums: dict[Criterion, float] = dict.fromkeys(HIGHER_IS_BETTER, 0.0)
    pictures = 0
    for rgb in batches:
        count, height, width = rgb.shape[:3]
        truth = lab.rgb_to_lab(rgb)
        batch = dataset.collate(
            dataset.to_batch(pixels, quantiser, head_stride=model.recipe.head_stride)
            for pixels in truth
        )
        with mixed_precision():
            output = model.network(batch.lightness)
        losses = model.recipe.loss(output, batch.target)
        ab = enlarge(model.recipe.decode(output, model.centres, temperature), (height, width))
        painted = np.concatenate([truth[..., :1], ab.permute(0, 2, 3, 1).numpy()], axis=-1)
        error = difference.auc_error(difference.squared_distance(painted[..., 1:], truth[..., 1:]))
        mse = difference.mean_square(lab.lab_to_rgb(painted), rgb)
        sums["loss"] += float(losses.rebalanced) * count
        sums["divergence"] += float(losses.divergence) * count
        sums["auc"] += 100 * (1 - float(error.mean())) * count
        sums["psnr"] += float(difference.psnr(mse).sum())
        pictures += count
    return {name: total / pictures for name, total in sums.items()}


def is_better(value: float, than: float, criterion: Criterion) -> bool:
    """Tell whether a score beats another one."""
    return value > than if HIGHER_IS_BETTER[criterion] else value < than
