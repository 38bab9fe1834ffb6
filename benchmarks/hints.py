"""What hints are worth: scores over the number of hinted regions, obedience and leakage.

Hints stand in regions of the true picture, large ones first, where the region is widest, in
screentone as well. They are carried over the page, as `colorize` does it, told to the network, or
both. The brightness is 1, which is nearest to the truth.

A hint leaks where it changes the page outside of the region that it stands in, a region of one
colour in the true picture. Where the page has no line around that region, nothing on it says where
the hint should end, and a hint fills all up to the next line. So the part of the leak that lies
across a line is given as well.

Last, how much longer a page takes with 20 hints, which are carried.

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
from benchmarks.processes import CLOCK, now
from colorize.data.shards import ShardReader
from colorize.judge.hinted import (
    COUNTS,
    Colour,
    Place,
    apart,
    disobedience,
    false_colour,
    leakage,
    places,
    told,
    true_colour,
)
from colorize.model import hints as condition
from colorize.model.domains import JUDGED, Domain, Inky, Key, View
from colorize.model.weights import Model
from colorize.paint import inked
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter
from colorize.sources.panels.series import series

SEED = 5
SIZE = 1200, 1700
"""Pixels of the page that is timed, across and down."""
TIMED = 20
"""Hints of that page."""
REPEATS = 7
PLACES = 4
"""Regions of a picture that have a hint of their own to be obeyed, at most."""
EDGE = 32
"""Range of 8-bit values within 3 x 3 pixels of a page from which there is a line or an edge."""
GAP = 1 / 40
"""Gaps in lines up to this width, in short sides, are closed: no more than the painter closes."""

RGB = NDArray[np.uint8]


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
        side = min(page.shape[:2])
        painter = Painter(self.model, domain=self.kind, side=side, recolour="all", brightness=1)
        conditions = {}
        if hints and way != "carrying":
            drawn = condition.plane(hints, *page.shape[:2], lightness=self.kind == "ink")
            conditions = {condition.NAME: drawn}
        carried = hints if way != "network" else ()
        return painter.paint(page, hints=carried, conditions=conditions)

    @property
    def kind(self) -> inked.Kind:
        """What the painter calls such pages."""
        return "ink" if isinstance(self.domain, Inky) else "grey"

    @property
    def names(self) -> tuple[str, ...]:
        """The ways that the model has."""
        return ("carrying", "network", "both") if self.model.spec.hints else ("carrying",)


def hint(view: View, place: Place, color: Colour) -> Hint:
    """A hint of a colour at a place."""
    return Hint(*told(view, place, color))


def psnr(rgb: RGB, truth: RGB) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = float(np.mean((rgb.astype(np.float64) - truth) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def curve(ways: Ways, view: View) -> Iterator[tuple[str, int, float, float]]:
    """Yield way, number of hints, PSNR and mean CIEDE2000 of one picture."""
    page, truth = view.page, np.ascontiguousarray(view.truth)
    hints = [hint(view, place, true_colour(view, place)) for place in places(view)]
    for way in ways.names:
        found: dict[int, tuple[float, float]] = {}
        for count in COUNTS:
            used = min(count, len(hints))
            if used not in found:
                painted = ways.paint(way, page, hints[:used])
                found[used] = psnr(painted, truth), float(apart(painted, truth).mean())
            yield way, count, *found[used]


def obedience(ways: Ways, view: View, random: np.random.Generator) -> Mapping[str, list[float]]:
    """Measure hints of the true colour and of a false one, alone on the page, in some regions.

    Returns:
        By way and what, a value a region: ``true`` and ``false``, CIEDE2000 at the hint; ``leak``,
        mean CIEDE2000 between the pages with the false hint and without, outside of its region;
        ``leak across lines``, the same where a line is between: see `undivided`.
    """
    found: dict[str, list[float]] = defaultdict(list)
    page, known = view.page, places(view)
    without = {way: ways.paint(way, page, []) for way in ways.names}
    for number in random.permutation(len(known))[:PLACES]:
        place = known[int(number)]
        reached = replace(place, region=place.region | undivided(page, place))
        colours = {
            "true": true_colour(view, place),
            "false": false_colour(view, place, random),
        }
        for way in ways.names:
            for name, colour in colours.items():
                asked = hint(view, place, colour)
                painted = ways.paint(way, page, [asked])
                found[f"{way} {name}"].append(disobedience(painted, view, place, asked.color))
            found[f"{way} leak"].append(leakage(painted, without[way], place))
            found[f"{way} leak across lines"].append(leakage(painted, without[way], reached))
    return found


def undivided(page: RGB, place: Place) -> NDArray[np.bool_]:
    """Find what no line of a page (H, W, 3) parts from a place: (H, W).

    It is where a disc as wide as `GAP` can go from there without touching a line; nothing, where
    the place is too narrow for it.
    """
    contrast = cv2.morphologyEx(page, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2)
    free = (contrast < EDGE).view(np.uint8)
    radius = GAP * min(free.shape) / 2
    wide = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) >= radius
    _, parts = cv2.connectedComponents(wide.view(np.uint8), connectivity=4)
    apart = (parts != parts[place.row, place.column]) | ~wide
    away = cv2.distanceTransform(apart.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    found: NDArray[np.bool_] = away < radius
    return found & bool(wide[place.row, place.column])


def cost(ways: Ways, size: tuple[int, int]) -> tuple[float, float]:
    """Seconds of a drawn page as the command paints it, without hints and with `TIMED` of them."""
    width, height = size
    (page,) = series(seed=SEED, pages=1, characters=3, width=width, height=height)
    view = ways.domain.view(page.rgb, Key(SEED, JUDGED, 0))
    hints = [hint(view, place, true_colour(view, place)) for place in places(view)[:TIMED]]
    painter = Painter(ways.model, domain=ways.kind, recolour="all")
    seconds: dict[bool, list[float]] = defaultdict(list)
    for turn in range(2 * REPEATS):
        hinted = turn % 2 == 1
        start = now()
        painter.paint(view.page, hints=hints if hinted else ())
        seconds[hinted].append(now() - start)
    return min(seconds[False]), min(seconds[True])


def main(
    model: str = "models/colorizer.safetensors",
    shards: str = "data/resized",
    pictures: str = "",
    *,
    write: bool = True,
    size: tuple[int, int] = SIZE,
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
        plain, longer = cost(ways, size)
        text += (
            f"- A drawn page of {size[0]} x {size[1]} pixels takes {plain:.2f} s without hints "
            f"and {longer:.2f} s with {TIMED}: {longer / plain:.2f} times as long; {CLOCK}.\n"
        )
    if write:
        report.write_section("Hints", text)
    print(text)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
