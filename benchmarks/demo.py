"""Manga pages and a book of them, to try the painter on: drawn here, inked, with balloons.

    python -m benchmarks.demo OUT

The pages tell of the same characters and are the same every time; no page of a training is among
them, as they are drawn by another seed.
"""

import io
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
from colorize.sources.panels import series
from colorize.sources.panels.series import Page

SEED = 14
PAGES, CHARACTERS = 4, 4
WIDTH, HEIGHT = 1200, 1698
UNIT = 2.2
"""Width of a thin line in pixels: panels are seen larger than the pictures of a training."""
INKING = InkingParams(
    panel_chance=0,  # the page has gutters of its own
    balloon_chance=0.85,
    balloon_size=(0.16, 0.34),
    most_balloons=2,
    effect_chance=0.15,
    scan_chance=0,
    wash=0,  # print has screens, no even greys
    pitch=(1.5, 3.5),
    pattern_chance=0.03,
)


def inked(page: Page, inker: Inker, number: int) -> NDArray[np.uint8]:
    """Ink a page panel by panel: (H, W) uint8, white gutters and black borders included."""
    out = np.full(page.rgb.shape[:2], 255, np.uint8)
    for place, frame in enumerate(page.frames):
        art = np.ascontiguousarray(page.rgb[frame.rows, frame.columns])
        made = inker.ink(art, [SEED, number, place], unit=UNIT)
        out[frame.rows, frame.columns] = made.page
    series.border(out, page.frames)
    return out


def pages(count: int) -> Iterator[tuple[Page, NDArray[np.uint8]]]:
    """Draw coloured pages, each with the inked page made of it."""
    inker = Inker(INKING)
    drawn = series.series(seed=SEED, pages=count, characters=CHARACTERS, width=WIDTH, height=HEIGHT)
    for number, page in enumerate(drawn):
        yield page, inked(page, inker, number)


def main(out: Path) -> None:
    """Write ``OUT/pages/page-N.png`` and ``OUT/book.cbz``."""
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        for number, (_, page) in enumerate(pages(PAGES), 1):
            png = io.BytesIO()
            Image.fromarray(page).save(png, "PNG")
            name = f"page-{number}.png"
            files.write_bytes(out / "pages" / name, png.getvalue())
            archive.writestr(zipfile.ZipInfo(name), png.getvalue())
    files.write_bytes(out / "book.cbz", book.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
