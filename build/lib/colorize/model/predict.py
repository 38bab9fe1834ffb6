"""From lightness to colours at the same size: network, decoding and enlargement in a row."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.model.decode import enlarge
from colorize.model.precision import mixed_precision
from colorize.model.weights import Model


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network said of pictures, to be read at as many temperatures as wanted.

    Attributes:
        model: whose network it was.
        output: (N, C, h, w) at the head's size, of the pictures with their margins.
        size: H and W of the pictures without.
    """

    model: Model
    output: Tensor
    size: tuple[int, int]

    @torch.inference_mode()
    def ab(self, temperature: float) -> NDArray[np.float32]:
        """Colours (N, H, W, 2) float32 at a temperature, the T of the annealed mean."""
        height, width = self.size
        recipe = self.model.recipe
        ab = recipe.decode(self.output, self.model.centres, temperature)  # (N, 2, h, w)
        padded = (ab.shape[2] * recipe.head_stride, ab.shape[3] * recipe.head_stride)
        full = enlarge(ab, padded)[:, :, :height, :width]
        return np.ascontiguousarray(full.permute(0, 2, 3, 1).cpu().numpy())

    def head(self) -> Tensor:
        """(N, C, ceil(H / stride), ceil(W / stride)) in main memory: the output without margins."""
        rows, columns = (-(-length // self.model.recipe.head_stride) for length in self.size)
        return self.output[:, :, :rows, :columns].cpu()


@torch.inference_mode()
def look(model: Model, lightness: NDArray[np.float32]) -> Prediction:
    """Run the network once.

    Args:
        model: its network is set to evaluation mode.
        lightness: (N, H, W), L in 0..100, of any H and W.
    """
    height, width = lightness.shape[1:]
    multiple = model.recipe.side_multiple
    margins = ((0, 0), (0, _margin(height, multiple)), (0, _margin(width, multiple)))
    padded = np.pad(lightness, margins, mode="edge")
    grey = torch.from_numpy(padded)[:, None].to(model.device)
    model.network.eval()
    with mixed_precision(model.device):
        output = model.network(grey.contiguous(memory_format=torch.channels_last))
    return Prediction(model, output, (height, width))


def predict(
    model: Model, lightness: NDArray[np.float32], *, temperature: float
) -> NDArray[np.float32]:
    """Predict the ab of pictures.

    Args:
        model: its network is set to evaluation mode.
        lightness: (N, H, W), L in 0..100, of any H and W.
        temperature: T of the annealed mean.

    Returns:
        (N, H, W, 2) float32 ab.
    """
    return look(model, lightness).ab(temperature)


def _margin(length: int, multiple: int) -> int:
    """Pixels to add to a side, so that the network's smallest map is at least two pixels wide.

    A bfloat16 convolution to a map of a single tall column sometimes gives NaN: oneDNN of PyTorch
    2.13 on AVX-512 and AMX, in one of ten runs.
    """
    return max(-length % multiple, 2 * multiple - length)
