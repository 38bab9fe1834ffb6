"""The embedded sample: comic characters drawn by DiceBear's styles, always the same.

Nothing is fetched: the styles are data files of the package ``dicebear-styles``, the drawing is
deterministic in the seed, and resvg renders it without any font of the machine.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources

import resvg_py
from dicebear import Avatar, Style

from colorize.errors import SourceError
from colorize.raw.manifest import Picture, picture

STYLES = (
    "adventurer",
    "big-ears",
    "big-smile",
    "micah",
    "miniavs",
    "open-peeps",
    "personas",
    "toon-head",
)
"""Styles of coloured human characters; the many others draw shapes, robots or black lines only."""

LICENCES = frozenset({"CC0 1.0", "CC BY 4.0", "MIT"})
"""Licences that let anyone draw, change and pass on; a style under another one is refused."""


def pictures(*, count: int, side: int, seed: int) -> Iterator[Picture]:
    """Yield ``count`` characters as PNG with a transparent ground, the styles in turn.

    Args:
        count: how many; raising it adds characters and changes none.
        side: of each picture in pixels.
        seed: another seed draws other characters.

    Raises:
        SourceError: a style of the installed package is under a licence not in `LICENCES`.
    """
    for number in range(count):
        name, turn = STYLES[number % len(STYLES)], number // len(STYLES)
        style, meta = _style(name)
        svg = Avatar(style, {"seed": f"{seed}-{turn}"}).to_string()
        content = resvg_py.svg_to_bytes(
            svg_string=svg, width=side, height=side, skip_system_fonts=True
        )
        yield picture(
            bytes(content),
            source="sample",
            id=f"{name}-{seed}-{turn:05}",
            suffix="png",
            page=meta["source"]["url"],
            artist=meta["creator"]["name"],
            licence=meta["license"]["name"],
            rating="general",
            width=side,
            height=side,
        )


@cache
def _style(name: str) -> tuple[Style, dict[str, dict[str, str]]]:
    """Parse one style of the package, once, and check that its licence allows the use."""
    definition = json.loads(
        resources.files("dicebear_styles").joinpath(f"{name}.json").read_text("utf-8")
    )
    meta = definition["meta"]
    if meta["license"]["name"] not in LICENCES:
        raise SourceError(
            f"style '{name}' is under '{meta['license']['name']}': not for the sample"
        )
    return Style(definition), meta
