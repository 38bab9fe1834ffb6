"""A tone table: what the lightness of a block says of its colour by itself, beside a network.

The table holds a row of outputs for each of T tones, evenly spaced from L = 0 to 100. Begun as the
log of the bins' shares at each tone (`Quantiser.tones`), it makes an untrained network paint the
tone curve, so that training only has to find what deviates from it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize.colour.lab import L_MAX


class ToneTable(nn.Module):
    """Reads the rows of a table at the tones of each block of pixels.

    A pixel's row is interpolated linearly between the two tones next to its L; a block has the
    mean of its pixels' rows.

    Args:
        rows: (T, C) float, where the table begins.
        stride: side of a block in pixels.
    """

    def __init__(self, rows: Tensor, *, stride: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows.float().clone())
        self._stride = stride

    def forward(self, lightness: Tensor) -> Tensor:
        """Give (N, C, h, w) for L (N, 1, H, W) in 0..100, h = H / stride and w = W / stride."""
        return read(self.rows, self.shares(lightness))

    def shares(self, lightness: Tensor) -> Tensor:
        """Share the blocks of L (N, 1, H, W) among the tones: see `tone_shares`."""
        return tone_shares(lightness, tones=len(self.rows), stride=self._stride)


class Toned(nn.Module):
    """A network whose first outputs are added to those of a tone table.

    Inked pages, whose paper may become any colour, have a table of their own. Without one the
    network would have to learn the frequent colours for them, and not to, for other pages. Their
    second channel is 100 everywhere, that of other pages 0.

    Args:
        network: (N, channels, H, W) to (N, outputs, h, w); the first channel is L.
        table: of the first C outputs, of the same stride.
        inked: the same for inked pages, of as many tones, where the network sees any.
    """

    def __init__(
        self, network: nn.Module, table: ToneTable, inked: ToneTable | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.table = table
        self.inked = inked
        self.partial = inked is not None
        """Whether a batch of one kind of pages leaves the table of the other kind alone."""

    def forward(self, seen: Tensor, **conditions: Tensor) -> Tensor:
        """Give (N, outputs, h, w) for (N, channels, H, W) and the network's conditions."""
        output: Tensor = self.network(seen, **conditions)
        rows, shares = self.told(seen, self.table.shares(seen[:, :1]))
        rest = output.shape[1] - rows.shape[1]
        return output + read(functional.pad(rows, (0, rest)), shares)

    def told(self, seen: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """Give the rows (T, C) that serve all pages, and what each block has of them."""
        if self.inked is None:
            return self.table.rows, shares
        inked = seen[:, 1, 0, 0] > 0
        if not bool(inked.any()):
            return self.table.rows, shares
        if bool(inked.all()):
            return self.inked.rows, shares
        return self.told_by_page(seen, shares, self.inked)

    def told_by_page(self, seen: Tensor, shares: Tensor, inked: ToneTable) -> tuple[Tensor, Tensor]:
        """Give the rows of both tables, (2 T, C), of which each page has shares in its own."""
        ink = seen[:, 1:2, :1, :1] / L_MAX
        shares = torch.cat([shares * (1 - ink), shares * ink], dim=1)
        return torch.cat([self.table.rows, inked.rows]), shares


def read(rows: Tensor, shares: Tensor) -> Tensor:
    """Mix the rows (T, C) of a table by shares (N, T, h, w): (N, C, h, w)."""
    return functional.conv2d(shares, rows.t()[:, :, None, None])


@torch.no_grad()
def tone_shares(lightness: Tensor, *, tones: int, stride: int) -> Tensor:
    """Share each block of pixels among tones.

    Args:
        lightness: (N, 1, H, W), L in 0..100; H and W divisible by ``stride``.
        tones: T, evenly spaced from L = 0 to 100. A pixel between two of them counts for both,
            linearly by nearness.
        stride: side of a block in pixels.

    Returns:
        (N, T, h, w) float32, channels-last; shares of a block sum to 1.
    """
    n, _, height, width = lightness.shape
    h, w = height // stride, width // stride
    blocks = lightness.float().view(n, h, stride, w, stride).transpose(2, 3)
    place = blocks.reshape(n * h * w, stride**2) * ((tones - 1) / L_MAX)
    below = place.floor().clamp_(0, max(0, tones - 2))
    upper = place.sub_(below).clamp_(0, 1).div_(stride**2)
    number = below.long()
    shares = torch.zeros(len(place), tones, device=lightness.device)
    shares.scatter_add_(1, number, stride**-2 - upper)
    shares.scatter_add_(1, number.add_(1).clamp_(max=tones - 1), upper)
    return shares.view(n, h, w, tones).permute(0, 3, 1, 2)
