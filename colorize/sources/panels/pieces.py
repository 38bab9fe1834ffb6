"""Pieces of a panel: SVG fragments of one unit's size, with the credit that each needs.

All fragments draw into a square of 1 x 1 and are placed by `place`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


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
        svg: a fragment that fills the square from (0, 0) to (1, 1).
        credit: of its artist.
        parts: colours of what one would name a character's own, by name: ``skin``, ``hair``,
            ``coat``; ``#rrggbb``.
    """

    svg: str
    credit: Credit
    parts: Mapping[str, str] = field(default_factory=dict)


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


def place(
    svg: str, *, x: float, y: float, size: float, mirrored: bool = False, turned: float = 0
) -> str:
    """Place a fragment of 1 x 1 with its upper left corner at (x, y).

    Args:
        svg: the fragment.
        x: in units of the panel's side, as ``y`` and ``size``.
        y: downwards.
        size: of its sides.
        mirrored: left to right.
        turned: clockwise about its middle, in degrees.
    """
    steps = [f"translate({x:.4f} {y:.4f}) scale({size:.4f})"]
    if turned:
        steps.append(f"rotate({turned:.2f} .5 .5)")
    if mirrored:
        steps.append("translate(1 0) scale(-1 1)")
    return f'<g transform="{" ".join(steps)}">{svg}</g>'
