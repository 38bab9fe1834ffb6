"""Whether characters keep their colours: a drawn series of pages, without and with a colour book.

    python -m benchmarks.series [MODEL [PAGES]]

MODEL is a model's file or the name of shipped weights, the default ones if not given; PAGES is how
many pages are drawn, 12 if not given. The book is filled from the page on which most parts can be
seen, which has one hint a part. ``earlier`` fills a book in memory from what earlier pages were
painted like, where the network was sure.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from colorize.colour import lab
from colorize.judge.hinted import widest
from colorize.metrics.ciede2000 import ciede2000
from colorize.model.domains import GREY, INK, JUDGED, Domain, Inky, Key
from colorize.model.weights import Model
from colorize.paint import carry, inked, learning
from colorize.paint.colourbook import MATCH, Book, Entry
from colorize.paint.guide import features_of, resized
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter
from colorize.sources.panels.series import Page, series
from colorize.weights import registry

SEED, CHARACTERS = 0, 3
SEEN = 300
"""Pixels of a part from which a page shows it."""
RIGHT = 10.0
"""CIEDE2000 up to which a part has its own colour."""
SURE = 0.15
"""Share of the likeliest colour in a region's distribution from which a page speaks for others."""

RGB = NDArray[np.uint8]
Medians = Mapping[int, RGB]
"""By part, (3,) sRGB."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page to paint.

    Attributes:
        page: (H, W, 3).
        numbers: (H, W), the part that each pixel shows, 0 for none.
        truth: colours of the parts that it shows.
    """

    page: RGB
    numbers: NDArray[np.uint8]
    truth: Medians


def drawn(page: Page, domain: Domain, number: int) -> Drawn:
    """Turn a coloured page into one to paint."""
    view = domain.view(page.rgb, Key(SEED, JUDGED, number))
    return Drawn(view.page, page.labels.numbers, medians(page.rgb, page.labels.numbers))


def medians(rgb: RGB, numbers: NDArray[np.uint8]) -> Medians:
    """Median colour of each part that is seen."""
    counts = np.bincount(numbers.ravel(), minlength=256)
    return {
        part: np.median(rgb[numbers == part], axis=0).astype(np.uint8)
        for part in np.flatnonzero(counts >= SEEN).tolist()
        if part > 0
    }


def coloured(painter: Painter, page: RGB) -> RGB:
    """The colours (H, W, 3) of a painted page: of an inked one those under its ink."""
    if painter.domain == "ink":
        return np.ascontiguousarray(painter.layer(page)[..., :3])
    return painter.paint(page)


def hints(page: Drawn) -> list[Hint]:
    """A hint a part, where it is widest."""
    height, width = page.numbers.shape
    found = []
    for part, colour in page.truth.items():
        row, column, _ = widest(page.numbers == part)
        red, green, blue = colour.tolist()
        found.append(Hint((column + 0.5) / width, (row + 0.5) / height, (red, green, blue)))
    return found


def speaking(painter: Painter, book: Book, page: RGB, colours: RGB, number: int) -> Iterator[Entry]:
    """Learn regions that the network was sure of, and that the book does not know."""
    kind: inked.Kind = painter.domain_of(page)
    lightness, prediction = painter.look(page, kind)
    lightness = resized(lightness, carry.size(*lightness.shape))
    regions = carry.divide(lightness, kind)
    features = features_of(regions, prediction)
    if features is None:
        return
    small = lab.rgb_to_lab(resized(colours, lightness.shape))
    share = regions.area / regions.number.size
    known = book.match(features, regions.lightness, kind)[1] >= MATCH
    fit = (share >= learning.SMALLEST) & (features.max(axis=1) >= SURE) & ~known
    for region in np.flatnonzero(fit).tolist():
        middle = np.median(small[(regions.number == region) & regions.inside], axis=0)
        red, green, blue = lab.lab_to_rgb(middle, keep_lightness=True).tolist()
        tone = float(regions.lightness[region])
        yield Entry(features[region], (red, green, blue), tone, kind, "", f"{number} {region}")


def painted(painter: Painter, pages: Sequence[Drawn], way: str) -> Iterator[Medians]:
    """Paint all pages in a way, and yield what colours their parts have."""
    book = Book(learning.fingerprint(painter.model))
    if way == "book":
        chosen = max(pages, key=lambda page: len(page.truth))
        entries = learning.of_hints(painter, chosen.page, hints(chosen), name="")
        book = book.learned(entries)
    for number, page in enumerate(pages):
        painter.book = book if way != "alone" else None
        colours = coloured(painter, page.page)
        if way == "earlier":
            book = book.learned(speaking(painter, book, page.page, colours, number))
        yield medians(colours, page.numbers)


def scores(pages: Sequence[Drawn], found: Sequence[Medians]) -> tuple[float, float, float]:
    """Spread, mean CIEDE2000 to the truth, and share of parts of the right colour, in %."""
    by_part: dict[int, list[RGB]] = defaultdict(list)
    errors = []
    for page, colours in zip(pages, found, strict=True):
        for part, colour in colours.items():
            by_part[part].append(colour)
            errors.append(apart(colour[None], page.truth[part][None])[0])
    spreads = []
    for held in by_part.values():
        all_pages = np.stack(held)
        middle = np.median(all_pages, axis=0).astype(np.uint8)
        away = apart(all_pages, middle[None].repeat(len(held), 0))
        spreads.append(np.sqrt(np.mean(away**2)))
    right = 100 * np.mean(np.array(errors) < RIGHT)
    return float(np.mean(spreads)), float(np.mean(errors)), float(right)


def apart(rgb: RGB, other: RGB) -> NDArray[np.float32]:
    """CIEDE2000 (n,) of two arrays (n, 3) of pixels."""
    return ciede2000(lab.rgb_to_planes(rgb), lab.rgb_to_planes(other))


def main(model: str = "", pages: str = "12", *, write: bool = True, width: int = 800) -> str:
    """Paint the series in every way and write the section."""
    cv2.setNumThreads(1)
    loaded = Model.load(registry.locate(model or None))
    count = int(pages)
    story = list(
        series(
            seed=SEED,
            pages=count,
            characters=CHARACTERS,
            width=width,
            height=round(width * 2**0.5),
        )
    )
    rows = []
    for domain in (domain for domain in (GREY, INK) if domain in loaded.domains):
        shown = [drawn(page, domain, number) for number, page in enumerate(story)]
        kind: inked.Kind = "ink" if isinstance(domain, Inky) else "grey"
        for way in ("alone", "book", "earlier"):
            painter = Painter(loaded, domain=kind, recolour="all", brightness=1)
            found = list(painted(painter, shown, way))
            spread, error, right = scores(shown, found)
            rows.append(
                {
                    "pages": domain.name,
                    "way": way,
                    "spread, CIEDE2000": f"{spread:.2f}",
                    "to the true colours, CIEDE2000": f"{error:.2f}",
                    f"within {RIGHT:g} of them, % (higher is better)": f"{right:.0f}",
                }
            )
            print(rows[-1], flush=True)
    text = (
        f"{count} drawn pages with {CHARACTERS} characters by {report.describe(loaded)}. Spread: "
        "root mean square distance of the median colours of a character's hair, skin or coat from "
        "their median over the pages. Inked pages take no colours from a book.\n\n"
        + report.table(rows)
    )
    if write:
        report.write_section("A series of pages", text)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
