"""A U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597) for line art.

Five levels from half to 1/32 of the picture's size. The way down decides what is shown, the skips
bring back where it is: hair, skin and cloth end at lines that deep layers no longer see. Logits
stand at a quarter of the size, where a joint bilateral filter takes them up (`model.decode`).

A network that takes hints (`model.hints`) is told of them at every level on the way down, where a
cell of the map has the mean colour of the hints in it: deep ones carry it far, shallow ones keep it
exact.

Letters in shapes: N batch, H and W of the picture, h = H / 4, w = W / 4, C outputs.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.model.networks.activation import Relu

L_CENTRE = 50.0
L_RANGE = 50.0
AB_RANGE = 50.0
"""Of hints: of the order of a strong colour."""
HINT_CHANNELS = 4
HEAD_STRIDE = 4
"""How much smaller the head's map is than the picture."""
SIDE_MULTIPLE = 32
"""What height and width of the input must be divisible by."""

CHANNELS = (24, 48, 96, 160, 256)
"""At a half, a quarter, ... 1/32 of the size."""

_MOMENTUM = 0.03
"""Of the running statistics: over thirty batches, because the kinds of pages in a batch vary."""
_CHANNELS_MULTIPLE = 8
_STEM_STRIDE = 2


class UNet(nn.Module):
    """Lightness in, C outputs for each block of 4 x 4 pixels out.

    Args:
        outputs: C.
        width: multiplies every hidden number of channels.
        channels: of the input, L first.
        hints: whether it takes hints.
    """

    def __init__(
        self, outputs: int, *, width: float = 1.0, channels: int = 1, hints: bool = False
    ) -> None:
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
        self.hinted = nn.ModuleList(
            nn.Conv2d(HINT_CHANNELS, level, 1, bias=False) for level in levels if hints
        )
        self.apply(_initialise)
        for parameter in self.hinted.parameters():  # begins as a network that knows no hints
            nn.init.zeros_(parameter)

    def forward(self, seen: Tensor, hints: Tensor | None = None) -> Tensor:
        """Colour pictures.

        Args:
            seen: (N, channels, H, W) float, each in 0..100; H and W divisible by `SIDE_MULTIPLE`.
            hints: (N, 4, H, W) as `model.hints.plane` draws them; none if not given.

        Returns:
            (N, C, h, w).
        """
        pixels = functional.pixel_unshuffle((seen - L_CENTRE) / L_RANGE, _STEM_STRIDE)
        x = self.stem(pixels.contiguous(memory_format=torch.channels_last))
        skips = []
        pooled = None if hints is None else _pooled(hints, HEAD_STRIDE // 2)
        for number, level in enumerate(self.down):
            x = level(x)
            if pooled is not None:
                pooled = functional.avg_pool2d(pooled, 2)
                x = x + self.hinted[number](_means(pooled))
            skips.append(x)
        for level, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = level(torch.cat([larger, skip], dim=1))
        output: Tensor = self.head(x)
        return output


def _pooled(hints: Tensor, stride: int) -> Tensor:
    """Centre colours as the network wants them, and take sums over blocks of pixels."""
    there = hints[:, 3:]
    lightness = (hints[:, :1] - L_CENTRE * there) / L_RANGE
    return functional.avg_pool2d(torch.cat([lightness, hints[:, 1:3] / AB_RANGE, there], 1), stride)


def _means(sums: Tensor) -> Tensor:
    """Mean colour of the hints in each cell, and whether there are any."""
    there = sums[:, 3:]
    means = sums[:, :3] / there.clamp_min(torch.finfo(torch.float32).tiny)
    return torch.cat([means, (there > 0).to(sums.dtype)], dim=1)


def _scaled(channels: int, width: float) -> int:
    """Multiply by the width and round to what the processor's vectors like, at least one."""
    return max(1, round(channels * width / _CHANNELS_MULTIPLE)) * _CHANNELS_MULTIPLE


def _convolution(inside: int, outside: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(
        inside, outside, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(outside, momentum=_MOMENTUM), Relu())


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
