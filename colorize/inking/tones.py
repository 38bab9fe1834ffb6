"""Tones by colour region: what an artist leaves white, fills black, screens or washes.

A material keeps its tone wherever it is seen, so that tones belong to the palette's colours, and
lightness inside a region counts for nothing but its rank, its shadow and its shine.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking.params import InkingParams
from colorize.inking.regions import Regions
from colorize.inking.screens import STEPS, Kind, Screens

WHITE, SOLID, FLAT, WASH = range(4)
DEEPEST_SHADOW = STEPS * 4 // 5
"""The deepest step of a shadow or a gradation."""
SOLID_BELOW = 45.0
"""L below which a region may be filled with black."""
SHADOW_DEPTH = (4.0, 11.0)
"""How far in L a shadow lies below its region's mean, and a shine above it."""
SHINE_CHANCE = 0.7
"""Chance that the light parts of a black region stay white."""
OTHER_DOTS = 0.1
"""Chance that a screened region has dots of another pitch than the page's."""


@dataclass(frozen=True, slots=True)
class Tones:
    """A toned picture before its lines.

    Attributes:
        print: (H, W) uint8: 255 is paper, 0 ink.
        solid: (H, W) bool: filled with black.
        kind: (n,) intp: of each region, `WHITE`, `SOLID`, `FLAT` or `WASH`.
        step: (n,) intp in 0..STEPS: tone of each region, without shadow and shine.
    """

    print: NDArray[np.uint8]
    solid: NDArray[np.bool_]
    kind: NDArray[np.intp]
    step: NDArray[np.intp]


def skin(lab: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which colours (n, 3) Lab may be skin, from pale to brown: (n,) bool."""
    lightness, a, b = lab.T
    hue, chroma = np.degrees(np.arctan2(b, a)), np.hypot(a, b)
    pale = (lightness > 60) & (chroma > 6) & (chroma < 46) & (hue > 20) & (hue < 78)
    brown = (lightness > 38) & (chroma > 14) & (chroma < 40) & (hue > 38) & (hue < 66)
    return np.asarray(pale | brown)


def lay(
    regions: Regions,
    rng: np.random.Generator,
    params: InkingParams,
    screens: Screens,
    *,
    unit: float = 1.0,
) -> Tones:
    """Choose and print a tone for each region.

    Args:
        regions: of the picture.
        rng: draws the choices.
        params: shares of the kinds of tones, and their ranges.
        screens: to print them with.
        unit: pixels that a thin line is wide.
    """
    owner = _owners(regions, rng)
    kind, step = _choose(regions, owner, rng, params)
    screen = _screens_of(kind, owner, rng, params, screens, unit)
    count, body = len(regions), regions.number
    steps, used = [step], [screen]
    state = _state(regions, kind, rng, params, unit)
    if state is not None:
        deeper, screen_of_shadow = _shadows(kind, step, screen, owner, rng, params, screens, unit)
        steps += [deeper, np.where(kind == SOLID, 0, step)]
        used += [screen_of_shadow, screen]
        body = body + state * np.int32(count)
    fade = None
    if rng.random() < params.gradation_chance:
        fade = _fade(regions, kind, step, rng)
    every_step = np.concatenate(steps)
    if fade is not None:  # where a shadow has deepened the tone, less is left to add
        fade = np.minimum(fade, np.maximum(0, DEEPEST_SHADOW - every_step[body]))
    offset = (int(rng.integers(1 << 16)), int(rng.integers(1 << 16)))
    printed = screens.lay(np.concatenate(used), every_step, body, fade, offset)
    _soften(printed, regions.border)
    black = every_step == STEPS
    solid = black[body] if black.any() else np.zeros(body.shape, bool)
    return Tones(printed, solid, kind, step)


def _owners(regions: Regions, rng: np.random.Generator) -> NDArray[np.intp]:
    """Say for each region (n,) which one decides for it: mostly the first of the same colour."""
    owner = np.arange(len(regions))
    first: dict[int, int] = {}
    own_way = (rng.random(len(regions)) < 0.15) & (regions.area > 0.04)
    for number in np.argsort(-regions.area, kind="stable"):
        decided = first.setdefault(int(regions.colour[number]), int(number))
        if not own_way[number]:
            owner[number] = decided
    return owner


def _choose(
    regions: Regions, owner: NDArray[np.intp], rng: np.random.Generator, params: InkingParams
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the kind and the tone of each region: two of (n,) intp."""
    lightness = regions.lab[:, 0]
    chroma = np.hypot(regions.lab[:, 1], regions.lab[:, 2])
    count = len(regions)
    dark = np.clip((SOLID_BELOW - lightness) / 20, 0, 1)
    of_colour = np.bincount(regions.colour, regions.area)[regions.colour]
    solid = np.minimum(1, dark * 5 * params.solid) * (1 - of_colour)
    toned = params.flat + params.wash
    white = np.full(count, params.white / (params.white + toned))
    white *= np.clip(lightness / 50, 0.5, 1.1)
    white[skin(regions.lab)] = params.white_skin
    white[(lightness > 92) & (chroma < 12)] = 0.97  # the picture's own white
    wash = params.wash / toned if toned else 0.0
    if not toned:
        white[:] = 1
    chance = rng.random((3, count))
    kind = np.where(chance[2] < wash, WASH, FLAT)
    kind[chance[1] < white] = WHITE
    kind[chance[0] < solid] = SOLID
    kind = kind[owner]
    return kind, _ranked(kind, owner, lightness, rng, params)


def _ranked(
    kind: NDArray[np.intp],
    owner: NDArray[np.intp],
    lightness: NDArray[np.float64],
    rng: np.random.Generator,
    params: InkingParams,
) -> NDArray[np.intp]:
    """Draw as many tones as there are toned owners, and give the deepest to the darkest."""
    step = np.where(kind == SOLID, STEPS, 0)
    deciding = np.unique(owner[(kind == FLAT) | (kind == WASH)])
    tones = np.sort(rng.uniform(*params.tone, len(deciding)))
    order = deciding[np.argsort(-lightness[deciding], kind="stable")]
    step[order] = np.maximum(1, np.rint(tones * STEPS)).astype(np.intp)
    return step[owner]


def _screens_of(
    kind: NDArray[np.intp],
    owner: NDArray[np.intp],
    rng: np.random.Generator,
    params: InkingParams,
    screens: Screens,
    unit: float,
) -> NDArray[np.intp]:
    """Choose the screen of each region (n,): a page has one for most of its regions."""
    main = screens.choose(rng, ("dot",), _pitch(rng, params, unit))
    screen = np.full(len(kind), main)
    for number in np.unique(owner[kind == FLAT]):
        chance = rng.random()
        if chance < params.pattern_chance:
            screen[number] = screens.choose(rng, ("pattern",), unit * rng.uniform(7, 16))
        elif chance < params.pattern_chance + params.hatch_chance:
            kinds: tuple[Kind, ...] = ("line", "hatch", "cross", "sand")
            screen[number] = screens.choose(rng, kinds, 1.4 * _pitch(rng, params, unit))
        elif chance < params.pattern_chance + params.hatch_chance + OTHER_DOTS:
            screen[number] = screens.choose(rng, ("dot",), _pitch(rng, params, unit))
    screen = screen[owner]
    screen[kind != FLAT] = 0
    return screen


def _pitch(rng: np.random.Generator, params: InkingParams, unit: float) -> float:
    """Draw a pitch in pixels; each doubling is equally likely."""
    low, high = np.log(params.pitch)
    return float(unit * np.exp(rng.uniform(low, high)))


def _shadows(
    kind: NDArray[np.intp],
    step: NDArray[np.intp],
    screen: NDArray[np.intp],
    owner: NDArray[np.intp],
    rng: np.random.Generator,
    params: InkingParams,
    screens: Screens,
    unit: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose tone and screen of the regions' shadows: two of (n,) intp."""
    kinds: tuple[Kind, ...] = ("dot",) if rng.random() < 0.5 else ("hatch", "cross", "line")
    of_white = screens.choose(rng, kinds, _pitch(rng, params, unit))
    deepening = np.rint(rng.uniform(0.1, 0.3, len(kind)) * STEPS).astype(np.intp)[owner]
    deeper = np.minimum(step + deepening, np.maximum(step, DEEPEST_SHADOW))
    return deeper, np.where(kind == WHITE, of_white, screen)


def _state(
    regions: Regions,
    kind: NDArray[np.intp],
    rng: np.random.Generator,
    params: InkingParams,
    unit: float,
) -> NDArray[np.int32] | None:
    """Divide regions (H, W) into 0 body, 1 shadow, 2 shine by a threshold each; None: all body."""
    shaded = rng.random() < params.shadow_chance
    shining = (kind == SOLID) & (rng.random(len(kind)) < SHINE_CHANCE)
    depths = 2.55 * rng.uniform(*SHADOW_DEPTH, 2)
    if not shaded and not shining.any():
        return None
    outline = np.ones((2 * round(unit) + 3,) * 2, np.uint8)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(1.5 * unit) + 3,) * 2)
    typical = 2.55 * regions.lab[:, 0]
    state = np.zeros(regions.number.shape, np.int32)
    if shaded:
        # An outline is no shadow: it is closed first, and what is thinner than a brush is left.
        soft = cv2.morphologyEx(regions.lightness, cv2.MORPH_CLOSE, outline)
        soft = cv2.GaussianBlur(soft, (0, 0), unit)
        limit = np.clip(typical - depths[0], 0, 255).astype(np.uint8)
        shadow = (soft < limit[regions.number]).view(np.uint8)
        state[cv2.morphologyEx(shadow, cv2.MORPH_OPEN, brush).view(np.bool_)] = 1
    if shining.any():
        limit = np.where(shining, np.clip(typical + depths[1], 0, 255), 255).astype(np.uint8)
        shine = (regions.lightness > limit[regions.number]).view(np.uint8)
        state[cv2.morphologyEx(shine, cv2.MORPH_OPEN, outline[2:, 2:]).view(np.bool_)] = 2
    return state


def _soften(printed: NDArray[np.uint8], border: NDArray[np.uint8]) -> None:
    """Blend tones where regions meet, in place: a region's edge is no staircase."""
    wide = cv2.dilate(border, np.ones((2, 2), np.uint8), anchor=(1, 1))
    np.copyto(printed, cv2.GaussianBlur(printed, (3, 3), 0), where=wide.view(np.bool_))


def _fade(
    regions: Regions, kind: NDArray[np.intp], step: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp] | None:
    """Let the largest toned region fade in a random direction: steps (H, W) to add to its tone."""
    toned = np.flatnonzero((kind == FLAT) | (kind == WASH))
    if not len(toned):
        return None
    largest = int(toned[np.argmax(regions.area[toned])])
    height, width = regions.number.shape
    turn = rng.uniform(0, 2 * np.pi)
    down = np.sin(turn) * np.linspace(-1, 1, height)
    right = np.cos(turn) * np.linspace(-1, 1, width)
    slope = (down[:, None] + right) * rng.uniform(0.2, 0.5) * STEPS
    within = regions.number == largest
    slope -= slope[within].mean()
    # Chance rounds it: steps of a thirtieth would show as bands.
    slope = np.floor(slope + rng.random(slope.shape, np.float32))
    added = np.clip(slope, -step[largest], DEEPEST_SHADOW - step[largest])
    return np.where(within, added, 0).astype(np.intp)
