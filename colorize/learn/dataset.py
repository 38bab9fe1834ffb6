"""Pictures of a shard to the tensors of a training step."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.model.losses import Target


class Batch(NamedTuple):
    """Input and target of one step.

    Attributes:
        lightness: (N, 1, H, W) float32, L in 0..100.
        target: at the head's size.
    """

    lightness: Tensor
    target: Target


def order(count: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Shuffle ``count`` pictures for one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def augmented(
    pictures: ShardReader, numbers: Sequence[int], *, crop: int, seed: int, epoch: int
) -> NDArray[np.uint8]:
    """Cut a random square out of each picture and mirror every other one.

    What happens to a picture depends on seed, epoch and its number, not on its batch or worker.

    Args:
        pictures: the training split.
        numbers: which of them.
        crop: side of the cut-out in pixels, at most the pictures' side.
        seed: of all randomness.
        epoch: counts from 1; each cuts and mirrors anew.

    Returns:
        (N, crop, crop, 3) uint8.
    """
    out = np.empty((len(numbers), crop, crop, 3), np.uint8)
    for row, number in enumerate(numbers):
        random = np.random.default_rng([seed, epoch, number])
        top, left = random.integers(0, pictures.side - crop, size=2, endpoint=True)
        cut = pictures[number][top : top + crop, left : left + crop]
        out[row] = cut[:, ::-1] if random.random() < 0.5 else cut
    return out


def to_batch(pixels: NDArray[np.float32], quantiser: Quantiser, *, head_stride: int) -> Batch:
    """Convert pictures to lightness and to soft-encoded colours at the head's size.

    A target pixel is the mean ab of the ``head_stride`` x ``head_stride`` pixels that it covers.

    Args:
        pixels: (N, H, W, 3) float32 Lab; H and W divisible by ``head_stride``.
        quantiser: gives bins, spread and class weights.
        head_stride: H / h.
    """
    n, height, width, _ = pixels.shape
    h, w = height // head_stride, width // head_stride
    blocks = pixels[..., 1:].reshape(n, h, head_stride, w, head_stride, 2)
    indices, weights = quantiser.table.encode(blocks.mean(axis=(2, 4)), quantiser.sigma)
    rebalance = quantiser.weights[indices[..., 0]].astype(np.float32)
    grey = torch.from_numpy(np.ascontiguousarray(pixels[..., 0])[:, None])
    return Batch(
        grey.contiguous(memory_format=torch.channels_last),
        Target(torch.from_numpy(indices), torch.from_numpy(weights), torch.from_numpy(rebalance)),
    )
