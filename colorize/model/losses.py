"""The training losses: rebalanced cross-entropy against a soft target of k bins, and L2."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from colorize.colour.lab import L_MAX
from colorize.model import decode

LIGHTNESS_UNIT = 10.0
"""An error of this much in L costs as much as one nat of a colour: both are then of like size in an
untrained network and in a trained one, and neither starves the other."""

ROUNDING = 1e-3
"""A smaller error of L has no gradient."""


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


def soft_cross_entropy(output: Tensor, target: Target) -> Losses:
    """Compare logits with soft targets without ever making a dense target.

    The cross-entropy is log-sum-exp of all logits less the target's mean of k gathered ones; its
    gradient is the softmax less the target. Both are computed in float32, in one pass. Where the
    target has an L, the error of the output's L is added, a sum over blocks that is divided by the
    same mass, so that parts of a batch add up.

    Args:
        output: (N, Q, h, w) logits of any floating type, fastest when channels-last; (N, Q + 1, h,
            w), the last channel standing for L, for a target with L.
        target: at the same h and w; pictures whose L is NaN have no part in the error of L.
    """
    mass = target.rebalance.sum()
    rebalanced, cross_entropy = _SoftCrossEntropy.apply(  # type: ignore[no-untyped-call]
        output, target, mass
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


class _SoftCrossEntropy(torch.autograd.Function):
    """Rebalanced loss and plain mean cross-entropy; only the first one has a gradient.

    The gradient is made on the way forward, where the softmax is at hand, and picture by picture,
    so that what is worked on stays in the processor's cache. It is that of the whole output: a
    slice of channels would cost four passes over memory on the way back.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, output: Tensor, target: Target, mass: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        needs_gradient = ctx.needs_input_grad[0]  # type: ignore[attr-defined]
        by_pixel = output.permute(0, 2, 3, 1)  # (N, h, w, C), contiguous for channels-last
        bins = by_pixel.shape[-1] - (target.lightness is not None)
        shares = target.rebalance / mass
        cross_entropy = torch.empty_like(shares)
        gradient = torch.empty_like(by_pixel) if needs_gradient else None
        for n, picture in enumerate(by_pixel):
            indices, weights = target.indices[n], target.weights[n]
            x = picture[..., :bins].float()  # (h, w, Q); a copy, but for float32 logits
            x = x - x.amax(-1, keepdim=True)
            hit = (x.gather(-1, indices) * weights).sum(-1)
            total = x.exp_().sum(-1)  # (h, w)
            cross_entropy[n] = total.log() - hit
            if gradient is not None:
                x.mul_((shares[n] / total)[..., None])
                x.scatter_add_(-1, indices, -weights * shares[n, ..., None])
                gradient[n, ..., :bins] = x
        rebalanced = (cross_entropy * shares).sum()
        if target.lightness is not None:
            error, slope = _error_of_lightness(by_pixel[..., bins], target)
            rebalanced += error / mass
            if gradient is not None:
                gradient[..., bins] = slope / mass
        if gradient is not None:
            ctx.save_for_backward(gradient.permute(0, 3, 1, 2))
        return rebalanced, cross_entropy.mean()

    @staticmethod
    def backward(
        ctx: FunctionCtx, of_rebalanced: Tensor | None, _: Tensor | None
    ) -> tuple[Tensor | None, None, None]:
        (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]
        if of_rebalanced is None:
            return None, None, None
        # A loss that is minimised as it is asks for a gradient of one: spare the product.
        return gradient if of_rebalanced == 1 else gradient * of_rebalanced, None, None


def _error_of_lightness(output: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """Sum the errors of L over blocks, each with its weight, and give the sum's gradient.

    Args:
        output: (N, h, w), the channel that stands for L.
        target: with L.

    Returns:
        The sum in `LIGHTNESS_UNIT`, and (N, h, w).
    """
    assert target.lightness is not None
    # Decoding clips L. What is white or black then costs nothing more beyond, but what is not has a
    # gradient there: otherwise it could never come back.
    wanted = target.lightness[:, 0]
    counts = (~wanted.isnan()).float() / LIGHTNESS_UNIT
    if target.weight is not None:
        counts *= target.weight
    found = (output.float() * decode.L_RANGE + decode.L_CENTRE).clamp(0, L_MAX)
    error = found - wanted.nan_to_num()
    slope = error.sign() * (error.abs() > ROUNDING) * counts * decode.L_RANGE
    return (error.abs() * counts).sum(), slope
