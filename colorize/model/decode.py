"""From logits to colours: the annealed mean, and its way back to the picture's size."""

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.38
"""Zhang et al., section 2.3: between the mean (1), which is dull, and the mode (0), patchy."""


def annealed_mean(logits: Tensor, centres: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Take the mean colour of the distribution sharpened by a temperature (equation 5).

    Args:
        logits: (N, Q, h, w).
        centres: (Q, 2) ab of the bins.
        temperature: T above 0; f_T(z) = exp(log(z) / T) / sum exp(log(z) / T).

    Returns:
        (N, 2, h, w) float32 ab.
    """
    shares = torch.softmax(logits.float() / temperature, dim=1)
    return torch.einsum("nqhw,qc->nchw", shares, centres.float())


def enlarge(ab: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge an ab map by bicubic interpolation, which keeps flat areas and edges best.

    Args:
        ab: (N, 2, h, w).
        size: (H, W).

    Returns:
        (N, 2, H, W).
    """
    return functional.interpolate(ab, size, mode="bicubic", align_corners=False)
