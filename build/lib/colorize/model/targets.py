"""8-bit pictures to a step's input and target, where the network is: on a GPU, or on all cores.

`colour.lab` and `colour.encoding` define what comes out; this is the same in PyTorch, for whole
batches. Only what a block's mean keeps is computed at the block's size.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.colour import lab
from colorize.colour.gamut import AB_LIMIT
from colorize.colour.quantiser import Quantiser
from colorize.model.losses import Target

_SIDE = 2 * AB_LIMIT + 1
_FAR = 1e6
"""Where no bin is, and no colour near."""
_BLACK = 116 * lab.SLOPE * lab.EPSILON + 16
"""116 f of black, as `Encoder` has it: f of EPSILON + SLOPE * 0, and L = 0."""


class Batch(NamedTuple):
    """Input and target of one step.

    Attributes:
        lightness: (N, 1, H, W) float32, L in 0..100.
        target: at the head's size.
    """

    lightness: Tensor
    target: Target


class Encoder(nn.Module):
    """Gives lightness and soft-encoded colours.

    A target pixel is the mean ab of the ``head_stride`` x ``head_stride`` pixels that it covers.

    Args:
        quantiser: gives bins, spread and class weights.
        head_stride: H / h.
    """

    linear: Tensor
    to_xyz: Tensor
    to_ab: Tensor
    candidates: Tensor
    a: Tensor
    b: Tensor
    rebalance: Tensor

    def __init__(self, quantiser: Quantiser, *, head_stride: int) -> None:
        super().__init__()
        table = quantiser.table
        places = np.vstack([table.centres, [_FAR, _FAR]]).astype(np.float32)
        candidates = table.candidates.reshape(_SIDE**2, -1)  # filled up with -1: the far place
        for name, array in {
            "linear": lab.linear_table(),
            "to_xyz": lab.RGB_TO_UNIT_XYZ,
            "to_ab": np.array([500, 200], np.float32).reshape(2, 1, 1),
            "candidates": candidates.ravel().astype(np.int64),
            "a": places[candidates, 0],
            "b": places[candidates, 1],
            "rebalance": quantiser.weights.astype(np.float32),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))
        self._neighbours = table.neighbours
        self._spread = 2 * quantiser.sigma**2
        self._head_stride = head_stride

    @torch.no_grad()
    def forward(self, rgb: Tensor) -> Batch:
        """Encode pictures.

        Args:
            rgb: (N, 3, H, W) uint8 sRGB; H and W divisible by the head's stride.
        """
        # A picture a core stays in its cache; a GPU would rather have them all at once.
        parts = torch.split(rgb, len(rgb) if rgb.is_cuda else torch.get_num_threads())
        y, small = (torch.cat(found) for found in zip(*map(self._f, parts), strict=True))
        ab = (small[:, :2] - small[:, 1:]) * self.to_ab
        return Batch(y.mul_(116).sub_(_BLACK), self.target(ab))

    def _f(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """CIE's f of Y (n, 1, H, W), and the mean f of X, Y and Z of each block (n, 3, h, w).

        All plus a constant: f is a cube root above EPSILON and a straight line below it. Lab is
        linear in f, so means may be taken of it.
        """
        n, _, height, width = rgb.shape
        linear = self.linear.index_select(0, rgb.flatten().int()).view(n, 3, -1)
        xyz = self.to_xyz @ linear  # no convolution: a GPU's would round to TF32
        f = xyz.clamp(min=lab.EPSILON).log_().mul_(1 / 3).exp_()  # vectorised better than a power
        f = f.add_(xyz.clamp_(max=lab.EPSILON), alpha=lab.SLOPE).view(n, 3, height, width)
        return f[:, 1:2], functional.avg_pool2d(f, self._head_stride)

    def target(self, ab: Tensor) -> Target:
        """Soft-encode colours (N, 2, h, w) as `NeighbourTable.encode` does, in float32."""
        a, b = ab.unbind(1)
        row, column = (axis.round().clamp(-AB_LIMIT, AB_LIMIT).long() + AB_LIMIT for axis in (a, b))
        cell = (row * _SIDE + column).flatten()
        squared = self.a.index_select(0, cell).sub_(a.reshape(-1, 1)).square_()
        squared += self.b.index_select(0, cell).sub_(b.reshape(-1, 1)).square_()  # (N h w, c)
        nearest, place = (found[:, : self._neighbours] for found in squared.sort())
        place = place + cell[:, None] * squared.shape[1]
        indices = self.candidates.index_select(0, place.flatten())
        weights = nearest.sub(nearest[:, :1]).div_(-self._spread).exp_()
        weights /= weights.sum(-1, keepdim=True)
        shape = (*a.shape, self._neighbours)
        indices, weights = indices.view(shape), weights.view(shape)
        return Target(indices, weights, self.rebalance[indices[..., 0]], ab)
