"""A U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597) for line art.

Five levels from half to 1/32 of the picture's size. The way down decides what is shown, the skips
bring back where it is: hair, skin and cloth end at lines that deep layers no longer see. Logits
stand at a quarter of the size, where a joint bilateral filter takes them up (`model.decode`).

Letters in shapes: N batch, H and W of the picture, h = H / 4, w = W / 4, C outputs.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.model.networks.activation import Relu

L_CENTRE = 50.0
L_RANGE = 50.0
HEAD_STRIDE = 4
"""How much smaller the head's map is than the picture."""
SIDE_MULTIPLE = 32
"""What height and width of the input must be divisible by."""

CHANNELS = (24, 48, 96, 160, 256)
"""At a half, a quarter, ... 1/32 of the size."""

_CHANNELS_MULTIPLE = 8
_STEM_STRIDE = 2


class UNet(nn.Module):
    """Lightness in, C outputs for each block of 4 x 4 pixels out.

    Args:
        outputs: C.
        width: multiplies every hidden number of channels.
        channels: of the input, L first.
    """

    def __init__(self, outputs: int, *, width: float = 1.0, channels: int = 1) -> None:
        super().__init__()
        half, *levels = (_scaled(count, width) for count in CHANNELS)
        *upper, deepest = pairwise([half, *levels])
        # Pixels of a 2 x 2 block become channels: nothing is lost, and no convolution works at
        # the full size, where a processor is slowest.
        self.stem = _convolution(channels * _STEM_STRIDE**2, half)
        self.down = nn.ModuleList(_down(inside, outside) for inside, outside in upper)
        self.down.append(_down(*deepest, dilation=2))
        self.up = nn.ModuleList(_up(below, skip) for skip, below in reversed([*pairwise(levels)]))
        self.head = nn.Conv2d(levels[0], outputs, 1)
        self.apply(_initialise)

    def forward(self, seen: Tensor) -> Tensor:
        """Colour pictures.

        Args:
            seen: (N, channels, H, W) float, each in 0..100; H and W divisible by `SIDE_MULTIPLE`.

        Returns:
            (N, C, h, w).
        """
        pixels = functional.pixel_unshuffle((seen - L_CENTRE) / L_RANGE, _STEM_STRIDE)
        x = self.stem(pixels.contiguous(memory_format=torch.channels_last))
        skips = []
        for level in self.down:
            x = level(x)
            skips.append(x)
        for level, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = level(torch.cat([larger, skip], dim=1))
        output: Tensor = self.head(x)
        return output


def _scaled(channels: int, width: float) -> int:
    """Multiply by the width and round to what the processor's vectors like, at least one."""
    return max(1, round(channels * width / _CHANNELS_MULTIPLE)) * _CHANNELS_MULTIPLE


def _convolution(inside: int, outside: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(
        inside, outside, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), Relu())


def _down(inside: int, outside: int, *, dilation: int = 1) -> nn.Sequential:
    halving = _convolution(inside, outside, stride=2)
    return nn.Sequential(halving, _convolution(outside, outside, dilation=dilation))


def _up(below: int, skip: int) -> nn.Sequential:
    return nn.Sequential(_convolution(below + skip, skip), _convolution(skip, skip))


def _initialise(module: nn.Module) -> None:
    """He et al. (arXiv 1502.01852) for layers before a ReLU; the head's output starts near zero."""
    if isinstance(module, nn.Conv2d):
        if module.kernel_size == (1, 1):
            nn.init.normal_(module.weight, std=0.01)
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
