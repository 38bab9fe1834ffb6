"""Pieces of a panel: SVG fragments of one unit's size, with the credit that each needs.

All fragments draw into a square of 1 x 1 and are placed by `placed`. Where a fragment has a colour
of a figure's skin, hair or coat, it stands there as ``@skin#ffdbb8``, so that a label can take its
place; `plain` leaves the colour alone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

PARTS = ("skin", "hair", "coat")
"""What of a figure is its own and keeps its colour from panel to panel."""

_TAGGED = re.compile(r"@([a-z]+)(#[0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class Credit:
    """Who drew something, under which licence, and where it can be seen."""

    artist: str
    licence: str
    page: str


OWN = Credit("colorize", "MIT", "")
"""Of what this project draws itself."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A drawing.

    Attributes:
        svg: a fragment that fills the square from (0, 0) to (1, 1), with tagged colours.
        credit: of its artist.
        parts: the main colour ``#rrggbb`` of each of `PARTS` that it has.
    """

    svg: str
    credit: Credit
    parts: Mapping[str, str] = field(default_factory=dict)


Figure: TypeAlias = Callable[[Random, str, float], Piece]
"""Draws somebody in a pose that the generator chooses; then the text that is put before ids, and
the width of lines in units of the piece's side."""


def tagged(part: str, colour: str) -> str:
    """Mark a colour ``#rgb`` or ``#rrggbb`` of a fragment as that of a part.

    >>> tagged("skin", "#ffdbb8"), tagged("coat", "#fa0")
    ('@skin#ffdbb8', '@coat#ffaa00')
    """
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return f"@{part}#{digits.lower()}"


def plain(svg: str) -> str:
    """Put the colours themselves in place of tagged ones.

    >>> plain('fill="@skin#ffdbb8"')
    'fill="#ffdbb8"'
    """
    return _TAGGED.sub(r"\2", svg)


def labelled(svg: str, colours: Mapping[str, str]) -> str:
    """Put one colour for each part in place of tagged ones.

    >>> labelled('fill="@skin#ffdbb8"', {"skin": "#010203"})
    'fill="#010203"'
    """
    return _TAGGED.sub(lambda found: colours[found[1]], svg)


def embedded(document: str, prefix: str) -> str:
    """Turn a whole SVG document into a fragment of 1 x 1.

    Args:
        document: with a square ``viewBox`` from the origin.
        prefix: put before each id, so that several fragments can stand in one document.

    Raises:
        ValueError: the document has no such ``viewBox``.
    """
    found = re.search(r'<svg\b[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', document)
    if found is None:
        raise ValueError("no viewBox")
    body = document[found.end() : document.rindex("</svg>")]
    body = re.sub(r"<metadata\b.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}', body)
    body = re.sub(r"url\(#", f"url(#{prefix}", body)
    body = re.sub(r'href="#', f'href="#{prefix}', body)
    fill = ' fill="none"' if 'fill="none"' in found.group() else ""
    return f'<g transform="scale({1 / float(found.group(1)):.6g})"{fill}>{body}</g>'


def placing(*, x: float, y: float, size: float, mirrored: bool = False, turned: float = 0) -> str:
    """Give the SVG transform that brings the upper left corner of a fragment to (x, y).

    Args:
        x: in units of the panel, as ``y`` and ``size``.
        y: downwards.
        size: of the fragment's sides.
        mirrored: left to right.
        turned: clockwise about its middle, in degrees.
    """
    steps = [f"translate({x:.4f} {y:.4f}) scale({size:.4f})"]
    if turned:
        steps.append(f"rotate({turned:.2f} .5 .5)")
    if mirrored:
        steps.append("translate(1 0) scale(-1 1)")
    return " ".join(steps)


def placed(svg: str, transform: str) -> str:
    """Place a fragment."""
    return f'<g transform="{transform}">{svg}</g>'
