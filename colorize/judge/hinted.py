"""Scores of hints as the network alone follows them: a curve, obedience and leakage.

Hints stand in regions of the true picture, large ones first, where the region is widest: away from
ink, and in screentone as well. Those of inked pages have the colour of the layer. Carrying hints
over a page is the painter's work, which benchmarks/hints.py measures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.files import Numbers
from colorize.inking.regions import segment
from colorize.judge import inked
from colorize.judge.judgement import Table
from colorize.judge.views import Views, batches
from colorize.metrics.ciede2000 import ciede2000
from colorize.metrics.rownames import CHOSEN, MODEL
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES
from colorize.model import hints, layers
from colorize.model.domains import GREY, JUDGED, Domain, Inky, Key, Mixture, View
from colorize.model.weights import Model

COUNTS = (0, 1, 2, 3, 5, 10, 20)
"""Numbers of hinted regions; a picture with fewer regions has a hint in each of them."""
JUDGED_BY = ("psnr", "ciede2000")
RADIUS = 0.004
"""Of a hint, in short sides of the picture."""
SMALLEST = 0.002
"""Share of the picture of the smallest region that is hinted."""
WIDE = 2.0
"""Pixels from a hint to the edge of its region at least."""
BLACK = 20.0
"""L of a grey page up to which there is no colour to see."""
_PURPOSE = 0x74656C6C
"""Of the generator that chooses places and false colours."""

RGB = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]


class Told(NamedTuple):
    """A hint, as `model.hints.plane` takes it.

    Attributes:
        x: share of the picture's width, 0..1 from its left.
        y: share of its height, 0..1 from its top.
        color: sRGB, each 0..255.
        radius: share of the shorter side.
    """

    x: float
    y: float
    color: Colour
    radius: float = RADIUS


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


def places(view: View) -> list[Place]:
    """Find the regions to hint, large ones first; none in ink, in balloons and in gutters."""
    regions = segment(np.ascontiguousarray(view.truth))
    hidden = view.masks.get("ink", lab.rgb_to_lightness(view.page) < BLACK)
    if isinstance(view.domain, Inky):
        hidden = hidden | view.masks["blank"]
    found = []
    for number in np.argsort(-regions.area, kind="stable"):
        if regions.area[number] < SMALLEST:
            break
        region = regions.number == number
        row, column, depth = widest(region & ~hidden)
        if depth >= WIDE:
            found.append(Place(region, row, column))
    return found


def widest(free: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Row and column where a region (H, W) is widest, and pixels from there to its edge."""
    padded = np.pad(free.view(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), depth.shape[1])
    return row, column, float(depth[row, column])


def told(view: View, place: Place, color: Colour) -> Told:
    """A hint of an sRGB colour at a place."""
    height, width = view.page.shape[:2]
    return Told((place.column + 0.5) / width, (place.row + 0.5) / height, color)


def true_colour(view: View, place: Place) -> Colour:
    """The sRGB colour that somebody names at a place who knows the truth."""
    lightness = view.domain.gives_lightness
    named = hints.colour_at(view.truth, view.page, place.row, place.column, lightness=lightness)
    red, green, blue = named.tolist()
    return red, green, blue


def false_colour(view: View, place: Place, random: np.random.Generator) -> Colour:
    """Any one sRGB colour that the page can have at a place."""
    colour = random.integers(0, 256, (1, 1, 3), dtype=np.uint8)
    if not isinstance(view.domain, Inky):
        wanted = lab.rgb_to_lab(colour)
        wanted[..., 0] = lab.rgb_to_lightness(view.page[place.row, place.column])
        colour = lab.lab_to_rgb(wanted, keep_lightness=True)
    red, green, blue = colour[0, 0].tolist()
    return red, green, blue


def disobedience(painted: RGB, view: View, place: Place, color: Colour) -> float:
    """CIEDE2000 between a painted page (H, W, 3) and the sRGB that a hint asks for at a place."""
    wanted = np.array([color], np.uint8)
    if isinstance(view.domain, Inky):
        wanted = layers.under(wanted, view.page[None, place.row, place.column])
    return float(apart(painted[None, place.row, place.column], wanted)[0])


def leakage(painted: RGB, without: RGB, place: Place) -> float:
    """Mean CIEDE2000 between a page with a hint and without, outside of the hint's region."""
    outside = ~place.region
    return float(apart(painted[outside], without[outside]).mean()) if outside.any() else 0.0


def apart(rgb: RGB, other: RGB) -> NDArray[np.float32]:
    """CIEDE2000 (n,) of two arrays (n, 3) of pixels."""
    return ciede2000(lab.rgb_to_planes(rgb), lab.rgb_to_planes(other))


def kinds(model: Model) -> dict[str, Domain]:
    """The kinds of pages that hints are judged on, by name; none of a model that takes no hints."""
    if not model.spec.hints:
        return {}
    grey: dict[str, Domain] = {GREY.name: GREY} if GREY in model.domains else {}
    own = {name: domain for name, domain in inked.inputs(model).items() if domain in model.domains}
    return grey | own


def without(numbers: Mapping[str, Any]) -> Table:
    """The table of a model that takes no hints: one row, of what the judgement found."""
    scores = numbers.get(CHOSEN, numbers[MODEL])
    return [{"hints": 0} | {name: scores[name] for name in JUDGED_BY}]


def evaluate(
    model: Model,
    pictures: ShardReader,
    quantiser: Quantiser,
    *,
    seed: int,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> tuple[Table, dict[str, Numbers]]:
    """Score a model that takes hints on every kind of page that it has learned.

    Args:
        model: it paints at its own temperature.
        pictures: the test split.
        quantiser: whose bins are meant.
        seed: chooses the places and colours of false hints.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        A row for each of `COUNTS`: ``hints``, and PSNR and CIEDE2000 of each kind, those of grey
        pages as ``psnr`` and ``ciede2000``, others as ``toned_psnr``. And by kind ``true`` and
        ``false``, the mean CIEDE2000 at a hint of such a colour, and ``leakage``, see there.
    """
    rows: list[dict[str, object]] = [{"hints": count} for count in COUNTS]
    obedience: dict[str, Numbers] = {}
    for name, domain in kinds(model).items():
        board = Scoreboard(
            quantiser.table, {score: SCORES[score] for score in JUDGED_BY}, counts={}
        )
        errors: list[tuple[float, float, float]] = []
        for views in batches(pictures, Mixture((domain,))):
            found = [places(view) for view in views.views]
            painted = _curve(model, views, found)
            board.add(views.truth, painted)
            errors += _obedience(model, views, found, painted["0"], seed)
            on_pictures(len(views.pages))
        prefix = "" if domain is GREY else f"{name}_"
        for row, count in zip(rows, COUNTS, strict=True):
            row |= {
                f"{prefix}{score}": value for score, value in board.scores()[str(count)].items()
            }
        means = np.mean(errors, axis=0).tolist() if errors else []
        obedience[name] = dict(zip(("true", "false", "leakage"), means, strict=False))
    return rows, obedience


def _curve(model: Model, views: Views, found: Sequence[Sequence[Place]]) -> dict[str, RGB]:
    """Paint pages with each number of hints of the true colours."""
    hinted = [
        [told(view, place, true_colour(view, place)) for place in places]
        for view, places in zip(views.views, found, strict=True)
    ]
    painted = _painted(model, views, dict.fromkeys(range(len(hinted)), ()))
    curve = {"0": painted}
    for fewer, count in pairwise(COUNTS):
        more = {number: some[:count] for number, some in enumerate(hinted) if len(some) > fewer}
        if more:
            painted = painted.copy()
            painted[list(more)] = _painted(model, views, more)
        curve[str(count)] = painted
    return curve


def _obedience(
    model: Model, views: Views, found: Sequence[Sequence[Place]], plain: RGB, seed: int
) -> Iterator[tuple[float, float, float]]:
    """Yield the errors of one true and of one false hint, and leakage, of each page with places.

    ``plain`` is the pages painted without hints.
    """
    chosen: dict[int, Place] = {}
    true: dict[int, Told] = {}
    false: dict[int, Told] = {}
    for number, (view, known) in enumerate(zip(views.views, found, strict=True)):
        if not known:
            continue
        random = Key(seed, JUDGED, views.truth.first + number).random(_PURPOSE)
        place = chosen[number] = known[int(random.integers(len(known)))]
        true[number] = told(view, place, true_colour(view, place))
        false[number] = told(view, place, false_colour(view, place, random))
    if not chosen:
        return
    obeyed, misled = (
        _painted(model, views, {number: [hint] for number, hint in asked.items()})
        for asked in (true, false)
    )
    for (number, place), one, other in zip(chosen.items(), obeyed, misled, strict=True):
        view = views.views[number]
        yield (
            disobedience(one, view, place, true[number].color),
            disobedience(other, view, place, false[number].color),
            leakage(other, plain[number], place),
        )


def _painted(model: Model, views: Views, hinted: Mapping[int, Sequence[Told]]) -> RGB:
    """Paint some pages, (n, H, W, 3), with hints by their numbers, by the network alone."""
    shown = []
    for number, some in hinted.items():
        view = views.views[number]
        lightness = view.domain.gives_lightness
        plane = hints.plane(some, *view.page.shape[:2], lightness=lightness)
        shown.append(replace(view, conditions={**view.conditions, hints.NAME: plane}))
    with_hints = Views(views.truth, [views.pages[number] for number in hinted], shown)
    return with_hints.join(with_hints.predict(model).colours(*model.decoding))
