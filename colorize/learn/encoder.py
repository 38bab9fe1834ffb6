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
            "to_xyz": lab.RGB_TO_UNIT_XYZ[:, :, None, None],
            "candidates": candidates.reshape(-1, 1).astype(np.int64),
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
        linear = self.linear.index_select(0, rgb.flatten().int()).view(rgb.shape)
        xyz = functional.conv2d(linear, self.to_xyz)
        cube_root = xyz.log().div_(3).exp_()  # vectorised better than a power
        f = torch.where(xyz > lab.EPSILON, cube_root, xyz * lab.SLOPE + lab.OFFSET)
        lightness = f[:, 1:2] * 116 - 16
        small = functional.avg_pool2d(f, self._head_stride)  # Lab is linear in f
        ab = torch.stack([500 * (small[:, 0] - small[:, 1]), 200 * (small[:, 1] - small[:, 2])], 1)
        return Batch(lightness, self.target(ab))

    def target(self, ab: Tensor) -> Target:
        """Soft-encode colours (N, 2, h, w) as `NeighbourTable.encode` does, in float32."""
        a, b = ab.unbind(1)
        row, column = (axis.round().clamp(-AB_LIMIT, AB_LIMIT).long() + AB_LIMIT for axis in (a, b))
        cell = row * _SIDE + column  # (N, h, w)
        squared = (functional.embedding(cell, self.a) - a[..., None]).square_()
        squared += (functional.embedding(cell, self.b) - b[..., None]).square_()  # (N, h, w, c)
        nearest, place = squared.topk(self._neighbours, largest=False)
        place += cell[..., None] * squared.shape[-1]
        indices = functional.embedding(place, self.candidates)[..., 0]
        weights = nearest.sub_(nearest[..., :1].clone()).div_(-self._spread).exp_()
        weights /= weights.sum(-1, keepdim=True)
        return Target(indices, weights, self.rebalance[indices[..., 0]], ab)
