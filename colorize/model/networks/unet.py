"""A U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597) for line art.

Five levels from half to 1/32 of the picture's size. The way down decides what is shown, the skips
bring back where it is: hair, skin and cloth end at lines that deep layers no longer see. Logits
stand at a quarter of the size, where a joint bilateral filter takes them up (`model.decode`).

A network that takes hints (`model.hints`) is told of them at every level on the way down, where a
cell of the map has the mean colour of the hints in it: deep ones carry it far, shallow ones keep it
exact.

A network that sees grey and inked pages may normalise each kind by statistics, scales and shifts of
its own (Chang et al., "Domain-Specific Batch Normalization", arXiv 1906.03950): paper and
screentone have other means than art has, and one set for both serves neither.

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

_MOMENTUM = 0.1
"""Of running statistics that batches of one kind of pages give."""
_MIXED_MOMENTUM = 0.03
"""Of those over all kinds: over thirty batches, because the kinds of pages in a batch vary."""
_CHANNELS_MULTIPLE = 8
_STEM_STRIDE = 2


class UNet(nn.Module):
    """Lightness in, C outputs for each block of 4 x 4 pixels out.

    Args:
        outputs: C.
        width: multiplies every hidden number of channels.
        channels: of the input, L first.
        hints: whether it takes hints.
        norms: sets of batch norms: 1, or 2 for the second one to serve inked pages, whose second
            channel is above 0.
    """

    def __init__(
        self,
        outputs: int,
        *,
        width: float = 1.0,
        channels: int = 1,
        hints: bool = False,
        norms: int = 1,
    ) -> None:
        super().__init__()
        self.partial = norms > 1
        """Whether a batch of one kind of pages leaves parameters of the other kind alone."""
        half, *levels = (_scaled(count, width) for count in CHANNELS)
        *upper, deepest = pairwise([half, *levels])
        # Pixels of a 2 x 2 block become channels: nothing is lost, and no convolution works at
        # the full size, where a processor is slowest.
        self.stem = Convolution(channels * _STEM_STRIDE**2, half, norms=norms)
        self.down = nn.ModuleList(_down(inside, outside, norms) for inside, outside in upper)
        self.down.append(_down(*deepest, norms, dilation=2))
        self.dropout = nn.Dropout2d(0.0)
        """Of the deepest maps, in training: see `model.methods.set_dropout`."""
        self.up = nn.ModuleList(
            _up(below, skip, norms) for skip, below in reversed([*pairwise(levels)])
        )
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
        if not self.partial:
            return self.coloured(seen, hints, 0)
        inked = seen[:, 1, 0, 0] > 0
        if bool(inked.all()) or not bool(inked.any()):
            return self.coloured(seen, hints, int(inked[0]))
        rows = [torch.nonzero(kind)[:, 0] for kind in (~inked, inked)]
        parts = [
            self.coloured(seen[of], None if hints is None else hints[of], kind)
            for kind, of in enumerate(rows)
        ]
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def coloured(self, seen: Tensor, hints: Tensor | None, kind: int | Tensor) -> Tensor:
        """Colour pictures of one kind, whose number is told to every `Convolution`: `forward`."""
        pixels = functional.pixel_unshuffle((seen - L_CENTRE) / L_RANGE, _STEM_STRIDE)
        x = self.stem(pixels.contiguous(memory_format=torch.channels_last), kind)
        skips = []
        pooled = None if hints is None else _pooled(hints, HEAD_STRIDE // 2)
        for number, level in enumerate(self.down):
            x = level(x, kind)
            if pooled is not None:
                pooled = functional.avg_pool2d(pooled, 2)
                x = x + self.hinted[number](_means(pooled))
            skips.append(x)
        x = self.dropout(x)
        for level, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = level(torch.cat([larger, skip], dim=1), kind)
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


class Convolution(nn.Sequential):
    """A convolution, a batch norm and an activation.

    Args:
        inside: channels of the input.
        outside: channels of the output.
        norms: sets of batch norms, 1 or 2.
        stride: of the convolution.
        dilation: of the convolution.
    """

    def __init__(
        self, inside: int, outside: int, *, norms: int = 1, stride: int = 1, dilation: int = 1
    ) -> None:
        convolution = nn.Conv2d(
            inside, outside, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        momentum = _MOMENTUM if norms > 1 else _MIXED_MOMENTUM
        super().__init__(convolution, nn.BatchNorm2d(outside, momentum=momentum), Relu())
        self.inked = nn.BatchNorm2d(outside, momentum=momentum) if norms > 1 else None

    def forward(self, x: Tensor, kind: int | Tensor = 0) -> Tensor:
        """Give (N, outside, H, W), normalised by the batch norm of a kind of pages."""
        convolution, grey, activation, *_ = self
        norm = self.inked if kind and self.inked is not None else grey
        output: Tensor = activation(norm(convolution(x)))
        return output


class _Pair(nn.Sequential):
    """Two convolutions."""

    def forward(self, x: Tensor, kind: int | Tensor = 0) -> Tensor:
        """Apply both."""
        for convolution in self:
            x = convolution(x, kind)
        return x


def _down(inside: int, outside: int, norms: int, *, dilation: int = 1) -> _Pair:
    halving = Convolution(inside, outside, norms=norms, stride=2)
    return _Pair(halving, Convolution(outside, outside, norms=norms, dilation=dilation))


def _up(below: int, skip: int, norms: int) -> _Pair:
    return _Pair(Convolution(below + skip, skip, norms=norms), Convolution(skip, skip, norms=norms))


def _initialise(module: nn.Module) -> None:
    """He et al. (arXiv 1502.01852) for layers before a ReLU; the head's output starts near zero."""
    if isinstance(module, nn.Conv2d):
        if module.kernel_size == (1, 1):
            nn.init.normal_(module.weight, std=0.01)
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
