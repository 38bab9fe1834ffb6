"""How far painted colours are from the true ones, picture by picture."""

import numpy as np
from numpy.typing import NDArray

from colorize.colour.encoding import NeighbourTable

AUC_LIMIT = 150.0
"""The error, in units of ab, up to which the curve of the AuC is drawn (Zhang et al., 3.1)."""

MSE_FLOOR = 1e-10
"""A perfect picture's mean square error is taken for this, 100 dB, lest the PSNR be infinite."""


def squared_distance(ab: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared Euclidean distance in the ab plane: two (..., 2) -> (...)."""
    offset = ab - truth
    distance: NDArray[np.float32] = np.einsum("...i,...i->...", offset, offset)
    return distance


def auc_error(squared: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a pixel takes from the AuC, 0..1, by its squared distance in ab.

    The share of pixels with an error of at most t, averaged over t in 0..150, is exactly
    1 - mean(min(error, 150)) / 150; so no threshold is ever applied.
    """
    capped: NDArray[np.float32] = np.minimum(np.sqrt(squared), np.float32(AUC_LIMIT))
    return capped / np.float32(AUC_LIMIT)


class BinErrors:
    """Sums what `auc_error` gives by the ab bin of the true colour.

    Args:
        table: whose bins are told apart.
    """

    def __init__(self, table: NeighbourTable) -> None:
        self._table = table
        self._pixels = np.zeros(len(table.centres))
        self._errors = np.zeros(len(table.centres))

    def add(self, truth: NDArray[np.float32], error: NDArray[np.float32]) -> None:
        """Add pixels: true ab (..., 2) and their errors (...)."""
        bins = self._table.nearest(truth).ravel()
        self._pixels += np.bincount(bins, minlength=len(self._pixels))
        self._errors += np.bincount(bins, error.ravel(), minlength=len(self._pixels))

    def auc(self) -> float:
        """AuC in %, every pixel counting alike."""
        return 100 * (1 - float(self._errors.sum() / self._pixels.sum()))

    def auc_balanced(self) -> float:
        """AuC in %, every bin counting alike that occurs in the true pictures.

        This is to weigh their pixels by the inverse of their own prior (Zhang et al., section 3.1).
        """
        present = self._pixels > 0
        return 100 * (1 - float((self._errors[present] / self._pixels[present]).mean()))


def mean_square(painted: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean square error of RGB in 0..1 for each picture: two (N, H, W, 3) uint8 -> (N,)."""
    difference = (painted.astype(np.int16) - rgb).reshape(len(rgb), -1).astype(np.float32)
    total: NDArray[np.float64] = np.einsum("ni,ni->n", difference, difference, dtype=np.float64)
    return total / (difference.shape[1] * 255**2)


def psnr(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio in dB of mean square errors of RGB in 0..1."""
    ratio: NDArray[np.float64] = -10 * np.log10(np.maximum(mse, MSE_FLOOR))
    return ratio
