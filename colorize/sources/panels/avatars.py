"""Characters and landscapes that DiceBear's styles draw."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from dicebear import Avatar, Style

from colorize.errors import SourceError
from colorize.sources.panels import palette
from colorize.sources.panels.pieces import PARTS, Credit, Piece, embedded, tagged
from colorize.sources.panels.usual import Usual

HEADS = ("adventurer", "big-ears", "big-smile")
"""Styles of heads without a body."""
BUSTS = ("micah", "miniavs", "open-peeps", "personas", "toon-head")
"""Styles of a head and shoulders."""
WEIGHTS: Mapping[str, float] = {
    "adventurer": 3,
    "big-ears": 3,
    "big-smile": 2,
    "micah": 1,
    "miniavs": 1,
    "open-peeps": 2,
    "personas": 0.5,
    "toon-head": 3,
}
"""How often each style is drawn: those with outlines, as comics have, more often."""
LANDSCAPE = "landscape"

LICENCES = frozenset({"CC0 1.0", "CC BY 4.0", "MIT"})
"""Licences that let anyone draw, change and pass on; a style under another one is refused."""

OWN_COLOURS: Mapping[str, tuple[str, ...]] = {
    "skin": ("skin", "base"),
    "hair": ("hair", "headContrast", "facialHair"),
    "coat": ("clothing", "clothes", "shirt", "body"),
}
"""Names of the colours that make up a part, over all styles."""
POSED = ("expression", "eyebrows", "eyes", "mouth")
"""Components that change with a character's mood."""

SHOULDERS = (
    "M.02 1.02C.02 .9 .1 .84 .24 .81L.4 .76L.4 .66L.6 .66L.6 .76L.76 .81C.9 .84 .98 .9 .98 1.02Z"
)
NECK = "M.4 .6L.6 .6L.6 .77Q.5 .87 .4 .77Z"


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody whom a style draws from the shoulders up, alike in every panel but for the mood.

    Attributes:
        style: its name.
        seed: of the style's other choices: hair, nose, glasses.
        colours: of each of `PARTS`, ``#rrggbb``, all different.
    """

    style: str
    seed: str
    colours: Mapping[str, str]

    def __call__(self, random: Random, prefix: str, line: float) -> Piece:
        """Draw the character: a `Figure`. Its lines have the width that the style gives them."""
        drawn, credit = style(self.style)
        definition = _definition(self.style)
        options: dict[str, str | list[str]] = {"seed": self.seed}
        for part, names in OWN_COLOURS.items():
            for name in definition["colors"].keys() & set(names):
                options[f"{name}Color"] = [self.colours[part]]
        for component in POSED:
            moods = sorted(definition["components"].get(component, {}).get("variants", {}))
            if moods:
                options[f"{component}Variant"] = [random.choice(moods)]
        svg = embedded(Avatar(drawn, options).to_string(), prefix)
        for part in PARTS:
            svg = re.sub(self.colours[part], tagged(part, self.colours[part]), svg, flags=re.I)
        if self.style in HEADS:
            coat = tagged("coat", self.colours["coat"])
            neck = tagged("skin", palette.shaded(self.colours["skin"], 0.93))
            svg = (
                f'<path d="{SHOULDERS}" fill="{coat}" stroke="#000" stroke-width=".016"/>'
                f'<path d="{NECK}" fill="{neck}" stroke="#000" stroke-width=".014"/>'
                f'<g transform="translate(.08 -.02) scale(.84)">{svg}</g>'
            )
        parts = {part: self.colours[part] for part in PARTS if f"@{part}" in svg}
        return Piece(svg, credit, parts)


def character(random: Random, usual: Usual) -> Character:
    """Invent a character."""
    names = HEADS + BUSTS
    (name,) = random.choices(names, [WEIGHTS[name] for name in names])
    colours = {
        "skin": usual.near("skin", palette.skin(random)),
        "hair": usual.colour("hair", palette.hair(random)),
        "coat": usual.colour("clothes", palette.cloth(random)),
    }
    return Character(name, f"{random.getrandbits(64):016x}", colours)


def landscape(random: Random, prefix: str, usual: Usual) -> Piece:
    """Draw hills under a sky."""
    drawn, credit = style(LANDSCAPE)
    options: dict[str, str | list[str]] = {"seed": f"{random.getrandbits(64):016x}"}
    options |= {f"{name}Color": [colour] for name, colour in usual.hills().items()}
    document = Avatar(drawn, options).to_string()
    return Piece(embedded(document, prefix), credit)


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
def _definition(name: str) -> dict[str, Any]:
    file = resources.files("dicebear_styles").joinpath(f"{name}.json")
    definition: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return definition
