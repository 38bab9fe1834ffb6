"""Characters and landscapes that DiceBear's styles draw."""

import json
from functools import cache
from importlib import resources
from random import Random

from dicebear import Avatar, Style

from colorize.errors import SourceError
from colorize.sources.panels import palette
from colorize.sources.panels.pieces import Credit, Piece, embedded

HEADS = ("adventurer", "big-ears", "big-smile")
"""Styles of heads without a body."""
BUSTS = ("micah", "miniavs", "open-peeps", "personas", "toon-head")
"""Styles of a head and shoulders."""
LANDSCAPE = "landscape"

LICENCES = frozenset({"CC0 1.0", "CC BY 4.0", "MIT"})
"""Licences that let anyone draw, change and pass on; a style under another one is refused."""

SHOULDERS = (
    "M.02 1.02C.02 .9 .1 .84 .24 .81L.4 .76L.4 .66L.6 .66L.6 .76L.76 .81C.9 .84 .98 .9 .98 1.02Z"
)
NECK = "M.4 .6L.6 .6L.6 .77Q.5 .87 .4 .77Z"


def character(random: Random, prefix: str) -> Piece:
    """Draw a character from the shoulders up."""
    name = random.choice(HEADS + BUSTS)
    drawn, credit = style(name)
    options: dict[str, str | list[str]] = {"seed": f"{random.getrandbits(64):016x}"}
    skin, hair, coat = palette.skin(random), palette.hair(random), palette.cloth(random)
    chosen = {"skin": skin, "hair": hair, "clothing": coat}
    if name in HEADS or random.random() < 0.6:
        own = _colours(name)
        options |= {f"{part}Color": [colour] for part, colour in chosen.items() if part in own}
    svg = embedded(Avatar(drawn, options).to_string(), prefix)
    if name in HEADS:
        svg = (
            f'<path d="{SHOULDERS}" fill="{coat}" stroke="#000" stroke-width=".016"/>'
            f'<path d="{NECK}" fill="{palette.shaded(skin, 0.93)}" stroke="#000"'
            f' stroke-width=".014"/><g transform="translate(.08 -.02) scale(.84)">{svg}</g>'
        )
    return Piece(svg, credit, {"skin": skin, "hair": hair, "coat": coat})


def landscape(random: Random, prefix: str) -> Piece:
    """Draw hills under a sky."""
    drawn, credit = style(LANDSCAPE)
    document = Avatar(drawn, {"seed": f"{random.getrandbits(64):016x}"}).to_string()
    return Piece(embedded(document, prefix), credit)


def _colours(name: str) -> frozenset[str]:
    """Names of a style's palettes."""
    return frozenset(_definition(name)["colors"])


@cache
def style(name: str) -> tuple[Style, Credit]:
    """Parse one style of the package, once, and check that its licence allows the use."""
    definition = _definition(name)
    meta = definition["meta"]
    licence = meta["license"]["name"]
    if licence not in LICENCES:
        raise SourceError(f"style '{name}' is under '{licence}': not for the sample")
    credit = Credit(meta["creator"]["name"], licence, meta["source"]["url"])
    return Style(definition), credit


@cache
def _definition(name: str) -> dict[str, dict[str, dict[str, str]]]:
    file = resources.files("dicebear_styles").joinpath(f"{name}.json")
    definition: dict[str, dict[str, dict[str, str]]] = json.loads(file.read_text("utf-8"))
    return definition
