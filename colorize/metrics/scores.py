"""Scores of painted pictures, each a pair: what one picture adds, and the score of the sums.

Sums add up over pictures, so a score of any number of them needs no more memory than of one, and a
bootstrap over pictures is sums with other weights. A single picture's score is computed from its
own sums.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.metrics import formulas, ssim
from colorize.metrics.ciede2000 import ciede2000
from colorize.metrics.comparison import CELLS, Comparison

Sums: TypeAlias = NDArray[np.float64]

Criterion: TypeAlias = Literal[
    "auc",
    "auc_balanced",
    "rmse_ab",
    "psnr",
    "psnr_pooled",
    "mse",
    "mae",
    "ssim",
    "ciede2000",
    "histogram_a",
    "histogram_b",
]
"""Scores by which one result is better than another: those of `SCORES` with a direction."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Generic[T]):
    """A number about pictures.

    Attributes:
        title: as a table shows it, unit included.
        higher_is_better: None where neither is, but nearness to the truth's own.
        tolerance: by how much it may get worse before a comparison of runs fails.
        source: who defined it, and how.
        update: what a picture adds: (D,) float64.
        compute: (sums (..., D), number of pictures (...)) -> the score (...).
    """

    title: str
    higher_is_better: bool | None
    tolerance: float
    source: str
    update: Callable[[T], Sums]
    compute: Callable[[Sums, Sums], Sums]

    def best(self, values: Sequence[float]) -> int:
        """Find the place of the best value: of equally good ones, the first."""
        sign = 1 if self.higher_is_better else -1
        return max(range(len(values)), key=lambda place: sign * values[place])


def mean(sums: Sums, pictures: Sums) -> Sums:
    """Mean of pictures of a number each adds."""
    return sums[..., 0] / pictures


def per_picture(value: Callable[[T], float]) -> Callable[[T], Sums]:
    """Make an update of a function that gives a picture's number."""
    return lambda compared: np.array([value(compared)])


def _mean(values: NDArray[np.float32]) -> float:
    """Mean of (n,) numbers, summed in float64; numpy would convert them first."""
    return cv2.sumElems(values)[0] / values.size


def _mean_square(compared: Comparison) -> float:
    """Of RGB in 0..1."""
    rgb = compared.truth.rgb
    return float(cv2.norm(compared.rgb, rgb, cv2.NORM_L2SQR)) / (rgb.size * 255**2)


def _mean_absolute(compared: Comparison) -> float:
    """Of RGB in 0..1."""
    rgb = compared.truth.rgb
    return float(cv2.norm(compared.rgb, rgb, cv2.NORM_L1)) / (rgb.size * 255)


def colourfulness(rgb: NDArray[np.uint8]) -> float:
    """Colourfulness of an (H, W, 3) uint8 picture; 0 is grey, about 100 extremely colourful."""
    red, green, blue = (plane.astype(np.int32) for plane in cv2.split(rgb))
    opponents = (red - green, red + green - 2 * blue)  # the second one is twice yb
    means, variances = [], []
    for plane, scale in zip(opponents, (1, 2), strict=True):
        first = float(plane.sum(dtype=np.int64)) / plane.size
        second = float(np.einsum("ij,ij->", plane, plane, dtype=np.int64)) / plane.size
        means.append(first / scale)
        variances.append(max(second - first * first, 0) / scale**2)
    return math.hypot(*map(math.sqrt, variances)) + 0.3 * math.hypot(*means)


def _by_bin(compared: Comparison) -> Sums:
    """Pixels of each true bin, and then their errors."""
    bins, count = compared.truth.bins, len(compared.truth.table.centres)
    pixels = np.bincount(bins, minlength=count)
    return np.concatenate([pixels, np.bincount(bins, compared.auc_error, minlength=count)])


def _mean_of_bins(sums: Sums, _: Sums) -> Sums:
    pixels, errors = np.split(sums, 2, axis=-1)
    present = pixels > 0
    shares = np.divide(errors, pixels, out=np.zeros_like(errors), where=present)
    balanced: Sums = 100 * (1 - shares.sum(axis=-1) / present.sum(axis=-1))
    return balanced


def _marginals(axis: int) -> Callable[[Comparison], Sums]:
    """Shares of the cells along one axis of the plane: the truth's, and then the painting's."""

    def update(compared: Comparison) -> Sums:
        both = (compared.truth.counts, compared.counts)
        return np.concatenate([counts.sum(axis=1 - axis) / counts.sum() for counts in both])

    return update


def _intersection(sums: Sums, pictures: Sums) -> Sums:
    shared: Sums = np.minimum(sums[..., :CELLS], sums[..., CELLS:]).sum(axis=-1) / pictures
    return shared


SCORES: Mapping[str, Score[Comparison]] = {
    "auc": Score(
        title="AuC, %",
        higher_is_better=True,
        tolerance=0.1,
        source="Zhang et al., section 3.1: area under the curve of ab errors from 0 to 150",
        update=per_picture(lambda c: _mean(c.auc_error)),
        compute=lambda sums, pictures: 100 * (1 - mean(sums, pictures)),
    ),
    "auc_balanced": Score(
        title="balanced AuC, %",
        higher_is_better=True,
        tolerance=0.25,
        source="the same, pixels weighted by the inverse of the test split's own prior of bins",
        update=_by_bin,
        compute=_mean_of_bins,
    ),
    "rmse_ab": Score(
        title="ab RMSE",
        higher_is_better=False,
        tolerance=0.1,
        source="root of the mean of the pictures' mean squared distances in ab",
        update=per_picture(lambda c: _mean(c.squared)),
        compute=lambda sums, pictures: np.sqrt(mean(sums, pictures)),
    ),
    "psnr": Score(
        title="PSNR, dB",
        higher_is_better=True,
        tolerance=0.1,
        source="of RGB in 0..1, mean of pictures; a perfect one counts 100",
        update=per_picture(lambda c: float(formulas.psnr(np.array(_mean_square(c))))),
        compute=mean,
    ),
    "psnr_pooled": Score(
        title="pooled PSNR, dB",
        higher_is_better=True,
        tolerance=0.1,
        source="of the mean squared error of all pictures together",
        update=per_picture(_mean_square),
        compute=lambda sums, pictures: formulas.psnr(mean(sums, pictures)),
    ),
    "mse": Score(
        title="MSE",
        higher_is_better=False,
        tolerance=0.0002,
        source="of RGB in 0..1, mean of pictures",
        update=per_picture(_mean_square),
        compute=mean,
    ),
    "mae": Score(
        title="MAE",
        higher_is_better=False,
        tolerance=0.0005,
        source="of RGB in 0..1, mean of pictures",
        update=per_picture(_mean_absolute),
        compute=mean,
    ),
    "ssim": Score(
        title="SSIM",
        higher_is_better=True,
        tolerance=0.002,
        source="Wang et al. 2004, RGB, flat window of 7 pixels, mean of pictures",
        update=per_picture(lambda c: ssim.ssim(c.truth.moments, c.rgb)),
        compute=mean,
    ),
    "ciede2000": Score(
        title="CIEDE2000",
        higher_is_better=False,
        tolerance=0.1,
        source="Sharma et al. 2005, mean of pixels, then of pictures",
        update=per_picture(lambda c: _mean(ciede2000(c.truth.planes, c.planes))),
        compute=mean,
    ),
    "colourfulness": Score(
        title="colourfulness",
        higher_is_better=None,
        tolerance=0.0,
        source="Hasler and Suesstrunk 2003, of the painting alone, mean of pictures",
        update=per_picture(lambda c: colourfulness(c.rgb)),
        compute=mean,
    ),
    "histogram_a": Score(
        title="histogram of a",
        higher_is_better=True,
        tolerance=0.005,
        source="Isola et al. 2017: intersection with the truth's, pooled, cells of 2; 1 is equal",
        update=_marginals(0),
        compute=_intersection,
    ),
    "histogram_b": Score(
        title="histogram of b",
        higher_is_better=True,
        tolerance=0.005,
        source="likewise",
        update=_marginals(1),
        compute=_intersection,
    ),
}
"""Every score of colours, by its key in the metrics."""
