"""Manga pages and a book of them, to try the painter on: drawn here, inked, with balloons.

    python -m benchmarks.demo OUT

The pages tell of the same characters and are the same every time; no page of a training is among
them, as they are drawn by another seed. Hints name the true colours of their larger parts.
"""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorize import files
from colorize.inking.page import Inker
from colorize.inking.params import InkingParams
from colorize.inking.regions import segment
from colorize.judge.hinted import widest
from colorize.paint.hints import hexadecimal
from colorize.sources.panels import series
from colorize.sources.panels.series import Page

SEED = 15
PAGES, CHARACTERS = 4, 4
Mask = NDArray[np.bool_]
WIDTH, HEIGHT = 1200, 1698
UNIT = 2.2
"""Width of a thin line in pixels: panels are seen larger than the pictures of a training."""
INKING = InkingParams(
    panel_chance=0,  # the page has gutters of its own
    balloon_chance=0.85,
    effect_chance=0.15,
    scan_chance=0,
    wash=0,  # print has screens, no even greys
    pitch=(1.5, 3.5),
    hatch_chance=0.03,  # most screens are of dots
    pattern_chance=0,
)

MOST = 60
"""Hints of a page."""
WIDE = 8
"""Pixels from a hint to the edge of its region, at least."""
DARK = 60
"""Largest 8-bit value of a colour that nobody would name: ink gives it."""


def inked(page: Page, inker: Inker, number: int) -> tuple[NDArray[np.uint8], Mask]:
    """Ink a page panel by panel.

    Returns:
        (H, W) uint8, white gutters and black borders included; and where no balloon covers the art.
    """
    out = np.full(page.rgb.shape[:2], 255, np.uint8)
    shown = np.zeros(out.shape, bool)
    for place, frame in enumerate(page.frames):
        art = np.ascontiguousarray(page.rgb[frame.rows, frame.columns])
        made = inker.ink(art, [SEED, number, place], unit=UNIT)
        out[frame.rows, frame.columns] = made.page
        shown[frame.rows, frame.columns] = ~made.balloon
    series.border(out, page.frames)
    return out, shown


def pages(count: int) -> Iterator[tuple[Page, NDArray[np.uint8], Mask]]:
    """Draw coloured pages, each with the inked page made of it, and where that shows art."""
    inker = Inker(INKING)
    drawn = series.series(seed=SEED, pages=count, characters=CHARACTERS, width=WIDTH, height=HEIGHT)
    for number, page in enumerate(drawn):
        yield page, *inked(page, inker, number)


def hints(page: Page, print_: NDArray[np.uint8], art: Mask, name: str) -> list[dict[str, object]]:
    """Name the colours of a page's larger regions, as a hints file does.

    Args:
        page: coloured.
        print_: (H, W) uint8, the same page inked.
        art: (H, W), where no balloon covers it.
        name: of its file.
    """
    height, width = print_.shape
    regions = segment(page.rgb, unit=UNIT)
    white = art & (print_ > 250) & (page.rgb.max(axis=2) > DARK)
    found: list[dict[str, object]] = []
    for number in np.argsort(-regions.area, kind="stable")[: 3 * MOST].tolist():
        row, column, depth = widest((regions.number == number) & white)
        if depth < WIDE:
            continue
        place = {"x": (column + 0.5) / width, "y": (row + 0.5) / height}
        found.append({"page": name, **place, "color": hexadecimal(page.rgb[row, column])})
    return found[:MOST]


def main(out: Path) -> None:
    """Write ``OUT/pages/page-N.png``, ``OUT/book.cbz`` and ``OUT/hints.json``."""
    book = io.BytesIO()
    told: list[dict[str, object]] = []
    with zipfile.ZipFile(book, "w") as archive:
        for number, (coloured, page, art) in enumerate(pages(PAGES), 1):
            png = io.BytesIO()
            Image.fromarray(page).save(png, "PNG")
            name = f"page-{number}.png"
            files.write_bytes(out / "pages" / name, png.getvalue())
            archive.writestr(zipfile.ZipInfo(name), png.getvalue())
            told += hints(coloured, page, art, name)
    files.write_bytes(out / "hints.json", json.dumps({"hints": told}, indent=1).encode())
    files.write_bytes(out / "book.cbz", book.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
