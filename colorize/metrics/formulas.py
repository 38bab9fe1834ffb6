"""Formulas that several scores share."""

import numpy as np
from numpy.typing import NDArray

AUC_LIMIT = 150.0
"""The error, in units of ab, up to which the curve of the AuC is drawn (Zhang et al., 3.1)."""

MSE_FLOOR = 1e-10
"""Least mean square error in a PSNR: a perfect picture has 100 dB instead of infinitely many."""


def auc_error(squared: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a pixel takes from the AuC, 0..1, by its squared distance in ab.

    The share of pixels with an error of at most t, averaged over t in 0..150, is exactly
    1 - mean(min(error, 150)) / 150; so no threshold is ever applied.
    """
    capped: NDArray[np.float32] = np.minimum(np.sqrt(squared), np.float32(AUC_LIMIT))
    return capped / np.float32(AUC_LIMIT)


def psnr(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio in dB of mean square errors of RGB in 0..1."""
    ratio: NDArray[np.float64] = -10 * np.log10(np.maximum(mse, MSE_FLOOR))
    return ratio
