"""From logits to colours: the annealed mean, and its way back to the picture's size."""

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.38
"""Zhang et al., section 2.3: between the mean (1), which is dull, and the mode (0), patchy."""

NEGLIGIBLE = -80.0
"""A bin's share of e to this or less is nothing in float32, and below -87 its exponential would be
denormal, which takes seventy times as long."""


def annealed_mean(logits: Tensor, centres: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Take the mean colour of the distribution sharpened by a temperature (equation 5).

    One product gives the mean of the centres and what to divide it by, picture by picture, so that
    what is worked on stays in the processor's cache.

    Args:
        logits: (N, Q, h, w).
        centres: (Q, 2) ab of the bins.
        temperature: T above 0; f_T(z) = exp(log(z) / T) / sum exp(log(z) / T).

    Returns:
        (N, 2, h, w) float32 ab.
    """
    count, _, height, width = logits.shape
    columns = torch.cat([centres.float(), centres.new_ones(len(centres), 1).float()], dim=1)
    ab = torch.empty(count, height, width, 2, device=logits.device)
    for n, picture in enumerate(logits.permute(0, 2, 3, 1)):
        x = picture.float()  # (h, w, Q), contiguous for channels-last
        x = (x - x.amax(-1, keepdim=True)).div_(temperature).clamp_min_(NEGLIGIBLE).exp_()
        sums = x @ columns  # (h, w, 3): weighted a, weighted b, weight
        ab[n] = sums[..., :2] / sums[..., 2:]
    return ab.permute(0, 3, 1, 2)


def enlarge(ab: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge an ab map by bicubic interpolation, which keeps flat areas and edges best.

    Args:
        ab: (N, 2, h, w).
        size: (H, W).

    Returns:
        (N, 2, H, W).
    """
    return functional.interpolate(ab, size, mode="bicubic", align_corners=False)
