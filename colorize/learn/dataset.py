"""Pictures of a shard to the tensors of a training step."""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
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
    pictures: ShardReader, number: int, *, crop: int, seed: int, epoch: int
) -> NDArray[np.uint8]:
    """Cut a random square out of a picture and mirror it every other time.

    What happens depends on seed, epoch and number, not on the batch or the worker it falls to.

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


def to_batch(pixels: NDArray[np.float32], quantiser: Quantiser, *, head_stride: int) -> Batch:
    """Convert a picture to a batch of one: its lightness, and its colours soft-encoded.

    A target pixel is the mean ab of the ``head_stride`` x ``head_stride`` pixels that it covers.

    Args:
        pixels: (H, W, 3) float32 Lab; H and W divisible by ``head_stride``.
        quantiser: gives bins, spread and class weights.
        head_stride: H / h.
    """
    height, width, _ = pixels.shape
    size = (width // head_stride, height // head_stride)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # exact block means
    ab = np.asarray(small[..., 1:], np.float32)  # (h, w, 2)
    indices, weights = quantiser.table.encode(ab, quantiser.sigma)
    rebalance = quantiser.weights[indices[..., 0]].astype(np.float32)
    target = (torch.from_numpy(array[None]) for array in (indices, weights, rebalance))
    lightness = np.ascontiguousarray(pixels[None, None, ..., 0])
    return Batch(torch.from_numpy(lightness), Target(*target))


def collate(batches: Iterable[Batch]) -> Batch:
    """Join batches of one, in their order, to one batch whose lightness is channels-last."""
    lightness, targets = zip(*batches, strict=True)
    joined = torch.cat(lightness).contiguous(memory_format=torch.channels_last)
    return Batch(joined, Target(*(torch.cat(parts) for parts in zip(*targets, strict=True))))
