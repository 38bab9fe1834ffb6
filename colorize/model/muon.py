"""Muon: steps along momentum whose singular values are all made about 1.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); the size of a step
is from Liu et al., "Muon is Scalable for LLM Training" (arXiv 2502.16982). A kernel of a
convolution counts as a matrix with a row for each channel that it gives. Its gradient has few large
singular values, which Adam follows; Muon takes as long a step in every direction.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

UPDATE_RMS = 0.4
"""Root mean square of what a learning rate of 1 changes. Liu et al. match AdamW's by 0.2; twice
that learned faster here."""

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of Jordan et al.: the quintic a s + b s^3 + c s^5 soon takes any s in 0..1 to about 1."""
_ITERATIONS = 5
_SMALLEST = 1e-7
"""Added to a matrix's norm, which may be 0."""


class Muon(Optimizer):
    """Trains kernels of convolutions; other parameters need another optimiser.

    Args:
        kernels: (channels out, channels in, height, width) each.
        momentum: share of the running mean of gradients that a step keeps.
        weight_decay: a step first takes lr times this off the weights.
    """

    def __init__(
        self,
        kernels: Iterable[nn.Parameter],
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(kernels, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Change all kernels that have a gradient, by the Nesterov momentum of their gradients."""
        for group in self.param_groups:
            momentum, lr = group["momentum"], group["lr"]
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                if not state:
                    state["mean"] = torch.zeros_like(kernel)
                mean = state["mean"].lerp_(kernel.grad, 1 - momentum)
                ahead = kernel.grad.lerp(mean, momentum)
                rows = ahead.permute(0, 2, 3, 1)  # contiguous for channels-last
                update = orthogonalised(rows.flatten(1)).reshape(rows.shape).permute(0, 3, 1, 2)
                size = UPDATE_RMS * max(len(rows), rows[0].numel()) ** 0.5
                kernel.mul_(1 - lr * group["weight_decay"]).add_(update, alpha=-lr * size)


def orthogonalised(matrix: Tensor) -> Tensor:
    """Make the singular values of a matrix about 1 (0.7 to 1.2), and keep its singular vectors.

    Newton-Schulz iterations of a quintic. All of them are products of the matrix with polynomials
    of its Gram matrix, which commute: so they work on these small squares, and meet the matrix
    itself only at the end.

    Args:
        matrix: (rows, columns) float32. Singular values below a thousandth of its norm come out
            smaller.
    """
    if len(matrix) > matrix.shape[1]:
        return orthogonalised(matrix.t()).t()
    scaled = matrix / (matrix.norm() + _SMALLEST)
    gram = scaled @ scaled.t()
    product = factor = _factor(gram)
    for _ in range(_ITERATIONS - 1):
        gram = gram @ factor @ factor
        factor = _factor(gram)
        product = product @ factor
    found: Tensor = product @ scaled
    return found


def _factor(gram: Tensor) -> Tensor:
    """Give what an iteration multiplies a matrix of this Gram matrix by."""
    a, b, c = _COEFFICIENTS
    factor: Tensor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor
