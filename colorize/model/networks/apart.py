"""Two networks as one: grey pages have one for themselves.

The colours of a few thousand grey pages are soon learned by heart, those of inked pages are not. So
what is best for one kind, in the length of a training and in what keeps a network from learning by
heart, is not best for the other.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Apart(nn.Module):
    """Has each page coloured by the network of its kind.

    Args:
        grey: of grey pages: takes their first channel alone.
        others: of inked pages, whose second channel is above 0.
        missing: last channels of the second one's output that the first one does not give: 0 then.
    """

    def __init__(self, *, grey: nn.Module, others: nn.Module, missing: int) -> None:
        super().__init__()
        self.grey = grey
        self.others = others
        self._missing = missing

    def forward(self, seen: Tensor, **conditions: Tensor) -> Tensor:
        """Give (N, outputs, h, w) for (N, channels, H, W) and the networks' conditions."""
        inked = seen[:, 1, 0, 0] > 0
        if bool(inked.all()):
            output: Tensor = self.others(seen, **conditions)
            return output
        if not bool(inked.any()):
            return self.of_grey(seen, **conditions)
        grey, others = (torch.nonzero(kind)[:, 0] for kind in (~inked, inked))
        parts = [
            self(seen[rows], **{name: given[rows] for name, given in conditions.items()})
            for rows in (grey, others)
        ]
        return torch.cat(parts)[torch.cat([grey, others]).argsort()]

    def of_grey(self, seen: Tensor, **conditions: Tensor) -> Tensor:
        """Colour grey pages."""
        output: Tensor = self.grey(seen[:, :1], **conditions)
        return functional.pad(output, (0, 0, 0, 0, 0, self._missing))
