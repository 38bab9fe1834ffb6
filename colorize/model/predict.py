"""Predicts colours at the size of the input: network, decoding and enlargement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.model.decode import even_hues
from colorize.model.precision import mixed_precision
from colorize.model.weights import Model

Conditions: TypeAlias = Mapping[str, Tensor]
"""By name, (N, K, H, W), or (N, K) for whole pictures."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A network's output, which can be decoded in any number of ways.

    Attributes:
        model: whose network it was.
        output: (N, channels, h, w) at the head's size, of the pictures with their margins.
        guide: (N, 1, H + margin, W + margin), L in 0..100 of the same, whose edges colours keep.
        size: H and W of the pictures without.
    """

    model: Model
    output: Tensor
    guide: Tensor
    size: tuple[int, int]

    @torch.inference_mode()
    def colours(
        self, temperature: float, adjustment: float = 0.0, *, hues: float = 0.0
    ) -> NDArray[np.float32]:
        """Decode the output.

        Args:
            temperature: see `decode.Decoding`.
            adjustment: likewise.
            hues: how far the rare hues of each picture are brought up; see `decode.even_hues`.

        Returns:
            (N, H, W, 2) float32 ab; (N, H, W, 3) L and ab where the network gives an L.
        """
        height, width = self.size
        recipe = self.model.recipe
        offset = self.model.offset(adjustment)
        if hues and recipe.classifies:
            logits = self.output[:, : self.model.spec.bins]
            offset = even_hues(logits, self.model.centres, hues, offset)
        # (N, 2 or 3, h, w)
        small = recipe.decode(self.output, self.model.centres, temperature, offset)
        full = recipe.enlarge(small, self.guide)[:, :, :height, :width]
        return np.ascontiguousarray(full.permute(0, 2, 3, 1).cpu().numpy())

    def logits(self) -> Tensor:
        """(N, Q, ceil(H / stride), ceil(W / stride)) in main memory, without margins."""
        rows, columns = (-(-length // self.model.recipe.head_stride) for length in self.size)
        return self.output[:, : self.model.spec.bins, :rows, :columns].cpu()


@torch.inference_mode()
def predict(
    model: Model, pictures: NDArray[np.float32], conditions: Conditions | None = None
) -> Prediction:
    """Run the network once.

    Args:
        model: its network is set to evaluation mode.
        pictures: (N, C, H, W) of any H and W, as a domain's `observe` gives it; missing channels
            are zero.
        conditions: those that the network takes.
    """
    missing = model.spec.channels - pictures.shape[1]
    height, width = pictures.shape[2:]
    bottom, right = margins(height, width, model.recipe.side_multiple)
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    if missing:
        padded = np.pad(padded, ((0, 0), (0, missing), (0, 0), (0, 0)))
    given = {
        name: torch.nn.functional.pad(x, (0, right, 0, bottom)) if x.ndim == 4 else x
        for name, x in (conditions or {}).items()
    }
    model.network.eval()
    with mixed_precision(model.device):
        seen = torch.from_numpy(padded).to(model.device, memory_format=torch.channels_last)
        output = model.network(seen, **{name: x.to(model.device) for name, x in given.items()})
    return Prediction(model, output, seen[:, :1], (height, width))


def margins(height: int, width: int, multiple: int) -> tuple[int, int]:
    """Pixels to add at the bottom and on the right, so that both sides are divisible.

    A bfloat16 convolution to a map of a single tall column sometimes gives NaN: oneDNN of PyTorch
    2.13 on AVX-512 and AMX, in one of ten runs. So a picture whose smallest map would be taller
    than it is wide gets a second column there.

    >>> margins(250, 256, 256), margins(60, 60, 8), margins(64, 5, 8)
    ((6, 0), (4, 4), (0, 11))
    """
    bottom, right = -height % multiple, -width % multiple
    if width + right == multiple < height + bottom:
        right += multiple
    return bottom, right
