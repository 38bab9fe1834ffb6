"""The training losses: rebalanced cross-entropy against a soft target of k bins, and L2."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from colorize.model import decode

LIGHTNESS_UNIT = 10.0
"""An error of this much in L costs as much as one nat of a colour: both are then of like size in an
untrained network and in a trained one, and neither starves the other."""


class Target(NamedTuple):
    """What each pixel of the head's map should be.

    Attributes:
        indices: (N, h, w, k) int64, the nearest bins, nearest first.
        weights: (N, h, w, k) float, their shares; sum 1.
        rebalance: (N, h, w) float, the class weight of the nearest bin, times the block's own
            weight where the domain gives one.
        ab: (N, 2, h, w) float, the colour itself.
        lightness: (N, 1, h, w) float, where the network gives an L; NaN for pictures whose domain
            asks for none.
        weight: (N, h, w) float, how much each block counts, where the domain says so.
    """

    indices: Tensor
    weights: Tensor
    rebalance: Tensor
    ab: Tensor
    lightness: Tensor | None = None
    weight: Tensor | None = None


class Losses(NamedTuple):
    """Scalars of a batch.

    Attributes:
        rebalanced: what is minimised: a mean, of classes sum(v CE) / sum(v) (Zhang et al.,
            equation 2).
        divergence: mean of what parts prediction and target, unweighted, so that 0 is perfect: of
            classes the KL divergence, which is the cross-entropy above the target's own entropy.
        mass: what the batch weighs in a mean over several of them, sum(v).
    """

    rebalanced: Tensor
    divergence: Tensor
    mass: Tensor


def soft_cross_entropy(logits: Tensor, target: Target) -> Losses:
    """Compare logits with soft targets without ever making a dense target.

    The cross-entropy is log-sum-exp of all logits less the target's mean of k gathered ones; its
    gradient is the softmax less the target. Both are computed in float32, in one pass.

    Args:
        logits: (N, Q, h, w) of any floating type; fastest when channels-last.
        target: at the same h and w.
    """
    function = _SoftCrossEntropy.apply
    mass = target.rebalance.sum()
    shares = target.rebalance / mass
    rebalanced, cross_entropy = function(  # type: ignore[no-untyped-call]
        logits, target.indices, target.weights, shares
    )
    entropy = torch.special.entr(target.weights).sum(-1).mean()
    return Losses(rebalanced, cross_entropy - entropy, mass)


def squared_distance(ab: Tensor, target: Target) -> Losses:
    """Compare colours with the true ones: the mean squared distance (Zhang et al., equation 1).

    Args:
        ab: (N, 2, h, w) of any floating type.
        target: at the same h and w, its ab in the same unit.
    """
    mean = (ab.float() - target.ab).square().sum(1).mean()
    return Losses(mean, mean, torch.full_like(mean, target.ab[:, 0].numel()))


def with_lightness(
    output: Tensor, target: Target, *, colours: Callable[[Tensor, Target], Losses]
) -> Losses:
    """Add the error of L, where the target has one, to a loss of colours.

    Both are sums over blocks, each with its weight, divided by the same mass, so that parts of a
    batch add up.

    Args:
        output: (N, C + 1, h, w), the last channel standing for L; (N, C, h, w) for a target without
            L.
        target: at the same h and w; pictures whose L is NaN have no part in the error of L.
        colours: the loss of the first C channels.
    """
    if target.lightness is None:
        return colours(output, target)
    found = colours(output[:, :-1], target)
    wanted = ~target.lightness.isnan()
    error = (decode.lightness(output[:, -1:]) - target.lightness.nan_to_num()).abs()
    if target.weight is not None:
        error = error * target.weight[:, None]
    total = (error * wanted).sum() / LIGHTNESS_UNIT
    return found._replace(rebalanced=found.rebalanced + total / found.mass)


class _SoftCrossEntropy(torch.autograd.Function):
    """Rebalanced and plain mean cross-entropy; only the first one has a gradient.

    The gradient is made on the way forward, where the softmax is at hand, and picture by picture,
    so that what is worked on stays in the processor's cache.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, logits: Tensor, indices: Tensor, weights: Tensor, shares: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        needs_gradient = ctx.needs_input_grad[0]  # type: ignore[attr-defined]
        by_pixel = logits.permute(0, 2, 3, 1)  # (N, h, w, Q), contiguous for channels-last
        cross_entropy = torch.empty_like(shares)
        gradient = torch.empty_like(by_pixel) if needs_gradient else None
        for n, picture in enumerate(by_pixel):
            x = picture.float()  # (h, w, Q); a copy, but for float32 logits
            x = x - x.amax(-1, keepdim=True)
            hit = (x.gather(-1, indices[n]) * weights[n]).sum(-1)
            total = x.exp_().sum(-1)  # (h, w)
            cross_entropy[n] = total.log() - hit
            if gradient is not None:
                x.mul_((shares[n] / total)[..., None])
                x.scatter_add_(-1, indices[n], -weights[n] * shares[n, ..., None])
                gradient[n] = x
        if gradient is not None:
            ctx.save_for_backward(gradient.permute(0, 3, 1, 2))
        return (cross_entropy * shares).sum(), cross_entropy.mean()

    @staticmethod
    def backward(
        ctx: FunctionCtx, of_rebalanced: Tensor | None, _: Tensor | None
    ) -> tuple[Tensor | None, None, None, None]:
        (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]
        if of_rebalanced is None:
            return None, None, None, None
        # A loss that is minimised as it is asks for a gradient of one: spare the product.
        return gradient if of_rebalanced == 1 else gradient * of_rebalanced, None, None, None
