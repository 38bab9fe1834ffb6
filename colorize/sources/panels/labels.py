"""Whose skin, hair or coat each pixel of a panel shows.

A panel is rendered twice, with a code in place of the colours of each part: once the code itself,
once its inverse. A pixel that lies wholly in a part shows both; one at an edge, under a shade or a
line does not, and has no label.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colorize.imaging.decode import decode
from colorize.sources.panels.panel import Layer, Panel, rendered
from colorize.sources.panels.pieces import PARTS, labelled, plain

MOST_FIGURES = 255 // len(PARTS)
_BASE, _STEP = 7, 42  # three digits of a base of 7, 42 steps of a channel apart


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a figure.

    Attributes:
        figure: number of the figure, from 0.
        name: one of `PARTS`.
        colour: its main colour, ``#rrggbb``.
    """

    figure: int
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The parts that a picture shows.

    Attributes:
        numbers: (H, W) uint8: the number of the part that covers a pixel, or 0.
        parts: the parts by number; some may be hidden.
    """

    numbers: NDArray[np.uint8]
    parts: dict[int, Part]


def number_of(figure: int, part: str) -> int:
    """Number a part of a figure, the same in all panels of a cast.

    >>> number_of(0, "skin"), number_of(1, "coat")
    (1, 6)
    """
    return 1 + figure * len(PARTS) + PARTS.index(part)


def label(panel: Panel, height: int) -> Labels:
    """Label the picture that ``panel.rgb(height)`` gives."""
    codes = _render(panel, height, inverse=False)
    inverses = _render(panel, height, inverse=True)
    digits, rest = np.divmod(codes, _STEP)
    whole = ((codes ^ inverses) == 255).all(axis=-1) & (rest == 0).all(axis=-1)
    numbers = digits.astype(np.int64) @ np.array([_BASE * _BASE, _BASE, 1])
    parts = {
        number_of(layer.figure, name): Part(layer.figure, name, colour)
        for layer in panel.layers
        if layer.figure >= 0
        for name, colour in layer.piece.parts.items()
    }
    known = whole & np.isin(numbers, list(parts))
    return Labels(np.where(known, numbers, 0).astype(np.uint8), parts)


def _render(panel: Panel, height: int, *, inverse: bool) -> NDArray[np.uint8]:
    def coded(layer: Layer) -> str:
        if layer.figure < 0:
            return plain(layer.piece.svg)
        colours = {part: _code(number_of(layer.figure, part), inverse) for part in PARTS}
        return labelled(layer.piece.svg, colours)

    png = rendered(panel.svg(height, coded))
    return decode(png, max_pixels=round(height * panel.aspect) * height)


def _code(number: int, inverse: bool) -> str:
    digits = (number // _BASE**2, number // _BASE % _BASE, number % _BASE)
    values = [255 - _STEP * digit if inverse else _STEP * digit for digit in digits]
    return "#" + "".join(f"{value:02x}" for value in values)
