"""Comic characters on a plain ground, drawn by DiceBear's styles, always the same.

Nothing is fetched: the styles are data files of the package ``dicebear-styles``, the drawing is
deterministic in the seed, and resvg renders it without any font of the machine.
"""

from collections.abc import Iterator

import resvg_py
from dicebear import Avatar

from colorize.raw.manifest import Picture, picture
from colorize.sources.panels import avatars

STYLES = avatars.HEADS + avatars.BUSTS
"""Styles of coloured human characters; the many others draw shapes, robots or black lines only."""


def pictures(*, count: int, side: int, seed: int) -> Iterator[Picture]:
    """Yield ``count`` characters as PNG with a transparent ground, the styles in turn.

    Args:
        count: how many; raising it adds characters and changes none.
        side: of each picture in pixels.
        seed: another seed draws other characters.

    Raises:
        SourceError: a style of the installed package is under a licence not in `avatars.LICENCES`.
    """
    for number in range(count):
        name, turn = STYLES[number % len(STYLES)], number // len(STYLES)
        style, credit = avatars.style(name)
        svg = Avatar(style, {"seed": f"{seed}-{turn}"}).to_string()
        content = resvg_py.svg_to_bytes(
            svg_string=svg, width=side, height=side, skip_system_fonts=True
        )
        yield picture(
            bytes(content),
            source="characters",
            id=f"{name}-{seed}-{turn:05}",
            suffix="png",
            page=credit.page,
            artist=credit.artist,
            licence=credit.licence,
            rating="general",
            width=side,
            height=side,
        )
