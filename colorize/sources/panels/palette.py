"""Plausible colours: of skin, hair, clothes, and of whole scenes, chosen by a random generator."""

import colorsys
from collections.abc import Callable
from random import Random
from typing import TypeAlias

Recolour: TypeAlias = Callable[[str], str]
"""From a colour ``#rrggbb`` of a drawing to the one that takes its place."""

SKINS = (
    "#ffe3cc", "#ffdbb8", "#f7cfae", "#f3c49b", "#eab58a", "#d99f72", "#c1835a", "#a5673f",
    "#86502f", "#643a22",
)  # fmt: skip
"""Light ones first; drawn comics have more of those."""

HAIRS = (
    "#1d1a20", "#2b2230", "#3a2a1e", "#54371f", "#7a4e27", "#a06a33", "#c9923f", "#e6bd66",
    "#f2dfa0", "#8d2f1c", "#b8502a", "#d9d9de", "#8f98a8",
)  # fmt: skip
FANCY_HAIRS = ("#3f67b8", "#5aa7c9", "#6d4ea3", "#c86aa0", "#f09ab8", "#3f9b73", "#b92f4d")
"""Hair of comics alone."""


def skin(random: Random) -> str:
    """Choose a colour of skin."""
    return SKINS[min(int(random.expovariate(1 / 2.6)), len(SKINS) - 1)]


def hair(random: Random) -> str:
    """Choose a colour of hair: one in four is none of nature's."""
    return random.choice(FANCY_HAIRS if random.random() < 0.25 else HAIRS)


def cloth(random: Random) -> str:
    """Choose a colour of clothes: vivid, muted, dark or nearly white."""
    hue = random.random()
    kind = random.random()
    if kind < 0.45:
        return rgb(hue, random.uniform(0.4, 0.6), random.uniform(0.4, 0.75))
    if kind < 0.75:
        return rgb(hue, random.uniform(0.3, 0.7), random.uniform(0.15, 0.45))
    if kind < 0.9:
        return rgb(hue, random.uniform(0.12, 0.28), random.uniform(0.1, 0.6))
    return rgb(hue, random.uniform(0.85, 0.97), random.uniform(0.1, 0.6))


def rgb(hue: float, lightness: float, saturation: float) -> str:
    """Give ``#rrggbb`` of a hue, lightness and saturation in 0..1.

    >>> rgb(0, 0.5, 1)
    '#ff0000'
    """
    values = colorsys.hls_to_rgb(hue % 1, min(max(lightness, 0), 1), min(max(saturation, 0), 1))
    return "#" + "".join(f"{round(255 * value):02x}" for value in values)


def hls(colour: str) -> tuple[float, float, float]:
    """Give hue, lightness and saturation of ``#rgb`` or ``#rrggbb``.

    >>> hls("#f00")
    (0.0, 0.5, 1.0)
    """
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return colorsys.rgb_to_hls(*(int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)))


def shaded(colour: str, by: float) -> str:
    """Make a colour lighter (``by`` above 1) or darker, keeping its hue.

    >>> shaded("#ff0000", 0.5)
    '#800000'
    """
    hue, lightness, saturation = hls(colour)
    return rgb(hue, lightness * by, saturation)


def between(one: str, other: str, share: float) -> str:
    """Mix two colours ``#rrggbb``; a ``share`` of 0 gives the one, 1 the other.

    >>> between("#000000", "#ff8040", 0.5)
    '#804020'
    """
    values = ((int(one[n : n + 2], 16), int(other[n : n + 2], 16)) for n in (1, 3, 5))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in values)


def shaded_like(base: str, like: str = "") -> Recolour:
    """Give all shades of one thing: ``base`` in place of ``like``, others lighter or darker.

    Args:
        base: ``#rrggbb``.
        like: a colour of the drawing; if empty, the first that is asked for.
    """
    reference = [hls(like)[1]] if like else []

    def recolour(colour: str) -> str:
        lightness = hls(colour)[1]
        if not reference:
            reference.append(lightness)
        if lightness == reference[0]:
            return base
        return shaded(base, lightness / max(reference[0], 0.05))

    return recolour


class Dye:
    """Gives clothes: each family of hues in a drawing gets a cloth of its own, shades kept.

    Args:
        seed: the same one gives the same cloth in every drawing.
        own: whether every family keeps its own colours instead, a little off.
    """

    def __init__(self, seed: int, *, own: bool = False) -> None:
        self._seed, self._own = seed, own
        self._families: dict[int, Recolour] = {}

    def __call__(self, colour: str) -> str:
        """Give the colour that takes the place of ``colour``."""
        family = self.family(colour)
        if family is None:
            return colour
        if family not in self._families:
            random = Random(f"{self._seed}-{family}")  # noqa: S311  # no secret
            keeps = random.random() < (0.6 if family == -1 else 0.1)
            dye = nudged(random) if self._own else shaded_like(cloth(random), colour)
            self._families[family] = str if keeps and not self._own else dye
        return self._families[family](colour)

    @staticmethod
    def family(colour: str) -> int | None:
        """Number the hue of a colour; -1 for greys, None for black and white."""
        hue, lightness, saturation = hls(colour)
        if lightness > 0.96 or lightness < 0.03:
            return None
        return -1 if saturation < 0.12 else int(hue * 6)


def nudged(random: Random) -> Recolour:
    """Give a creature or a thing its own colours, a little off."""
    turn = random.gauss(0, 0.025)
    vivid = random.uniform(0.75, 1.1)
    light = random.uniform(0.88, 1.06)

    def recolour(colour: str) -> str:
        hue, lightness, saturation = hls(colour)
        if lightness > 0.96:
            return colour
        return rgb(hue + turn, lightness * light, saturation * vivid)

    return recolour
