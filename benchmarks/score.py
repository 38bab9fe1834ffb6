"""Scoring a painted picture: this project's way against scikit-image's functions, on one core.

Both give AuC, ab RMSE, PSNR, MSE, MAE, SSIM and CIEDE2000 of every picture, from the same 8-bit
pictures. The reference calls scikit-image for each picture and row: ``rgb2lab`` of truth and
painting, ``deltaE_ciede2000``, ``structural_similarity``, ``peak_signal_noise_ratio`` and
``mean_squared_error``. They are run in turns, and their values compared.

    python -m benchmarks.score [ROOT]

ROOT, the current folder if not given, holds the pipeline's quantiser and test split.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from benchmarks import report
from benchmarks.processes import keep_to
from colorize.colour.encoding import NeighbourTable
from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.metrics.comparison import Comparison, Truth
from colorize.metrics.formulas import AUC_LIMIT
from colorize.metrics.scores import SCORES
from colorize.metrics.tally import Tally, alone

RGB = NDArray[np.uint8]
Rows = Mapping[str, RGB]

NAMES = ("auc", "rmse_ab", "psnr", "mse", "mae", "ssim", "ciede2000")
PICTURES = 20
REPEATS = 5
TOLERANCE = 1e-6


def reference(rgb: RGB, painted: RGB) -> dict[str, float]:
    """Score one painting (H, W, 3) uint8 by scikit-image."""
    truth, lab = rgb2lab(rgb), rgb2lab(painted)
    error = np.linalg.norm(lab[..., 1:] - truth[..., 1:], axis=-1)
    capped = np.minimum(error, AUC_LIMIT) / AUC_LIMIT
    first, second = rgb / 255, painted / 255
    return {
        "auc": 100 * (1 - float(capped.mean())),
        "rmse_ab": float(np.sqrt((error**2).mean())),
        "psnr": float(peak_signal_noise_ratio(rgb, painted, data_range=255)),
        "mse": float(mean_squared_error(first, second)),
        "mae": float(np.abs(first - second).mean()),
        "ssim": float(structural_similarity(rgb, painted, channel_axis=2, data_range=255)),
        "ciede2000": float(deltaE_ciede2000(truth, lab).mean()),
    }


def by_reference(rgb: RGB, rows: Rows) -> dict[str, dict[str, float]]:
    """Score all rows of a picture by scikit-image."""
    return {row: reference(rgb, painted) for row, painted in rows.items()}


def ours(rgb: RGB, rows: Rows, table: NeighbourTable) -> dict[str, dict[str, float]]:
    """Score all rows of a picture as the evaluate stage does."""
    scores = {name: SCORES[name] for name in NAMES}
    tally = Tally(scores)
    truth = Truth(rgb, rgb_to_lab(rgb), table)
    return {
        row: alone(scores, tally.vectors(Comparison(truth, painted)))
        for row, painted in rows.items()
    }


def paintings(rgb: RGB, row_count: int) -> Rows:
    """Paintings of a picture: its grey, and that with ever more of the true colours, up to half."""
    grey = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)
    shares = np.linspace(0, 0.5, row_count)
    mixed = (cv2.addWeighted(rgb, share, grey, 1 - share, 0) for share in shares)
    return {f"{share:.2f}": np.asarray(m, np.uint8) for share, m in zip(shares, mixed, strict=True)}


def measure(
    pictures: list[RGB], table: NeighbourTable, row_count: int
) -> tuple[float, float, float]:
    """Seconds a painting of both ways, and the largest relative difference of a row's score."""
    seconds: tuple[list[float], list[float]] = ([], [])
    sums: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]] = (Counter(), Counter())
    for rgb in pictures:
        rows = paintings(rgb, row_count)
        runs: tuple[list[float], list[float]] = ([], [])
        for _ in range(REPEATS):
            start = time.perf_counter()
            expected = by_reference(rgb, rows)
            middle = time.perf_counter()
            found = ours(rgb, rows, table)
            runs[0].append(middle - start)
            runs[1].append(time.perf_counter() - middle)
        for way, run in zip(seconds, runs, strict=True):
            way.append(min(run) / row_count)
        for total, by_row in zip(sums, (expected, found), strict=True):
            for row, scores in by_row.items():
                total.update({(row, name): value for name, value in scores.items()})
    apart = max(abs(sums[1][key] - value) / abs(value) for key, value in sums[0].items())
    return median(seconds[0]), median(seconds[1]), apart


def main(root: Path) -> None:
    """Measure both ways, for a single row and for as many as evaluate has, and write it down."""
    cv2.setNumThreads(1)
    test = ShardReader(root / "data" / "resized", "test")
    table = Quantiser.load(root / "data" / "quantiser.npz").table
    pictures = [np.array(test[number]) for number in range(min(PICTURES, len(test)))]
    rows = []
    for count in (1, 9):
        theirs, own, apart = measure(pictures, table, count)
        if apart > TOLERANCE:
            raise SystemExit(f"the scores differ by {apart:.2g} of their value")
        rows.append(
            {
                "paintings of each picture": count,
                "scikit-image, ms a painting": f"{1000 * theirs:.1f}",
                "ours, ms a painting": f"{1000 * own:.1f}",
                "times as fast (higher is better)": f"{theirs / own:.1f}",
                "largest relative difference of a score": f"{apart:.0e}",
            }
        )
    text = (
        f"{len(pictures)} pictures of {test.side} pixels, {', '.join(NAMES)}, on one core; median "
        f"of pictures, fastest of {REPEATS} runs each, the two ways in turns.\n\n"
        f"{report.table(rows)}"
    )
    report.write_section("Scoring a painting", text)
    print(text)


if __name__ == "__main__":
    keep_to(1)
    main(Path(*sys.argv[1:]))
