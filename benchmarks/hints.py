"""What hints are worth: scores over the number of hinted regions, obedience and leakage.

Hints stand in regions of the true picture, large ones first, where the region is widest. They are
carried over the page without learning, told to the network, or both.

    python -m benchmarks.hints [MODEL [SHARDS [PICTURES]]]

MODEL is a model's file, SHARDS a folder of shards with a test split; those of the pipeline if not
given. PICTURES, all if not given, is how many of them are painted.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from colorize.colour import lab
from colorize.data.shards import ShardReader
from colorize.inking.regions import segment
from colorize.metrics.ciede2000 import ciede2000
from colorize.model import hints as told
from colorize.model import layers
from colorize.model.domains import JUDGED, Domain, Inky, Key, View
from colorize.model.weights import Model
from colorize.paint import inked
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter

COUNTS = (0, 1, 2, 3, 5, 10, 20)
SMALLEST = 0.002
"""Share of the picture of the smallest region that is hinted."""
WIDE = 2.0
"""Pixels from a hint to the edge of its region at least."""
DARKEST = 200
"""Value of an inked page from which there is a layer to see under it."""
SEED = 5

RGB = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """A region of a true picture.

    Attributes:
        region: (H, W) bool.
        row: of the pixel where it is widest.
        column: likewise.
    """

    region: NDArray[np.bool_]
    row: int
    column: int


@dataclass(frozen=True)
class Ways:
    """Paints one page with hints, in each way.

    Args:
        model: the network; it may take hints or not.
        domain: of the page.
    """

    model: Model
    domain: Domain

    def paint(self, way: str, page: RGB, hints: Sequence[Hint]) -> RGB:
        """Paint by ``carrying``, by the ``network``, or by ``both``."""
        silent = replace(self.model, spec=replace(self.model.spec, hints=False))
        kind: inked.Kind = "ink" if isinstance(self.domain, Inky) else "grey"
        painter = Painter(
            silent if way == "carrying" else self.model,
            domain=kind,
            side=min(page.shape[:2]),
            recolour="all",
        )
        if way != "network":
            return painter.paint(page, hints=hints)
        if not hints:
            return painter.paint(page)
        condition = told.plane(hints, *page.shape[:2], lightness=kind == "ink")
        return painter.paint(page, conditions={told.NAME: condition})

    @property
    def names(self) -> tuple[str, ...]:
        """The ways that the model has."""
        return ("carrying", "network", "both") if self.model.spec.hints else ("carrying",)


def widest(free: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Row and column where a region (H, W) is widest, and pixels from there to its edge."""
    padded = np.pad(free.view(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), depth.shape[1])
    return row, column, float(depth[row, column])


def places(view: View) -> list[Place]:
    """Find the regions to hint, large ones first."""
    regions = segment(np.ascontiguousarray(view.truth))
    page = lab.rgb_to_lightness(view.page)
    hidden = view.masks.get("ink", page < 20)
    if "ink" in view.masks:
        hidden = hidden | (view.page[..., 0] < DARKEST)
    found = []
    for number in np.argsort(-regions.area, kind="stable"):
        region = regions.number == number
        row, column, depth = widest(region & ~hidden)
        if regions.area[number] >= SMALLEST and depth >= WIDE:
            found.append(Place(region, row, column))
    return found


def hint(place: Place, rgb: RGB) -> Hint:
    """A hint of the colour that a picture has at a place."""
    height, width = rgb.shape[:2]
    red, green, blue = (int(value) for value in rgb[place.row, place.column])
    x, y = (place.column + 0.5) / width, (place.row + 0.5) / height
    return Hint(x, y, (red, green, blue))


def false_colour(view: View, place: Place, random: np.random.Generator) -> RGB:
    """Give a picture of any one colour that the page can have at a place."""
    colour = random.integers(0, 256, (1, 1, 3), dtype=np.uint8)
    page = view.page[place.row, place.column]
    if not isinstance(view.domain, Inky):
        wanted = lab.rgb_to_lab(colour)
        wanted[..., 0] = lab.rgb_to_lightness(page)
        colour = lab.lab_to_rgb(wanted, keep_lightness=True)
    return np.broadcast_to(colour, view.page.shape)


def apart(rgb: RGB, other: RGB) -> NDArray[np.float32]:
    """CIEDE2000 (n,) of two arrays of n pixels."""
    return ciede2000(lab.rgb_to_planes(rgb), lab.rgb_to_planes(other))


def psnr(rgb: RGB, truth: RGB) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = float(np.mean((rgb.astype(np.float64) - truth) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def curve(ways: Ways, view: View) -> Iterator[tuple[str, int, float, float]]:
    """Yield way, number of hints, PSNR and mean CIEDE2000 of one picture."""
    page, truth = view.page, np.ascontiguousarray(view.truth)
    hints = [hint(place, truth) for place in places(view)]
    for way in ways.names:
        found: dict[int, tuple[float, float]] = {}
        for count in COUNTS:
            used = min(count, len(hints))
            if used not in found:
                painted = ways.paint(way, page, hints[:used])
                found[used] = psnr(painted, truth), float(apart(painted, truth).mean())
            yield way, count, *found[used]


def obedience(ways: Ways, view: View, random: np.random.Generator) -> Mapping[str, list[float]]:
    """Measure one hint of a true colour and one of a false one, in a region each.

    Returns:
        By way and what: ``true`` and ``false``, CIEDE2000 at the hint; ``leak``, mean CIEDE2000
        between the pages with the false hint and without, outside of its region.
    """
    found: dict[str, list[float]] = defaultdict(list)
    page, truth = view.page, np.ascontiguousarray(view.truth)
    known = places(view)
    if not known:
        return found
    place = known[int(random.integers(len(known)))]
    false = false_colour(view, place, random)
    for way in ways.names:
        for name, colours in (("true", truth), ("false", false)):
            asked = hint(place, colours)
            painted = ways.paint(way, page, [asked])
            wanted = np.array([asked.color], np.uint8)
            if isinstance(view.domain, Inky):
                wanted = layers.under(wanted, page[None, place.row, place.column])
            error = apart(painted[None, place.row, place.column], wanted)
            found[f"{way} {name}"].append(float(error[0]))
        outside = ~place.region
        without = ways.paint(way, page, [])
        found[f"{way} leak"].append(float(apart(painted[outside], without[outside]).mean()))
    return found


def main(
    model: str = "models/colorizer.safetensors",
    shards: str = "data/resized",
    pictures: str = "",
    *,
    write: bool = True,
) -> str:
    """Measure every domain of the model and write the section."""
    loaded = Model.load(Path(model))
    reader = ShardReader(Path(shards), "test")
    count = min(int(pictures or len(reader)), len(reader))
    text = f"{count} pictures of the test split by {report.describe(loaded)}.\n"
    for domain in loaded.domains:
        ways, random = Ways(loaded, domain), np.random.default_rng(SEED)
        scores: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
        errors: dict[str, list[float]] = defaultdict(list)
        for number in range(count):
            view = domain.view(np.ascontiguousarray(reader[number]), Key(SEED, JUDGED, number))
            for way, hinted, *score in curve(ways, view):
                scores[way, hinted].append((score[0], score[1]))
            for name, values in obedience(ways, view, random).items():
                errors[name] += values
        rows = [
            {
                "hinted regions": hinted,
                **{
                    f"{way}, {title}": f"{np.mean([s[place] for s in scores[way, hinted]]):.2f}"
                    for way in ways.names
                    for place, title in enumerate(("PSNR", "CIEDE2000"))
                },
            }
            for hinted in COUNTS
        ]
        text += f"\n{domain.name}:\n\n{report.table(rows)}\n\n"
        text += "".join(
            f"- {name}: mean {np.mean(values):.2f}, 90 % below {np.quantile(values, 0.9):.2f}\n"
            for name, values in errors.items()
        )
    if write:
        report.write_section("Hints", text)
    print(text)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
