"""sRGB to Lab and back in PyTorch, for whole batches, where the network is.

`colour.lab` defines both conversions, and these are tested against it. To Lab, only what a block's
mean keeps is computed at the block's size; the way back has a gradient.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.colour import lab

_LEAST_LINEAR = 0.0031308
"""Linear light below which the sRGB curve is a straight line."""
_LEAST_CHROMA = 1e-6
"""Distances from grey, in linear light, that are taken for rounding."""

_BLACK = 116 * lab.SLOPE * lab.EPSILON + 16
"""Offset that makes L(black) 0, because `LabConverter` adds EPSILON * SLOPE to CIE's f."""


class LabConverter(nn.Module):
    """Converts pictures (N, 3, H, W) uint8 sRGB; its tables move with the module to a device."""

    linear: Tensor
    greys: Tensor
    to_xyz: Tensor
    to_ab: Tensor

    def __init__(self) -> None:
        super().__init__()
        greys = np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)
        for name, array in {
            "linear": lab.linear_table(),
            "greys": lab.rgb_to_lightness(greys),
            "to_xyz": lab.RGB_TO_UNIT_XYZ,
            "to_ab": np.array([500, 200], np.float32).reshape(2, 1, 1),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def lightness(self, grey: Tensor) -> Tensor:
        """Give L of grey values: uint8 of any shape to float32 of the same."""
        return self.greys.index_select(0, grey.flatten().int()).view(grey.shape)

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


def lab_to_rgb(colours: Tensor) -> Tensor:
    """Convert Lab to sRGB as `colour.lab.lab_to_rgb` does where it keeps L, with a gradient.

    Args:
        colours: (N, 3, H, W) L in 0..100, a and b.

    Returns:
        (N, 3, H, W) float32 sRGB in 0..1.
    """
    lightness, a, b = colours.float().unbind(1)
    y = (lightness + 16) / 116
    f = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    xyz = torch.where(f > np.cbrt(lab.EPSILON), f**3, (f - lab.OFFSET) / lab.SLOPE)
    to_linear = torch.from_numpy(np.linalg.inv(lab.RGB_TO_XYZ) * lab.WHITE_D65).to(xyz)
    grey = xyz[:, 1:2]  # of the same luminance
    chroma = (to_linear @ xyz.flatten(2)).view_as(xyz) - grey
    room = torch.where(chroma > 0, 1 - grey, grey)  # until a channel is full, or empty
    share = (room / chroma.abs().clamp_min(_LEAST_CHROMA)).amin(1, keepdim=True).clamp(max=1)
    linear = (grey + share * chroma).clamp(0, 1)
    curved = 1.055 * linear.clamp_min(_LEAST_LINEAR) ** (1 / 2.4) - 0.055
    return torch.where(linear > _LEAST_LINEAR, curved, 12.92 * linear)
