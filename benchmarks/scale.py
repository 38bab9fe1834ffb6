"""What it gains to let the network look at each panel at a size of its own.

Pages of few large panels and of many small ones are drawn in colour, made grey and inked, and
painted at fixed sizes of the page and panel by panel. Scores are taken over the art: pixels inside
panels that are neither ink nor paper.

    python -m benchmarks.scale [MODEL [PAGES]]

MODEL is a model's file or the name of shipped weights, the default ones if not given. PAGES is how
many pages of each layout are drawn, 2 if not given.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from benchmarks import demo, report
from benchmarks.paint import grey
from colorize.colour import lab
from colorize.inking.page import Inker
from colorize.metrics import formulas
from colorize.metrics.ciede2000 import ciede2000
from colorize.model.weights import Model
from colorize.paint import inked
from colorize.paint.painter import Painter
from colorize.sources.panels import panel, series
from colorize.sources.panels.layouts import Frame
from colorize.weights import registry

SEED = 16
LAYOUTS = {"2 large": (2, 1), "6": (3, 2), "16 small": (4, 4)}
"""Rows and columns of panels."""
SIDES = (160, 256, 400, 640)
"""Fixed sizes: short sides of a page in pixels."""
PANELWISE = "each panel"
SEEN, PSNR, APART = "short side seen, pixels", "PSNR, dB (higher is better)", "CIEDE2000"
MARGIN, GUTTER = 0.03, 0.02
"""Of the page, and between panels, in its widths."""
EVERY = 2
"""Rows and columns of pixels of which one is judged."""

RGB = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Page:
    """A page to paint, and what it should look like.

    Attributes:
        rgb: (H, W, 3), grey or inked.
        truth: (H, W, 3).
        art: (H, W), where colours are judged.
    """

    rgb: RGB
    truth: RGB
    art: Mask


def frames(rows: int, columns: int, width: int, height: int) -> list[Frame]:
    """Divide a page evenly into panels."""
    margin, gutter = round(MARGIN * width), round(GUTTER * width)
    tall = (height - 2 * margin - (rows - 1) * gutter) // rows
    wide = (width - 2 * margin - (columns - 1) * gutter) // columns
    return [
        Frame(margin + row * (tall + gutter), margin + column * (wide + gutter), tall, wide)
        for row in range(rows)
        for column in range(columns)
    ]


def drawn(
    layout: str, number: int, kind: inked.Kind, inker: Inker, *, width: int | None = None
) -> Page:
    """Draw a page, the same in each kind.

    Args:
        layout: one of `LAYOUTS`.
        number: another one gives another page.
        kind: ``grey``, the lightness of the coloured page; ``ink``, inked panel by panel.
        inker: makes inked panels.
        width: of the page in pixels; that of `demo` if not given.
    """
    width = width or demo.WIDTH
    height = round(width * demo.HEIGHT / demo.WIDTH)
    truth = np.full((height, width, 3), 255, np.uint8)
    art = np.zeros((height, width), bool)
    page = truth.copy()
    laid = frames(*LAYOUTS[layout], width, height)
    for place, frame in enumerate(laid):
        where = frame.rows, frame.columns
        random = Random(f"scale-{SEED}-{layout}-{number}-{place}")  # noqa: S311  # no secret
        rgb = panel.draw(random, aspect=frame.width / frame.height).rgb(frame.height)
        if kind == "ink":
            made = inker.ink(rgb, [SEED, number, place], unit=demo.UNIT * width / demo.WIDTH)
            truth[where], art[where] = made.target, made.art
            page[where] = made.page[..., None]
        else:
            truth[where], art[where] = rgb, True
            page[where] = grey(rgb)
    for plane in (truth, page):
        series.border(plane, laid)
    return Page(page, truth, art)


def score(painted: RGB, page: Page) -> tuple[float, float]:
    """Give PSNR in dB and mean CIEDE2000 of a painted page (H, W, 3) over its art."""
    judged = np.zeros_like(page.art)
    judged[::EVERY, ::EVERY] = page.art[::EVERY, ::EVERY]
    one, other = painted[judged], page.truth[judged]
    mse = np.mean((one / 255 - other / 255) ** 2)
    apart = ciede2000(lab.rgb_to_planes(one), lab.rgb_to_planes(other))
    return float(formulas.psnr(np.asarray(mse))), float(apart.mean())


def ways(model: Model, kind: inked.Kind) -> dict[str, Painter]:
    """Give painters of pages of a kind, by how they see a page."""
    fixed = {f"{side}": Painter(model, domain=kind, side=side, brightness=1) for side in SIDES}
    return {**fixed, PANELWISE: Painter(model, domain=kind, brightness=1)}


def rows(model: Model, pages: int, *, width: int = demo.WIDTH) -> Iterator[dict[str, object]]:
    """Yield a row for each kind of page, layout and way."""
    inker = Inker(demo.INKING)
    for kind in dict.fromkeys(Painter(model).kinds):
        for layout in LAYOUTS:
            found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
            for number in range(pages):
                page = drawn(layout, number, kind, inker, width=width)
                for way, painter in ways(model, kind).items():
                    found[way].append(score(painter.paint(page.rgb), page))
                found["page as it is"].append(score(page.rgb, page))
            for way, scores in found.items():
                psnr, apart = np.mean(scores, axis=0)
                yield {
                    "pages": kind,
                    "panels": layout,
                    SEEN: way,
                    PSNR: f"{psnr:.2f}",
                    APART: f"{apart:.2f}",
                }


def compared(found: Sequence[Mapping[str, object]], trained: str) -> str:
    """Say what looking at each panel gains over the size of the training, and the best fixed one.

    Args:
        found: what `rows` yields.
        trained: fixed size at which the network was trained.
    """
    lines = []
    groups: defaultdict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for row in found:
        scores = float(f"{row[PSNR]}"), float(f"{row[APART]}")
        groups[f"{row['pages']}, {row['panels']}"][f"{row[SEEN]}"] = scores
    for name, by in groups.items():
        (psnr, apart), own = by[PANELWISE], by[trained]
        best = max((f"{side}" for side in SIDES), key=lambda side: by[side][0])
        short = psnr - by[best][0]
        lines.append(
            f"- {name}: {psnr - own[0]:+.2f} dB and {apart - own[1]:+.2f} in CIEDE2000 against "
            f"{trained} pixels; {short:+.2f} dB against the best fixed size, {best}."
        )
    return "What looking at each panel gains:\n\n" + "\n".join(lines)


def main(model: str = registry.DEFAULT, pages: str = "2", *, width: int = demo.WIDTH) -> str:
    """Measure all kinds of pages and write the section."""
    loaded = Model.load(registry.locate(model))
    found = list(rows(loaded, int(pages), width=width))
    text = (
        f"{pages} drawn pages of {width} pixels' width of each layout, by "
        f"{report.describe(loaded)} (`python -m benchmarks.scale`). Scores over the art: pixels in "
        "panels that are neither ink nor paper.\n\n"
        f"{report.table(found)}\n\n{compared(found, str(loaded.side))}"
    )
    report.write_section("The size at which the network sees a page", text)
    print(text)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
