"""Painting a page of 1200 x 1700 pixels: this project's way against others, by the same network.

- ``313 planes``: the network in float32; the probabilities of all bins are enlarged to the size of
  the page, and the annealed mean is taken there.
- ``2 planes``: as the authors' release paints (richzhang/colorization, ``eccv16.py`` and
  ``util.py``): the network in float32, the mean at the head's size; its two ab planes are enlarged
  bilinearly to the network's input and again to the page. Colours out of gamut are clipped.
- ``2 planes, mixed into gamut``: the same, but such colours are mixed with grey, as ours are.
- ``2 planes, mixed into gamut, autocast``: the same, the network in bfloat16 and channels-last.
- ``ours``: regions, paper and printed black among it.
- ``ours, each panel``: all that the command does: the network sees each panel at that size, too.

All others see the page at the same size, and all convert colours with the same functions. Each way
runs in a process of its own, so that its peak of memory is its own, in turns.

    python -m benchmarks.paint [ROOT]

ROOT, the current folder if not given, holds the pipeline's model and its test split. Where
`benchmarks.recipes` has left a model of eccv16, that is measured too; otherwise an untrained one of
the same size stands in for it, of which the time alone is given.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks import recipes, report
from benchmarks.processes import CLOCK, CORES, Measured, in_a_process, now, peak_gib, run
from colorize.colour import lab
from colorize.colour.gamut import bin_centres
from colorize.data.shards import ShardReader
from colorize.metrics import formulas
from colorize.model.decode import annealed_mean
from colorize.model.weights import Model
from colorize.paint.painter import Painter

RGB = NDArray[np.uint8]

WIDTH, HEIGHT = 1200, 1700
ACROSS, DOWN = 2, 3
GUTTER = 20
PAGES = 4
REPEATS = 5
ROUNDS = 3
"""Turns of all ways, so that a busy moment of the machine does not hit one of them alone."""


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


def _seen(model: Model, lightness: NDArray[np.float32]) -> Tensor:
    """L (1, 1, H, W) of a page as every way shows it to the network."""
    multiple = model.recipe.side_multiple
    scale = model.side / min(lightness.shape)
    width, height = (round(n * scale / multiple) * multiple for n in lightness.shape[::-1])
    seen = cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(seen)[None, None]


@torch.inference_mode()
def all_planes(model: Model, rgb: RGB) -> RGB:
    """Paint (H, W, 3) uint8 by planes of all bins."""
    lightness = lab.rgb_to_lab(rgb)[..., 0]
    logits = model.network(_seen(model, lightness))
    shares = functional.interpolate(
        torch.softmax(logits, dim=1), lightness.shape, mode="bilinear", align_corners=False
    )
    sharp = torch.softmax(torch.log(shares) / model.temperature, dim=1)  # (1, Q, H, W)
    ab = torch.einsum("nqhw,qc->hwc", sharp, model.centres.float()).numpy()
    return lab.lab_to_rgb(np.dstack([lightness, ab]))


@torch.inference_mode()
def two_planes(model: Model, rgb: RGB, *, into_gamut: bool = False, mixed: bool = False) -> RGB:
    """Paint (H, W, 3) uint8 by planes of a and b, as the authors' release does."""
    lightness = lab.rgb_to_lab(rgb)[..., 0]
    seen = _seen(model, lightness)
    if mixed:
        seen = seen.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        logits = model.network(seen)
    small = annealed_mean(logits, model.centres, model.temperature)
    bilinear = partial(functional.interpolate, mode="bilinear", align_corners=False)
    ab = bilinear(bilinear(small, seen.shape[2:]), lightness.shape)[0].permute(1, 2, 0).numpy()
    return lab.lab_to_rgb(np.dstack([lightness, ab]), keep_lightness=into_gamut)


def ours(model: Model, rgb: RGB) -> RGB:
    """Paint (H, W, 3) uint8 as the command does, with a page seen at the model's own size."""
    return Painter(model, side=model.side).paint(rgb)


def by_panel(model: Model, rgb: RGB) -> RGB:
    """Paint (H, W, 3) uint8 as the command does."""
    return Painter(model).paint(rgb)


BY_PANEL = "ours, each panel"
WAYS: dict[str, Callable[[Model, RGB], RGB]] = {
    "313 planes": all_planes,
    "2 planes": two_planes,
    "2 planes, mixed into gamut": partial(two_planes, into_gamut=True),
    "2 planes, mixed into gamut, autocast": partial(two_planes, into_gamut=True, mixed=True),
    "ours": ours,
    BY_PANEL: by_panel,
}
HONEST = "2 planes, mixed into gamut, autocast"
"""The way that headlines compare with."""


def default_model(root: Path) -> Model:
    """The pipeline's model."""
    return Model.load(root / "models" / "colorizer.safetensors")


def eccv16_model(root: Path) -> tuple[Model, bool]:
    """The model of eccv16 to compare with, and whether it is trained."""
    path = recipes.model_path(root, "eccv16")
    if path.exists():
        return Model.load(path), True
    width = recipes.TRAININGS["eccv16"].width
    side = default_model(root).side
    model = Model.build("eccv16", width=width, centres=bin_centres(), side=side, params={}, seed=0)
    model.network.eval()
    return model, False


def measure(way: str, root: Path) -> Measured:
    """Measure ``<model>/<way>`` in this process: ``default`` or ``eccv16``.

    Returns:
        Seconds of the fastest page, peak GiB, mean PSNR in dB (NaN of an untrained network).
    """
    name, _, chosen = way.partition("/")
    model, trained = (default_model(root), True) if name == "default" else eccv16_model(root)
    paint = partial(WAYS[chosen], model)
    seconds, psnr = [], []
    for truth in pages(root):
        scan = grey(truth)
        start = now()
        painted = paint(scan)
        seconds.append(now() - start)
        mse = np.mean((painted / 255 - truth / 255) ** 2)
        psnr.append(float(formulas.psnr(np.asarray(mse))))
    peak = peak_gib()
    for _ in range(REPEATS - len(seconds)):
        start = now()
        paint(scan)
        seconds.append(now() - start)
    return {"seconds": min(seconds), "gib": peak, "psnr": mean(psnr) if trained else math.nan}


def main(root: Path) -> None:
    """Measure all ways and write the section."""
    ways = [*(f"default/{way}" for way in WAYS), f"eccv16/{HONEST}", "eccv16/ours"]
    found: dict[str, Measured] = {}
    for turn in range(ROUNDS):
        for way in ways[1:] if turn else ways:  # the first one takes long, and one turn is enough
            measured = in_a_process(__spec__.name, str(root), way)
            seconds = min(measured["seconds"], found.get(way, measured)["seconds"])
            found[way] = {**measured, "seconds": seconds}
    model = default_model(root)
    old, trained = eccv16_model(root)
    names = {"default": model.recipe.name, "eccv16": "eccv16"}
    rows = [
        {
            "network": names[way.partition("/")[0]],
            "way": way.partition("/")[2],
            "seconds a page": f"{numbers['seconds']:.2f}",
            "peak memory, GiB": f"{numbers['gib']:.2f}",
            "PSNR, dB (higher is better)": "-"
            if math.isnan(numbers["psnr"])
            else f"{numbers['psnr']:.2f}",
        }
        for way, numbers in found.items()
    ]
    own, honest, most = (found[f"default/{way}"] for way in ("ours", HONEST, "313 planes"))
    before = found["eccv16/ours"]
    panels = found[f"default/{BY_PANEL}"]
    better = f" and {own['psnr'] - before['psnr']:+.2f} dB" if trained else ""
    text = (
        f"A page of {WIDTH} x {HEIGHT} pixels made of {ACROSS * DOWN} pictures of the test split, "
        f"on {CORES} cores; {CLOCK}; fastest of {ROUNDS * REPEATS} runs, PSNR "
        f"against the true colours of {PAGES} pages. The networks: {report.describe(model)}; "
        f"{report.describe(old)}"
        f"{'' if trained else ', in shape only'}.\n\n{report.table(rows)}\n\n"
        f"Ours is **{honest['seconds'] / own['seconds']:.2f} times as fast** as the authors' way "
        f"in bfloat16, mixed into gamut, with **{own['psnr'] - honest['psnr']:+.2f} dB** and "
        f"{own['gib'] / honest['gib']:.2f} times the memory; "
        f"{most['seconds'] / own['seconds']:.1f} times as fast as the way of 313 planes with 1 / "
        f"{most['gib'] / own['gib']:.0f} of the memory. With {names['default']} a page takes "
        f"**{own['seconds'] / before['seconds']:.2f} times** as long as with eccv16{better}. "
        f"With a look at each panel it takes {panels['seconds'] / own['seconds']:.2f} times as "
        f"long as without, with {panels['psnr'] - own['psnr']:+.2f} dB."
    )
    report.write_section("Painting a page", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
