"""Usual colours: what a comic's sky, hill, wall, hair or shirt mostly has.

A panel whose colours are all drawn at random cannot be learned: nothing in the page tells them. So
a share of things has the colour that a reader expects, in any of its shades. Where the shades of a
thing differ in hue, lightness tells them apart: dark clothes are navy, light ones pale blue.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

from colorize.sources.panels import palette

RAMPS: Mapping[str, tuple[str, ...]] = {
    # outdoors
    "sun": ("#ffd75e", "#ffeaa6"),
    "grass": ("#3f7a3c", "#6fae4a", "#9cc95f"),
    "leaves": ("#2c5c34", "#4f8f3f", "#86b648"),
    "sand": ("#c9a36a", "#e8d3a4"),
    "road": ("#8c8884", "#b9b2a8"),
    "water": ("#1f6a94", "#4aa0c4"),
    "house": ("#8f4a34", "#c96f4f", "#d9a066", "#e6d6b4"),
    "roof": ("#6b2f2a", "#93483a"),
    "glass": ("#9ecbe4", "#d3eaf4"),
    # indoors
    "wall": ("#efdcb4", "#f8f0df"),
    "wood": ("#6b4526", "#a8743f", "#c49a62"),
    "curtain": ("#8c2f3f", "#c9626a"),
    "book": ("#6f2b28", "#b5523f"),
    "picture": ("#4f8c63", "#93c08c"),
    # patterns
    "rays": ("#f2b54a", "#f7d98a", "#fbedc4"),
    "dots": ("#eaa6bf", "#f7d6e0", "#ffffff"),
    "stripes": ("#8fb1dd", "#cfdff2", "#ffffff"),
    "plain": ("#fbf7ee", "#ffffff"),
    # figures
    "skin": palette.SKINS[::-1],
    "hair": ("#1d1a20", "#3a2a1e", "#7a4e27", "#b07a38", "#dcb262", "#f2dfa0"),
    "clothes": ("#22355e", "#b3363c", "#e0792f", "#8cc6ee"),
}
"""Shades of a thing, dark ones first."""

SKIES: Mapping[tuple[tuple[str, str], tuple[str, str]], float] = {
    (("#4d94d6", "#b9e0f5"), ("#8cc6ee", "#e4f4fb")): 8,
    (("#14224a", "#3d5a94"), ("#1b2450", "#475c9c")): 1,
    (("#8c3f63", "#e0805c"), ("#a04a52", "#e89a6a")): 1,
}
"""Upper and lower colours of two skies by day, at night, in the evening; how often one between."""

HILLS: Mapping[str, tuple[str, ...]] = {
    "background": ("#e1f3ff", "#d5f3ff"),
    "orb": ("#e9c944", "#f8b734"),
    "hill1": ("#b0d2b0", "#becb9c"),
    "hill2": ("#84ae85", "#92a86d"),
    "hill3": ("#508659", "#6b8143"),
    "hill4": ("#2c5837", "#445423"),
}
"""Of the colours of DiceBear's landscapes those of green hills on a fine day, to mix."""

T = TypeVar("T")


class Usual:
    """Decides which things have their usual colour, and in which shade.

    Args:
        variety: share of things that keep the colour drawn at random; 1 keeps all.
        seed: another one decides otherwise.
    """

    def __init__(self, variety: float = 1.0, seed: str = "") -> None:
        self._variety = variety
        self._random = Random(f"usual-{seed}")  # noqa: S311  # no secret

    def wins(self) -> bool:
        """Decide for one thing whether it has its usual colour."""
        return self._variety < 1 and self._random.random() >= self._variety

    def colour(self, thing: str, drawn: str) -> str:
        """Give a shade of `RAMPS`, or the colour that was drawn."""
        return self.shade(thing) if self.wins() else drawn

    def near(self, thing: str, drawn: str) -> str:
        """Give a colour between one of `RAMPS` that was drawn and the next lighter one."""
        if not self.wins():
            return drawn
        ramp = RAMPS[thing]
        lighter = ramp[min(ramp.index(drawn) + 1, len(ramp) - 1)]
        return palette.between(drawn, lighter, self._random.random())

    def sky(self, drawn: tuple[str, str]) -> tuple[str, str]:
        """Give the upper and the lower colour of a usual sky, or those that were drawn."""
        if not self.wins():
            return drawn
        (skies,) = self._random.choices(list(SKIES), list(SKIES.values()))
        share = self._random.random()
        upper, lower = (palette.between(*colours, share) for colours in zip(*skies, strict=True))
        return upper, lower

    def hills(self) -> dict[str, str]:
        """Give a landscape's colours by their names; none if it keeps its own."""
        if not self.wins():
            return {}
        return {name: self._between(colours) for name, colours in HILLS.items()}

    def shade(self, thing: str) -> str:
        """Give a colour between two neighbours of a ramp."""
        return self._between(RAMPS[thing])

    def _between(self, ramp: Sequence[str]) -> str:
        place = self._random.random() * (len(ramp) - 1)
        return palette.between(ramp[int(place)], ramp[int(place) + 1], place % 1)
