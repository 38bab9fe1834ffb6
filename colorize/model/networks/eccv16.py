"""The network of Zhang, Isola and Efros, "Colorful Image Colorization" (arXiv 1603.08511), fig. 2.

Eight blocks of 3 x 3 convolutions at a quarter of the input's size and below: no pooling, no
skips; blocks 5 and 6 are dilated, so that a class is decided with 349 pixels in view. As in the
authors' released network, normalisation follows the last ReLU of a block.

Letters in shapes: N batch, H and W of the picture, h = H / 4, w = W / 4, Q ab bins.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.model.networks.activation import Relu

L_CENTRE = 50.0
L_RANGE = 100.0
HEAD_STRIDE = 4
"""How much smaller the head's map is than the picture."""
SIDE_MULTIPLE = 8
"""What height and width of the input must be divisible by."""

_CHANNELS_MULTIPLE = 8


@dataclass(frozen=True, slots=True)
class Block:
    """Convolutions of one block: all have ``channels``, the last one the ``stride``."""

    channels: int
    convolutions: int
    stride: int = 1
    dilation: int = 1


BLOCKS = (
    Block(64, 2, stride=2),
    Block(128, 2, stride=2),
    Block(256, 3, stride=2),
    Block(512, 3),
    Block(512, 3, dilation=2),
    Block(512, 3, dilation=2),
    Block(512, 3),
)
HEAD_CHANNELS = 256
HEAD_CONVOLUTIONS = 2


class Eccv16(nn.Module):
    """Lightness in, a logit for each ab bin out.

    Args:
        bins: Q.
        width: multiplies every hidden number of channels; 1 is the paper's network.
        channels: C of the input, the first of which is L.
    """

    def __init__(self, bins: int, *, width: float = 1.0, channels: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for block in BLOCKS:
            out = _scaled(block.channels, width)
            for number in range(1, block.convolutions + 1):
                stride = block.stride if number == block.convolutions else 1
                layers += _convolution(channels, out, stride=stride, dilation=block.dilation)
                channels = out
            layers.append(nn.BatchNorm2d(out))
        out = _scaled(HEAD_CHANNELS, width)
        layers += [nn.ConvTranspose2d(channels, out, 4, stride=2, padding=1), Relu()]
        for _ in range(HEAD_CONVOLUTIONS):
            layers += _convolution(out, out)
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Conv2d(out, bins, 1)
        self.apply(_initialise)

    def forward(self, pictures: Tensor) -> Tensor:
        """Classify.

        Args:
            pictures: (N, C, H, W) float, L in 0..100 first; H and W divisible by `SIDE_MULTIPLE`.

        Returns:
            (N, Q, h, w) logits.
        """
        logits: Tensor = self.head(self.trunk((pictures - L_CENTRE) / L_RANGE))
        return logits


class _LightnessConvolution(nn.Conv2d):
    """The first convolution, which sees a channel of zeros beside L.

    In bfloat16, oneDNN convolves two channels twenty times as fast as a single one.
    """

    def forward(self, lightness: Tensor) -> Tensor:
        """Convolve (N, 1, H, W)."""
        beside_zeros = functional.pad(lightness, (0, 0, 0, 0, 0, 1))
        weight = functional.pad(self.weight, (0, 0, 0, 0, 0, 1))
        return functional.conv2d(
            beside_zeros.contiguous(memory_format=torch.channels_last),
            weight.contiguous(memory_format=torch.channels_last),
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
        )


def _scaled(channels: int, width: float) -> int:
    """Multiply by the width and round to what the processor's vectors like, at least one."""
    return max(1, round(channels * width / _CHANNELS_MULTIPLE)) * _CHANNELS_MULTIPLE


def _convolution(
    inside: int, outside: int, *, stride: int = 1, dilation: int = 1
) -> list[nn.Module]:
    kind = _LightnessConvolution if inside == 1 else nn.Conv2d
    convolution = kind(inside, outside, 3, stride=stride, padding=dilation, dilation=dilation)
    return [convolution, Relu()]


def _initialise(module: nn.Module) -> None:
    """He et al. (arXiv 1502.01852) for layers before a ReLU; a small head starts near uniform."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        if module.kernel_size == (1, 1):
            nn.init.normal_(module.weight, std=0.01)
        elif isinstance(module, nn.ConvTranspose2d):
            # Each output pixel sums a quarter of the kernel's taps over all inputs.
            fan = module.in_channels * 4
            nn.init.normal_(module.weight, std=(2 / fan) ** 0.5)
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
