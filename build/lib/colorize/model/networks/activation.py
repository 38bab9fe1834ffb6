"""ReLU by the bits: the same values as PyTorch's, at what it costs to move them.

PyTorch widens bfloat16 to float32 to compare it with zero. The bits, read as an integer of the
same size, tell as much: below zero they are a negative number, and larger numbers have larger bits.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

_BITS = {
    torch.bfloat16: torch.int16,
    torch.float16: torch.int16,
    torch.float32: torch.int32,
    torch.float64: torch.int64,
}


class Relu(nn.Module):
    """max(x, 0) of any shape, in place; a value that is no number stays so, as with ``nn.ReLU``."""

    def forward(self, x: Tensor) -> Tensor:
        """Set everything below zero to zero."""
        return cast(Tensor, _Relu.apply(x))  # type: ignore[no-untyped-call]


class _Relu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        below = _bits(torch.full((), -torch.inf, dtype=x.dtype)).item()
        torch.threshold_(_bits(x), below, 0)  # keeps what is not a number: above -inf's
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors  # type: ignore[attr-defined]
        # Zero where y is; elsewhere the bits of the gradient as they are.
        passed = torch.ops.aten.threshold_backward(_bits(gradient), _bits(y), 0)
        return cast(Tensor, passed.view(gradient.dtype))


def _bits(x: Tensor) -> Tensor:
    return x.view(_BITS[x.dtype])
