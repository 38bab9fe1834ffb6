"""The recipes' networks and training step as one writes them in plain PyTorch, to compare with."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.model.networks import eccv16, unet


class UNet(nn.Module):
    """The network of recipe ``unet``; same names of weights as `colorize.model.networks.unet`.

    Args:
        outputs: C.
        width: multiplies every hidden number of channels.
    """

    def __init__(self, outputs: int, *, width: float) -> None:
        super().__init__()
        half, *levels = (max(1, round(count * width / 8)) * 8 for count in unet.CHANNELS)
        self.stem = _normalised(4, half)
        self.down = nn.ModuleList()
        for inside, outside in pairwise([half, *levels]):
            dilation = 2 if outside == levels[-1] else 1
            self.down.append(
                nn.Sequential(
                    _normalised(inside, outside, stride=2),
                    _normalised(outside, outside, dilation=dilation),
                )
            )
        self.up = nn.ModuleList(
            nn.Sequential(_normalised(below + skip, skip), _normalised(skip, skip))
            for skip, below in reversed([*pairwise(levels)])
        )
        self.head = nn.Conv2d(levels[0], outputs, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        """Give (N, C, H / 4, W / 4) for L (N, 1, H, W)."""
        x = self.stem(functional.pixel_unshuffle((lightness - 50) / 50, 2))
        skips = []
        for level in self.down:
            x = level(x)
            skips.append(x)
        skips.pop()
        for level in self.up:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = level(torch.cat([x, skips.pop()], dim=1))
        output: Tensor = self.head(x)
        return output


class Eccv16(nn.Module):
    """The network of recipe ``eccv16``; same names as `colorize.model.networks.eccv16`."""

    def __init__(self, outputs: int, *, width: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 1
        for block in eccv16.BLOCKS:
            outside = max(1, round(block.channels * width / 8)) * 8
            for number in range(1, block.convolutions + 1):
                stride = block.stride if number == block.convolutions else 1
                layers += [
                    nn.Conv2d(
                        inside,
                        outside,
                        3,
                        stride=stride,
                        padding=block.dilation,
                        dilation=block.dilation,
                    ),
                    nn.ReLU(inplace=True),
                ]
                inside = outside
            layers.append(nn.BatchNorm2d(outside))
        outside = max(1, round(eccv16.HEAD_CHANNELS * width / 8)) * 8
        layers += [nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1), nn.ReLU(True)]
        for _ in range(eccv16.HEAD_CONVOLUTIONS):
            layers += [nn.Conv2d(outside, outside, 3, padding=1), nn.ReLU(inplace=True)]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Conv2d(outside, outputs, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        """Give (N, C, H / 4, W / 4) for L (N, 1, H, W)."""
        output: Tensor = self.head(self.trunk((lightness - 50) / 100))
        return output


class Table(nn.Module):
    """A tone table of T rows, which starts at zero."""

    def __init__(self, tones: int, outputs: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(tones, outputs))

    def forward(self, lightness: Tensor) -> Tensor:
        """Give (N, C, H / 4, W / 4) for L (N, 1, H, W)."""
        count = len(self.rows)
        with torch.no_grad():  # a pixel between two tones counts for both
            tones = torch.linspace(0, 100, count)[:, None, None]
            shares = (1 - (lightness - tones).abs() * ((count - 1) / 100)).clamp_min(0)
            shares = functional.avg_pool2d(shares, 4)
        return functional.conv2d(shares, self.rows.t()[:, :, None, None])


class Toned(nn.Module):
    """A network beside a tone table."""

    def __init__(self, network: nn.Module, tones: int, outputs: int) -> None:
        super().__init__()
        self.network = network
        self.table = Table(tones, outputs)

    def forward(self, lightness: Tensor) -> Tensor:
        """Give (N, C, H / 4, W / 4) for L (N, 1, H, W)."""
        output: Tensor = self.network(lightness) + self.table(lightness)
        return output


def network(recipe: str, outputs: int, *, width: float, tones: int) -> nn.Module:
    """Build the network of a recipe; with a tone table if there are tones."""
    made = {"unet": UNet, "eccv16": Eccv16}[recipe](outputs, width=width)
    return Toned(made, tones, outputs) if tones else made


def loss(logits: Tensor, dense: Tensor, rebalance: Tensor) -> Tensor:
    """Cross-entropy against dense soft targets (N, Q, h, w), weighted by class (N, h, w)."""
    by_pixel = functional.cross_entropy(logits, dense, reduction="none")
    return (by_pixel * rebalance).sum() / rebalance.sum()


def _normalised(inside: int, outside: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )
