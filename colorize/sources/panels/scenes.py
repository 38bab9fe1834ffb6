"""Backgrounds of panels: landscapes, skies, rooms, streets, woods and patterns."""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

from colorize.sources.panels import avatars, palette
from colorize.sources.panels.pieces import OWN, Piece, placed, placing
from colorize.sources.panels.usual import Usual

Kind: TypeAlias = Callable[[Random, str, Usual], Piece]
"""Draws a background; the text is put before its ids."""

LINE = 'stroke="#111" stroke-width=".006" stroke-linejoin="round" stroke-linecap="round"'

SKIES = (
    ("#6fb7e8", "#d4effb"), ("#4d94d6", "#b9e0f5"), ("#9fd0ee", "#f7f3df"), ("#f2a65e", "#f8dfae"),
    ("#d9668a", "#f6c49b"), ("#584a8c", "#e08d9d"), ("#14224a", "#3d5a94"), ("#1b1838", "#4c3f78"),
    ("#8fa3b3", "#d6dde0"),
)  # fmt: skip
"""Upper and lower colour: day, evening, night, rain."""
GRASS = ("#6fae4a", "#8fbf57", "#4f8c43", "#b5b85a", "#3f7a54")
EARTH = ("#c9a36a", "#a67c4d", "#d9c199", "#8c6a4a", "#b9b0a0")
WOOD = ("#a8743f", "#8a5a2f", "#c49a62", "#6b4526", "#b58a5a")
WALLS = ("#f2e3c6", "#dfe8ea", "#e9d3cf", "#cfdcc4", "#d8d0e6", "#c5d8e8", "#b9a58c", "#8fa6a0")
PATTERNS = {"stripes": 0.25, "dots": 0.45, "rays": 0.75, "plain": 1.0}
"""Names of patterns in `usual.RAMPS`; the chance of each is up to its number."""
HOUSES = ("#c96f4f", "#d9b26a", "#9c8a7c", "#7f97a8", "#b5545a", "#e0d6c2", "#6f8f7a")


def scene(random: Random, prefix: str, usual: Usual) -> Piece:
    """Draw one background of the kinds below."""
    (kind,) = random.choices(list(KINDS), weights=list(KINDS.values()))
    return kind(random, prefix, usual)


def landscape(random: Random, prefix: str, usual: Usual) -> Piece:
    """Hills of DiceBear's style, a part of them."""
    piece = avatars.landscape(random, prefix, usual)
    size = random.uniform(1.05, 1.9)
    at = placing(
        x=-random.uniform(0, size - 1),
        y=-random.uniform(0.2, 1) * (size - 1),
        size=size,
        mirrored=random.random() < 0.5,
    )
    return Piece(placed(piece.svg, at), piece.credit)


def sky(random: Random, prefix: str, usual: Usual) -> Piece:
    """Sky with clouds, a sun or a moon, and the ground."""
    svg = _sky(random, prefix, usual)
    for _ in range(random.randint(0, 4)):
        svg += _cloud(random)
    if random.random() < 0.35:
        x, y, r = random.random(), random.uniform(0.05, 0.3), random.uniform(0.04, 0.12)
        sun = random.choice(("#fff3c4", "#ffd75e", "#f5f0e1", "#f0784e"))
        svg += _circle(x, y, r, usual.colour("sun", sun))
    top = random.uniform(0.62, 0.95)
    return Piece(svg + _ground(random, top, usual, "grass", colours=GRASS + EARTH), OWN)


def sea(random: Random, prefix: str, usual: Usual) -> Piece:
    """Sky, water and a beach."""
    svg = _sky(random, prefix, usual) + _cloud(random)
    horizon = random.uniform(0.4, 0.6)
    water = palette.rgb(random.uniform(0.48, 0.6), random.uniform(0.3, 0.55), 0.55)
    water = usual.colour("water", water)
    svg += _rectangle(0, horizon, 1, 1, water)
    for _ in range(random.randint(4, 10)):
        x, y = random.random(), random.uniform(horizon + 0.03, 0.85)
        light = palette.shaded(water, 1.25)
        svg += f'<path d="M{x:.3f} {y:.3f}q.04 -.02 .08 0t.08 0" stroke="{light}" fill="none" ' \
            'stroke-width=".008"/>'  # fmt: skip
    if random.random() < 0.6:
        svg += _ground(random, random.uniform(0.78, 0.92), usual, "sand", colours=EARTH)
    return Piece(svg, OWN)


def room(random: Random, prefix: str, usual: Usual) -> Piece:
    """Wall and floor, with a window, a picture, shelves or a table."""
    wall = random.choice(WALLS) if random.random() < 0.7 else palette.cloth(random)
    wall = usual.colour("wall", wall)
    floor = random.uniform(0.68, 0.95)
    svg = _rectangle(0, 0, 1, 1, wall)
    if random.random() < 0.3:
        stripe = palette.shaded(wall, 0.93)
        width = random.uniform(0.04, 0.1)
        for n in range(int(1 / width / 2) + 1):
            svg += _rectangle(2 * n * width, 0, width, floor, stripe, line="")
    wood = usual.colour("wood", random.choice(WOOD + EARTH))
    svg += _rectangle(-0.01, floor, 1.02, 1, wood)
    if random.random() < 0.5:
        svg += _rectangle(-0.01, floor - 0.03, 1.02, 0.03, palette.shaded(wall, 0.8))
    if random.random() < 0.6:
        x, y, w, h = random.uniform(-0.1, 0.7), random.uniform(0.05, 0.2), 0.32, 0.36
        wood = usual.colour("wood", random.choice(WOOD))
        svg += _rectangle(x - 0.02, y - 0.02, w + 0.04, h + 0.04, wood)
        svg += _rectangle(x, y, w, h, usual.sky(random.choice(SKIES))[1])
        svg += (
            f'<path d="M{x + w / 2:.3f} {y:.3f}v{h:.3f}M{x:.3f} {y + h / 2:.3f}h{w:.3f}" {LINE}/>'
        )
        if random.random() < 0.5:
            curtain = usual.colour("curtain", palette.cloth(random))
            for left in (x - 0.08, x + w - 0.04):
                svg += _rectangle(left, y - 0.05, 0.12, h + 0.15, curtain)
    if random.random() < 0.5:
        x, y = random.uniform(0, 0.7), random.uniform(0.1, 0.35)
        svg += _rectangle(x, y, 0.28, 0.02, usual.colour("wood", random.choice(WOOD)))
        for n in range(random.randint(2, 6)):
            h = random.uniform(0.06, 0.1)
            book = usual.colour("book", palette.cloth(random))
            svg += _rectangle(x + 0.02 + 0.04 * n, y - h, 0.035, h, book)
    if random.random() < 0.4:
        x, shown = random.uniform(0, 0.8), palette.cloth(random)
        svg += _rectangle(x, 0.08, 0.18, 0.22, usual.colour("picture", shown))
    return Piece(svg, OWN)


def street(random: Random, prefix: str, usual: Usual) -> Piece:
    """Houses with windows under a sky."""
    svg = _sky(random, prefix, usual)
    ground, x = random.uniform(0.75, 0.95), -0.05
    while x < 1:
        w, h = random.uniform(0.15, 0.35), random.uniform(0.3, 0.75)
        house = usual.colour("house", random.choice(HOUSES))
        svg += _rectangle(x, ground - h, w, h, house)
        if random.random() < 0.5:
            roof = usual.colour("roof", palette.shaded(random.choice(HOUSES), 0.75))
            svg += f'<path d="M{x - 0.01:.3f} {ground - h:.3f}l{w / 2 + 0.01:.3f} -.1 ' \
                f'l{w / 2 + 0.01:.3f} .1z" fill="{roof}" {LINE}/>'  # fmt: skip
        glass = random.choice(("#bfe0f0", "#fbe9a3", "#5f7fa0", "#dfeaf0"))
        glass = usual.colour("glass", glass)
        step = random.uniform(0.07, 0.1)
        for row in range(int(h / step) - 1):
            for column in range(max(1, int(w / step) - 1)):
                left, top = x + 0.03 + column * step, ground - h + 0.04 + row * step
                svg += _rectangle(left, top, step * 0.55, step * 0.6, glass)
        x += w + random.choice((0, 0, 0.03))
    road = usual.colour("road", random.choice(EARTH))
    return Piece(svg + _rectangle(-0.01, ground, 1.02, 1, road), OWN)


def wood(random: Random, prefix: str, usual: Usual) -> Piece:
    """Trees on grass."""
    svg = _sky(random, prefix, usual)
    ground = random.uniform(0.6, 0.9)
    svg += _ground(random, ground, usual, "grass", colours=GRASS)
    for _ in range(random.randint(3, 8)):
        x, h = random.uniform(-0.05, 1.05), random.uniform(0.25, 0.7)
        y = ground + random.uniform(0, 0.1)
        leaves = palette.rgb(random.gauss(0.3, 0.06), random.uniform(0.25, 0.5), 0.45)
        leaves = usual.colour("leaves", leaves)
        w = h * random.uniform(0.08, 0.14)
        trunk = usual.colour("wood", random.choice(WOOD))
        svg += _rectangle(x - w / 2, y - h * 0.5, w, h * 0.5, trunk)
        if random.random() < 0.4:
            svg += f'<path d="M{x - h * 0.25:.3f} {y - h * 0.3:.3f}L{x:.3f} {y - h:.3f}L' \
                f'{x + h * 0.25:.3f} {y - h * 0.3:.3f}z" fill="{leaves}" {LINE}/>'  # fmt: skip
        else:
            svg += _circle(x, y - h * 0.65, h * 0.3, leaves)
    return Piece(svg, OWN)


def pattern(random: Random, prefix: str, usual: Usual) -> Piece:
    """One colour, stripes, dots, or rays that run to the middle."""
    ground = palette.cloth(random) if random.random() < 0.92 else "#ffffff"
    contrast = random.choice((0.8, 0.88, 1.15, 1.25))
    kind = random.random()
    name = next(name for name, below in PATTERNS.items() if kind < below)
    ground = usual.colour(name, ground)
    other = palette.shaded(ground, contrast)
    svg = _rectangle(0, 0, 1, 1, ground, line="")
    if name == "stripes":
        angle, width = random.choice((0, 45, 90, -45)), random.uniform(0.03, 0.12)
        stripes = "".join(
            _rectangle(-1 + 2 * n * width, -1, width, 3, other, line="")
            for n in range(int(1.5 / width))
        )
        svg += f'<g transform="rotate({angle} .5 .5)">{stripes}</g>'
    elif name == "dots":
        step = random.uniform(0.06, 0.15)
        for row in range(int(1 / step) + 1):
            for column in range(int(1 / step) + 1):
                x, y = (column + row % 2 / 2) * step, row * step
                svg += _circle(x, y, step * 0.25, other, line="")
    elif name == "rays":
        x, y, rays = random.uniform(0.3, 0.7), random.uniform(0.3, 0.7), random.randint(12, 30)
        for n in range(rays):
            begin, end = (2 * math.pi * (n + half) / rays for half in (0, 0.5))
            svg += f'<path d="M{x:.3f} {y:.3f}L{x + 2 * math.cos(begin):.3f} ' \
                f'{y + 2 * math.sin(begin):.3f}L{x + 2 * math.cos(end):.3f} ' \
                f'{y + 2 * math.sin(end):.3f}z" fill="{other}"/>'  # fmt: skip
    return Piece(svg, OWN)


KINDS: Mapping[Kind, float] = {
    landscape: 3,
    sky: 2,
    sea: 1,
    room: 4,
    street: 2,
    wood: 2,
    pattern: 3,
}
"""How often each is drawn."""


def _sky(random: Random, prefix: str, usual: Usual) -> str:
    top, bottom = usual.sky(random.choice(SKIES))
    if random.random() < 0.3:  # flat, as most comics are coloured
        return _rectangle(0, 0, 1, 1, random.choice((top, bottom)), line="")
    name = f"{prefix}sky"
    return (
        f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
        f'stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/></linearGradient>'
        f'<rect width="1" height="1" fill="url(#{name})"/>'
    )


def _cloud(random: Random) -> str:
    x, y, size = random.random(), random.uniform(0.03, 0.4), random.uniform(0.05, 0.16)
    puffs = [(-1.1, 0.1, 0.6), (-0.4, -0.35, 0.8), (0.5, -0.2, 0.7), (1.1, 0.12, 0.5)]
    colour = random.choice(("#ffffff", "#f3f6fa", "#fbe6dc", "#dfe5ee"))
    outline = "".join(_circle(x + a * size, y + b * size, r * size, "#111") for a, b, r in puffs)
    inside = "".join(
        _circle(x + a * size, y + b * size, r * size - 0.004, colour, line="") for a, b, r in puffs
    )
    return outline + inside if random.random() < 0.6 else inside


def _ground(
    random: Random, top: float, usual: Usual, kind: str, *, colours: tuple[str, ...]
) -> str:
    bend = random.uniform(-0.06, 0.06)
    colour = usual.colour(kind, random.choice(colours))
    return (
        f'<path d="M-.02 {top:.3f}Q.5 {top + bend:.3f} 1.02 {top:.3f}V1.02H-.02z" '
        f'fill="{colour}" {LINE}/>'
    )


def _rectangle(x: float, y: float, w: float, h: float, colour: str, *, line: str = LINE) -> str:
    return (
        f'<rect x="{x:.3f}" y="{y:.3f}" width="{w:.3f}" height="{h:.3f}" fill="{colour}" {line}/>'
    )


def _circle(x: float, y: float, r: float, colour: str, *, line: str = LINE) -> str:
    return f'<circle cx="{x:.3f}" cy="{y:.3f}" r="{max(r, 0):.3f}" fill="{colour}" {line}/>'
