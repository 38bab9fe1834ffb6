"""Which pictures a step sees, and what of them: cut and mirrored, as 8-bit colours."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.data.shards import ShardReader


def order(count: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Shuffle ``count`` pictures for one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def augmented(
    pictures: ShardReader, number: int, *, crop: int, seed: int, epoch: int
) -> NDArray[np.uint8]:
    """Cut a random square out of a picture and mirror it every other time.

    What happens depends on seed, epoch and number, not on the batch or the process it falls to.

    Args:
        pictures: the training split.
        number: which of them.
        crop: side of the cut-out in pixels, at most the pictures' side.
        seed: of all randomness.
        epoch: counts from 1; each cuts and mirrors anew.

    Returns:
        (crop, crop, 3) uint8.
    """
    random = np.random.default_rng([seed, epoch, number])
    top, left = random.integers(0, pictures.side - crop, size=2, endpoint=True)
    cut = pictures[number][top : top + crop, left : left + crop]
    return cut[:, ::-1] if random.random() < 0.5 else cut


def to_planes(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
    """Lay pictures out as a network reads them: N of (H, W, 3) to (N, 3, H, W), uint8."""
    height, width, channels = pictures[0].shape
    planes = np.empty((len(pictures), channels, height, width), np.uint8)
    for plane, rgb in zip(planes, pictures, strict=True):
        plane[...] = rgb.transpose(2, 0, 1)
    return torch.from_numpy(planes)
