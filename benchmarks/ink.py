"""Making a manga page of a coloured picture: processor time a picture, on one core, by part.

    python -m benchmarks.ink [ROOT]

ROOT, the current folder if not given, holds the pipeline's test split. Pictures are inked in turns;
of each picture and part the fastest of some runs counts, and its mean over the pictures is given.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from colorize.data.shards import ShardReader
from colorize.inking import foreign, layer, lines, regions, tones
from colorize.inking.page import Inker

SIDES = (176, 256)
PICTURES = 24
REPEATS = 7
PAGE = (1700, 1200)

RGB = NDArray[np.uint8]


def fastest(work: Callable[[], object], repeats: int) -> float:
    """Milliseconds of processor time that the fastest of some calls takes."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def parts(inker: Inker, rgb: RGB, number: int, repeats: int) -> dict[str, float]:
    """Time the parts that one picture's page is made of, and others beside them."""
    found = regions.segment(rgb)
    pen = lines.Pen.draw(np.random.default_rng(number), inker.params.blend)
    made = inker.ink(rgb, [number])
    levels = layer.levelled(made.page)
    ways: dict[str, Callable[[], object]] = {
        "a toned page": lambda: inker.ink(rgb, [number]),
        "of it regions": lambda: regions.segment(rgb),
        "of it lines": lambda: lines.extract(rgb, found, pen),
        "of it tones": lambda: tones.lay(
            found, np.random.default_rng(number), inker.params, inker.screens
        ),
        "a page of lines": lambda: inker.ink(rgb, [number], kind="lines"),
        "a foreign page": lambda: foreign.ink(rgb, [number]),
        "the layer's target": lambda: layer.fit(made.target, levels),
    }
    return {name: fastest(work, repeats) for name, work in ways.items()}


def measure(inker: Inker, pictures: list[RGB], repeats: int) -> dict[str, float]:
    """Average all parts over pictures."""
    found = [parts(inker, rgb, number, repeats) for number, rgb in enumerate(pictures)]
    return {name: float(np.mean([times[name] for times in found])) for name in found[0]}


def main(root: Path) -> None:
    """Measure and write the section."""
    cv2.setNumThreads(1)
    test = ShardReader(root / "data" / "resized", "test")
    pictures = [test[n * len(test) // PICTURES] for n in range(PICTURES)]
    inker = Inker()
    columns = {
        f"{side} pixels": measure(
            inker, [np.ascontiguousarray(p[:side, :side]) for p in pictures], REPEATS
        )
        for side in SIDES
    }
    tiles = [-(-length // test.side) for length in PAGE]
    page = np.tile(pictures[0], (*tiles, 1))[: PAGE[0], : PAGE[1]]
    columns[f"{PAGE[1]} x {PAGE[0]}"] = measure(inker, [page], 3)
    names = next(iter(columns.values()))
    rows = [
        {"ms": name, **{size: f"{times[name]:.1f}" for size, times in columns.items()}}
        for name in names
    ]
    built = fastest(Inker, 3)
    report.write_section(
        "Making manga pages",
        f"{PICTURES} pictures of the test split, on one core; processor time of the fastest of "
        f"{REPEATS} runs. The screens are made once, in {built / 1e3:.1f} s.\n\n"
        f"{report.table(rows)}",
    )


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
