"""The colour layer under a page's ink, for whole batches, where the network is.

`inking.layer` defines it; this computes the same in PyTorch.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def fit(target: Tensor, page: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Find the layer that best gives the targets under the pages: `inking.layer.fit`.

    Args:
        target: (N, 3, H, W) uint8 sRGB: what the painted pages should be.
        page: (N, 1, H, W) float in 0..1.
        stride: H / h.

    Returns:
        (N, 3, h, w) uint8 sRGB, 0 where the weight is, and the weight (N, h, w) float32 in 0..1.
    """
    square = functional.avg_pool2d(page.square(), stride)
    cross = functional.avg_pool2d(target * page, stride)
    tiny = torch.finfo(torch.float32).tiny
    rgb = (cross / square.clamp_min(tiny)).clamp(0, 255)
    return rgb.round().to(torch.uint8), square[:, 0]


def under(colours: NDArray[np.uint8], page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay colours under a page: both (H, W, 3) uint8 sRGB, and so is their product."""
    product = colours.astype(np.uint16) * page
    return ((product + 127) // 255).astype(np.uint8)
