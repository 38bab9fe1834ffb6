"""The training loss: cross-entropy against a soft target of k bins, rebalanced by class."""

from typing import NamedTuple

import torch
from torch import Tensor


class Target(NamedTuple):
    """What each pixel of the head's map should be.

    Attributes:
        indices: (N, h, w, k) int64, the nearest bins, nearest first.
        weights: (N, h, w, k) float, their shares; sum 1.
        rebalance: (N, h, w) float, the class weight of the nearest bin.
    """

    indices: Tensor
    weights: Tensor
    rebalance: Tensor


class Losses(NamedTuple):
    """Two scalars of a batch.

    Attributes:
        rebalanced: sum(v CE) / sum(v), what is minimised (Zhang et al., equation 2).
        divergence: mean KL of the target to the prediction, unweighted: cross-entropy above the
            target's own entropy, so that 0 is perfect.
    """

    rebalanced: Tensor
    divergence: Tensor


def soft_cross_entropy(logits: Tensor, target: Target) -> Losses:
    """Compare logits with soft targets without ever making a dense target.

    The cross-entropy is log-sum-exp of all logits less the target's mean of k gathered ones.

    Args:
        logits: (N, Q, h, w) of any floating type; the loss itself is computed in float32.
        target: at the same h and w.
    """
    by_pixel = logits.permute(0, 2, 3, 1).float()  # (N, h, w, Q), contiguous for channels-last
    hit = by_pixel.gather(-1, target.indices)  # (N, h, w, k)
    cross_entropy = by_pixel.logsumexp(-1) - (hit * target.weights).sum(-1)  # (N, h, w)
    rebalanced = (cross_entropy * target.rebalance).sum() / target.rebalance.sum()
    entropy = torch.special.entr(target.weights).sum(-1)
    return Losses(rebalanced, (cross_entropy.detach() - entropy).mean())
