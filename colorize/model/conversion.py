"""8-bit sRGB to Lab in PyTorch, for whole batches, where the network is.

`colour.lab` defines the conversion; this computes only what a block's mean keeps at the block's
size, and is tested against the definition.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.colour import lab

_BLACK = 116 * lab.SLOPE * lab.EPSILON + 16
"""Offset that makes L(black) 0, because `LabConverter` adds EPSILON * SLOPE to CIE's f."""


class LabConverter(nn.Module):
    """Converts pictures (N, 3, H, W) uint8 sRGB; its tables move with the module to a device."""

    linear: Tensor
    to_xyz: Tensor
    to_ab: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, array in {
            "linear": lab.linear_table(),
            "to_xyz": lab.RGB_TO_UNIT_XYZ,
            "to_ab": np.array([500, 200], np.float32).reshape(2, 1, 1),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def lightness_and_means(self, rgb: Tensor, block: int) -> tuple[Tensor, Tensor]:
        """Give L of every pixel and the mean ab of every block.

        Args:
            rgb: (N, 3, H, W) uint8 sRGB; H and W divisible by ``block``.
            block: side of the square blocks, in pixels.

        Returns:
            L (N, 1, H, W) and ab (N, 2, H / block, W / block), float32.
        """
        # One picture per core stays in the core's cache; a GPU is faster with all of them at once.
        parts = torch.split(rgb, len(rgb) if rgb.is_cuda else torch.get_num_threads())
        converted = [self._f(part, block) for part in parts]
        y, means = (torch.cat(found) for found in zip(*converted, strict=True))
        ab = (means[:, :2] - means[:, 1:]) * self.to_ab
        return y.mul_(116).sub_(_BLACK), ab

    def _f(self, rgb: Tensor, block: int) -> tuple[Tensor, Tensor]:
        """CIE's f of Y (n, 1, H, W), and the mean f of X, Y and Z of each block (n, 3, h, w).

        All plus a constant: f is a cube root above EPSILON and a straight line below it. Lab is
        linear in f, so the mean of Lab follows from the mean of f.
        """
        n, _, height, width = rgb.shape
        linear = self.linear.index_select(0, rgb.flatten().int()).view(n, 3, -1)
        xyz = self.to_xyz @ linear  # no convolution: a GPU's would round to TF32
        f = xyz.clamp(min=lab.EPSILON).log_().mul_(1 / 3).exp_()  # vectorised better than a power
        f = f.add_(xyz.clamp_(max=lab.EPSILON), alpha=lab.SLOPE).view(n, 3, height, width)
        return f[:, 1:2], functional.avg_pool2d(f, block)
