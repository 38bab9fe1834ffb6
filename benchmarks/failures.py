"""A picture of failures for the model card: the drawn panels that the shipped weights paint worst.

Pages of six panels are drawn, made grey and inked, and painted. Of each kind the panels with the
largest mean CIEDE2000 to the truth are shown: the page, the painting and the truth.

    python -m benchmarks.failures [ROOT]

Writes ``docs/card-failures.png`` and ``weights/metrics/failures.csv`` in ROOT, the current folder
if not given.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import demo, scale
from colorize import files
from colorize.inking.page import Inker
from colorize.paint import inked
from colorize.paint.painter import Painter

PICTURE = Path("docs", "card-failures.png")
SCORES = Path("weights", "metrics", "failures.csv")
LAYOUT = "6"
PAGES = 4
SHOWN = 3
"""Panels of each kind."""
LEAST_ART = 0.2
"""Share of a panel that is art, at least: the score of less says little."""
HEIGHT, GAP = 190, 6
"""Of a panel in the picture, and between panels, in pixels."""
COLOURS = 128
"""Of the palette of the picture, which keeps it small."""

RGB = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Failure:
    """A painted panel.

    Attributes:
        kind: of page.
        psnr: in dB, over the art.
        ciede2000: likewise, the mean.
        unpainted: mean CIEDE2000 of the panel as it is.
        views: the panel, its painting and the truth, each (H, W, 3).
    """

    kind: inked.Kind
    psnr: float
    ciede2000: float
    unpainted: float
    views: tuple[RGB, RGB, RGB]


def panels(painter: Painter, inker: Inker, kind: inked.Kind) -> Iterator[Failure]:
    """Paint all pages of a kind and score them panel by panel."""
    for number in range(PAGES):
        page = scale.drawn(LAYOUT, number, kind, inker)
        painted = painter.paint(page.rgb)
        height, width = page.art.shape
        for frame in scale.frames(*scale.LAYOUTS[LAYOUT], width, height):
            where = frame.rows, frame.columns
            part = scale.Page(page.rgb[where], page.truth[where], page.art[where])
            if part.art.mean() < LEAST_ART:
                continue
            psnr, apart = scale.score(painted[where], part)
            _, unpainted = scale.score(part.rgb, part)
            yield Failure(kind, psnr, apart, unpainted, (part.rgb, painted[where], part.truth))


def worst(failures: Iterator[Failure]) -> list[Failure]:
    """The `SHOWN` panels with the largest CIEDE2000, the worst first."""
    return sorted(failures, key=lambda failure: -failure.ciede2000)[:SHOWN]


def sheet(failures: list[Failure]) -> RGB:
    """Lay panels out, a row for each: page, painting, truth."""
    drawn = [
        [
            cv2.resize(
                view,
                (round(HEIGHT * view.shape[1] / view.shape[0]), HEIGHT),
                interpolation=cv2.INTER_AREA,
            )
            for view in failure.views
        ]
        for failure in failures
    ]
    wide = max(view.shape[1] for row in drawn for view in row)
    out = np.full((len(drawn) * (HEIGHT + GAP) - GAP, 3 * (wide + GAP) - GAP, 3), 255, np.uint8)
    for place, row in enumerate(drawn):
        for column, view in enumerate(row):
            top, left = place * (HEIGHT + GAP), column * (wide + GAP)
            out[top : top + HEIGHT, left : left + view.shape[1]] = view
    return out


def main(root: Path) -> None:
    """Write the picture and its scores."""
    inker = Inker(demo.INKING)
    model = Painter.load().model
    kinds: tuple[inked.Kind, ...] = ("grey", "ink")
    found = [
        failure
        for kind in kinds
        for failure in worst(panels(Painter(model, domain=kind), inker, kind))
    ]
    png = io.BytesIO()
    Image.fromarray(sheet(found)).quantize(COLOURS).save(png, "PNG", optimize=True)
    files.write_bytes(root / PICTURE, png.getvalue())
    rows = (
        {
            "row": number,
            "pages": failure.kind,
            "psnr": f"{failure.psnr:.6g}",
            "ciede2000": f"{failure.ciede2000:.6g}",
            "unpainted": f"{failure.unpainted:.6g}",
        }
        for number, failure in enumerate(found, 1)
    )
    files.write_table(root / SCORES, rows)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
