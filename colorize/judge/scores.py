"""Scores of painted pictures: sums that add up over batches, and what they come to.

Units and directions stand in `SCORES`. Definitions follow Zhang et al., section 3.1, and its
authors' evaluation code; ab errors are Euclidean distances in the ab plane.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from colorize.colour import difference, lab
from colorize.colour.encoding import NeighbourTable

Colourer: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""L (N, H, W) -> ab (N, H, W, 2)."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a number means: its unit, and whether more of it is better."""

    unit: str
    higher_is_better: bool


SCORES: Mapping[str, Score] = {
    "auc": Score("% of the area under the curve of ab errors", True),
    "auc_balanced": Score("the same, every ab bin of the truth counting alike", True),
    "rmse_ab": Score("root mean square distance in ab", False),
    "psnr": Score("dB, RGB in 0..1, mean of pictures", True),
    "mse": Score("RGB in 0..1, mean of pictures", False),
    "mae": Score("RGB in 0..1, mean of pictures", False),
}


class ColourScores:
    """Streams over pictures and keeps nothing but sums.

    Args:
        table: whose bins the balanced AuC is taken over.
    """

    def __init__(self, table: NeighbourTable) -> None:
        self._by_bin = difference.BinErrors(table)
        self._pixels = 0
        self._squared = 0.0
        self._psnr = 0.0
        self._mse = 0.0
        self._mae = 0.0
        self._pictures = 0

    def update(
        self, rgb: NDArray[np.uint8], truth: NDArray[np.float32], ab: NDArray[np.float32]
    ) -> None:
        """Add pictures.

        Args:
            rgb: (N, H, W, 3) uint8, the true pictures.
            truth: (N, H, W, 3) float32, the same in Lab.
            ab: (N, H, W, 2) float32, the painted colours.
        """
        squared = difference.squared_distance(ab, truth[..., 1:])
        self._by_bin.add(truth[..., 1:], difference.auc_error(squared))
        self._pixels += squared.size
        self._squared += float(squared.sum(dtype=np.float64))
        painted = lab.lab_to_rgb(np.concatenate([truth[..., :1], ab], axis=-1))
        mse = difference.mean_square(painted, rgb)  # (N,)
        absolute = np.abs(painted.astype(np.int16) - rgb).reshape(len(rgb), -1).mean(axis=1)
        self._mse += float(mse.sum())
        self._mae += float(absolute.sum()) / 255
        self._psnr += float(difference.psnr(mse).sum())
        self._pictures += len(rgb)

    def compute(self) -> dict[str, float]:
        """Give every score of `SCORES`."""
        return {
            "auc": self._by_bin.auc(),
            "auc_balanced": self._by_bin.auc_balanced(),
            "rmse_ab": float(np.sqrt(self._squared / self._pixels)),
            "psnr": self._psnr / self._pictures,
            "mse": self._mse / self._pictures,
            "mae": self._mae / self._pictures,
        }


def all_grey(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Paint nothing: the floor that every model has to leave below it."""
    return np.zeros((*lightness.shape, 2), np.float32)


def judge(
    batches: Iterable[NDArray[np.uint8]],
    rows: Mapping[str, Colourer],
    table: NeighbourTable,
    *,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> dict[str, dict[str, float]]:
    """Score several ways of colouring on the same pictures.

    Args:
        batches: of (N, H, W, 3) uint8 pictures in their true colours.
        rows: a name for each way, and the way.
        table: see `ColourScores`.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        For each row, every score of `SCORES`.
    """
    scores = {name: ColourScores(table) for name in rows}
    for rgb in batches:
        truth = lab.rgb_to_lab(rgb)
        for name, colourer in rows.items():
            scores[name].update(rgb, truth, colourer(truth[..., 0]))
        on_pictures(len(rgb))
    return {name: score.compute() for name, score in scores.items()}
