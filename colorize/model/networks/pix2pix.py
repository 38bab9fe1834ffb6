"""The networks of Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks".

arXiv 1611.07004, section 6.1: a U-Net of eight halvings paints, and a critic that sees patches of
the page with its colours tells true ones from painted ones. Layers, biases and normalisation are
those of the authors' PyTorch code (junyanz/pytorch-CycleGAN-and-pix2pix), and so are the numbers of
parameters: 54,409,858 from L to ab, and 2,765,633 of the critic of 70 x 70 pixels.

Letters in shapes: N batch, H and W of the picture, C channels.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

CENTRE, RANGE = 50.0, 50.0
"""Each channel of the input, in 0..100, becomes -1..1."""
AB_RANGE = 110.0
"""In units of ab, an output of 1."""

CHANNELS = (1, 2, 4, 8, 8, 8, 8, 8)
"""At a half, a quarter, ... 1/256 of the size: multiples of the first level's."""
FIRST_CHANNELS = 64
DROPPED = (1, 2, 3)
"""Steps on the way up, counted from the innermost, 0, after which dropout follows."""
DROPOUT = 0.5
SLOPE = 0.2
"""Of a leaky ReLU below zero."""
DEVIATION = 0.02
"""Of the first weights, whose mean is 0, or 1 in normalisation."""

HALVINGS = {1: 0, 16: 1, 70: 3, 286: 5}
"""Of a critic, by the side of the square that it judges, in pixels."""

_CHANNELS_MULTIPLE = 8
_LEAST = 2
"""Side of the smallest map but the innermost: that of a picture of 256 pixels."""


class Generator(nn.Module):
    """Lightness in, ab of each pixel out; with an L of the colours where asked for.

    A picture may have any size: before a map of odd size is halved, its last row or column is
    repeated, and on the way up the map is cropped to what it was. Sides divisible by 256 need none
    of this. A smaller picture keeps all eight levels; its deepest maps are repeated to 2 x 2, as
    those of a picture of 256 pixels are, so that a batch of one can be normalised.

    Args:
        outputs: C of the output.
        width: multiplies every hidden number of channels; 1 is the paper's network.
        channels: C of the input.
    """

    def __init__(self, outputs: int, *, width: float = 1.0, channels: int = 1) -> None:
        super().__init__()
        levels = [_scaled(width) * multiple for multiple in CHANNELS]
        self.down = nn.ModuleList([_halving(channels, levels[0])])
        for number, (inside, outside) in enumerate(pairwise(levels), 2):
            layers: list[nn.Module] = [nn.LeakyReLU(SLOPE), _halving(inside, outside)]
            if number < len(levels):
                layers.append(nn.BatchNorm2d(outside))
            self.down.append(nn.Sequential(*layers))
        self.up = nn.ModuleList([_doubling(levels[-1], levels[-2])])
        for below, outside in pairwise(reversed(levels[:-1])):
            self.up.append(_doubling(2 * below, outside))
        last = nn.ConvTranspose2d(2 * levels[0], outputs, 4, stride=2, padding=1)
        self.up.append(nn.Sequential(nn.ReLU(), last))
        self.apply(_initialise)

    def forward(self, seen: Tensor, noise: Tensor | None = None) -> Tensor:
        """Colour pictures.

        Args:
            seen: (N, channels, H, W) float, each in 0..100.
            noise: (N, 1), whole numbers: seeds of a dropout that is also on outside training, which
                is all the noise that the paper's network has. Off there if not given.

        Returns:
            (N, outputs, H, W) float32 in -1..1.
        """
        x = (seen - CENTRE) / RANGE
        maps = [x]
        for number, level in enumerate(self.down, 1):
            x = level(_even(x, innermost=number == len(self.down)))
            maps.append(x)
        maps.pop()
        seeds = None if noise is None else noise.flatten().tolist()
        sources = None if seeds is None else [torch.Generator().manual_seed(int(s)) for s in seeds]
        for number, level in enumerate(self.up):
            beside = maps.pop()
            x = level(x)[:, :, : beside.shape[2], : beside.shape[3]]
            if number in DROPPED:
                x = _dropped(x, sources, training=self.training)
            if maps:
                x = torch.cat([beside, x], dim=1)
        return x.float().tanh()


class Critic(nn.Module):
    """A page and its colours in, a logit out for each patch: above zero where they seem true.

    Args:
        channels: C of page and colours together.
        patch: side of the square that a logit depends on, a key of `HALVINGS`.
        width: multiplies every hidden number of channels; 1 is the paper's.
    """

    def __init__(self, channels: int, *, patch: int = 70, width: float = 1.0) -> None:
        super().__init__()
        kernel, padding, stride = (1, 0, 1) if patch == 1 else (4, 1, 2)
        inside, halvings = _scaled(width), max(1, HALVINGS[patch])
        layers: list[nn.Module] = [
            nn.Conv2d(channels, inside, kernel, stride=stride, padding=padding),
            nn.LeakyReLU(SLOPE),
        ]
        for number in range(1, halvings + 1):
            outside = _scaled(width) * min(2**number, 8)
            step = stride if number < halvings else 1
            layers += [
                nn.Conv2d(inside, outside, kernel, stride=step, padding=padding, bias=False),
                nn.BatchNorm2d(outside),
                nn.LeakyReLU(SLOPE),
            ]
            inside = outside
        layers.append(nn.Conv2d(inside, 1, kernel, padding=padding, bias=patch != 1))
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)

    def forward(self, pictures: Tensor) -> Tensor:
        """Judge (N, C, H, W) in -1..1: (N, 1, h, w) logits."""
        logits: Tensor = self.layers(pictures)
        return logits


def least_side(patch: int) -> int:
    """Give the side in pixels of the smallest picture that a critic can judge.

    >>> [least_side(patch) for patch in HALVINGS]
    [1, 6, 24, 96]
    """
    return 1 if patch == 1 else 3 * 2 ** HALVINGS[patch]


def _even(x: Tensor, *, innermost: bool) -> Tensor:
    """Repeat the last row and column of a map (N, C, h, w), so that it can be halved.

    A map two pixels wide and more than two high gets two further columns even before the innermost
    halving: `predict.margins` says why maps of a single tall column are avoided.
    """
    height, width = x.shape[2:]
    least = 1 if innermost and max(height, width) <= _LEAST else _LEAST
    down, right = (2 * max(least, -(-length // 2)) - length for length in (height, width))
    if not (down or right):
        return x
    return functional.pad(x, (0, right, 0, down), mode="replicate")


def _dropped(x: Tensor, sources: list[torch.Generator] | None, *, training: bool) -> Tensor:
    """Drop half of the values: in training, and of each picture that has a source of noise."""
    if sources is None:
        return functional.dropout(x, DROPOUT, training=training)
    kept = [torch.rand(x.shape[1:], generator=source) >= DROPOUT for source in sources]
    return x * torch.stack(kept).to(x.device) / (1 - DROPOUT)


def _scaled(width: float) -> int:
    """Multiply the first level's channels by the width, and round as other networks do."""
    return max(1, round(FIRST_CHANNELS * width / _CHANNELS_MULTIPLE)) * _CHANNELS_MULTIPLE


def _halving(inside: int, outside: int) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 4, stride=2, padding=1, bias=False)


def _doubling(inside: int, outside: int) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(outside))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=DEVIATION)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, mean=1.0, std=DEVIATION)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
