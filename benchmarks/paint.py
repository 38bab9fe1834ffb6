"""Painting a page of 1200 x 1700 pixels: this project's way against the straightforward one.

The straightforward way runs the network in float32, enlarges the probabilities of all bins to the
size of the page, takes the annealed mean there, and converts the whole page at once. Both see the
page at the same size. Each way runs in a process of its own, so that its peak of memory is its own.

    python -m benchmarks.paint [ROOT]

ROOT, the current folder if not given, holds the pipeline's model and its test split.
"""

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmarks import report
from benchmarks.processes import CORES, in_a_process, run
from colorize.colour import lab
from colorize.data.shards import ShardReader
from colorize.metrics import formulas
from colorize.model.decode import TEMPERATURE
from colorize.model.weights import Model
from colorize.paint.painter import Painter

RGB = NDArray[np.uint8]

WIDTH, HEIGHT = 1200, 1700
ACROSS, DOWN = 2, 3
GUTTER = 20
PAGES = 4
REPEATS = 5

WAYS = ("straightforward", "ours")


def pages(root: Path) -> Iterator[RGB]:
    """Lay the pictures of the test split out on pages: (H, W, 3) uint8 in their true colours."""
    pictures = ShardReader(root / "data" / "resized", "test")
    side = min((WIDTH - GUTTER) // ACROSS, (HEIGHT - GUTTER) // DOWN) - GUTTER
    panels = ACROSS * DOWN
    for number in range(min(PAGES, len(pictures) // panels)):
        page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        for panel in range(panels):
            row, column = divmod(panel, ACROSS)
            top, left = (GUTTER + place * (side + GUTTER) for place in (row, column))
            picture = pictures[number * panels + panel]
            page[top : top + side, left : left + side] = cv2.resize(
                picture, (side, side), interpolation=cv2.INTER_CUBIC
            )
        yield page


def grey(page: RGB) -> RGB:
    """The page as a grey scan: (H, W, 3) uint8 of the same L."""
    lightness = lab.rgb_to_lab(page)[..., 0]
    return lab.lab_to_rgb(np.dstack([lightness, np.zeros((*lightness.shape, 2), np.float32)]))


def straightforward(root: Path) -> Callable[[RGB], RGB]:
    """Make the function that paints (H, W, 3) uint8 in the straightforward way."""
    model = Model.load(_model(root))
    multiple = model.recipe.side_multiple

    @torch.inference_mode()
    def paint(rgb: RGB) -> RGB:
        lightness = lab.rgb_to_lab(rgb)[..., 0]
        scale = model.side / min(lightness.shape)
        width, height = (round(n * scale / multiple) * multiple for n in lightness.shape[::-1])
        seen = cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA)
        logits = model.network(torch.from_numpy(seen)[None, None])
        shares = functional.interpolate(
            torch.softmax(logits, dim=1), lightness.shape, mode="bilinear", align_corners=False
        )
        sharp = torch.softmax(torch.log(shares) / TEMPERATURE, dim=1)  # (1, Q, H, W)
        ab = torch.einsum("nqhw,qc->hwc", sharp, model.centres.float()).numpy()
        return lab.lab_to_rgb(np.dstack([lightness, ab]))

    return paint


def ours(root: Path) -> Callable[[RGB], RGB]:
    """Make the function that paints (H, W, 3) uint8 as the command does."""
    return Painter.load(_model(root)).paint


def _model(root: Path) -> Path:
    return root / "models" / "colorizer.safetensors"


def measure(way: str, root: Path) -> dict[str, float]:
    """Paint every page in this process: seconds of the fastest, peak GiB, mean PSNR in dB."""
    paint = {"straightforward": straightforward, "ours": ours}[way](root)
    seconds, psnr = [], []
    for truth in pages(root):
        scan = grey(truth)
        start = time.perf_counter()
        painted = paint(scan)
        seconds.append(time.perf_counter() - start)
        mse = np.mean((painted / 255 - truth / 255) ** 2)
        psnr.append(float(formulas.psnr(np.asarray(mse))))
    for _ in range(REPEATS - len(seconds)):
        start = time.perf_counter()
        paint(scan)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": min(seconds), "gib": peak, "psnr": mean(psnr)}


def main(root: Path) -> None:
    """Measure both ways and write the section."""
    measured = {way: in_a_process(__spec__.name, str(root), way) for way in WAYS}
    rows = [
        {
            "way": way,
            "seconds a page": f"{numbers['seconds']:.2f}",
            "peak memory, GiB": f"{numbers['gib']:.2f}",
            "PSNR, dB (higher is better)": f"{numbers['psnr']:.2f}",
        }
        for way, numbers in measured.items()
    ]
    theirs, own = (measured[way] for way in WAYS)
    text = (
        f"A page of {WIDTH} x {HEIGHT} pixels made of {ACROSS * DOWN} pictures of the test split, "
        f"on {CORES} cores, by {report.describe(Model.load(_model(root)))}; fastest of {REPEATS} "
        f"runs, PSNR against the true colours of {PAGES} pages.\n\n{report.table(rows)}\n\n"
        f"**{theirs['seconds'] / own['seconds']:.1f} times as fast** with "
        f"**1/{theirs['gib'] / own['gib']:.0f} of the memory** and "
        f"**{own['psnr'] - theirs['psnr']:+.2f} dB**."
    )
    report.write_section("Painting a page", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
