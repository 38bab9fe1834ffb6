"""Speech balloons, captions and sounds, with lettering: the white that must stay white."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking import lettering
from colorize.inking.lettering import Letters
from colorize.inking.overlay import Overlay
from colorize.inking.params import InkingParams

Shape = Literal["ellipse", "round", "burst", "cloud", "caption"]
SHAPES: tuple[Shape, ...] = ("ellipse", "round", "burst", "cloud", "caption")
LIKELY = (0.46, 0.16, 0.14, 0.1, 0.14)
OVERSAMPLING = 3
MOST = 3
"""Balloons of a picture, at most."""
SIZE = (0.15, 0.4)
"""Height and width of a balloon, as shares of the picture's shorter side."""
PLACES = 4
"""Places that are compared for a balloon."""
SMALLEST_SIDE = 32
"""Pixels of a picture's shorter side below which no balloon has room."""


@dataclass(frozen=True, slots=True)
class Text:
    """A balloon's text, all lengths in pixels: signs in each column or line, and their size."""

    script: lettering.Script
    counts: tuple[int, ...]
    size: float

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the block."""
        if self.script == "signs":
            return self.size * 1.25 * len(self.counts), self.size * max(self.counts)
        return self.size * 0.62 * max(self.counts), self.size * len(self.counts)


def add(
    overlay: Overlay,
    art: NDArray[np.uint8],
    letters: Letters,
    rng: np.random.Generator,
    params: InkingParams,
    *,
    unit: float = 1.0,
) -> None:
    """Draw balloons onto an overlay by chance.

    Args:
        overlay: drawn on.
        art: (H, W) uint8: lines, dark on white. Of some places, a balloon takes the emptiest.
        letters: what they say.
        rng: draws number, places, shapes and text.
        params: the chance.
        unit: pixels that a thin line is wide.
    """
    height, width = overlay.paper.shape
    side = min(height, width)
    if rng.random() >= params.balloon_chance or side < SMALLEST_SIDE * unit:
        return
    script: lettering.Script = "signs" if rng.random() < 0.7 else "latin"
    size = rng.uniform(6.5, 13) * unit
    for _ in range(int(rng.integers(1, MOST + 1))):
        room = side * rng.uniform(*SIZE)
        text = _compose(script, size, room, rng)
        shape = SHAPES[int(rng.choice(len(SHAPES), p=LIKELY))]
        paper, ink = draw(text, shape, letters, rng, unit=unit)
        top, left = _place(art, paper.shape, rng)
        overlay.paste(paper, ink, top, left)


def _place(
    art: NDArray[np.uint8], size: tuple[int, ...], rng: np.random.Generator
) -> tuple[int, int]:
    """Choose top and left of a balloon: above rather than below, and where few lines are hidden."""
    height, width = art.shape
    # Some balloons are cut by the picture's edge, as a crop of a page would cut them.
    x = width * rng.uniform(-0.02, 1.02, PLACES) - size[1] / 2
    y = height * rng.beta(1, 1.6, PLACES) - size[0] / 2
    hidden = [
        255 - float(art[max(top, 0) : top + size[0], max(left, 0) : left + size[1]].mean())
        for top, left in zip(y.astype(int), x.astype(int), strict=True)
    ]
    best = int(np.argmin(hidden))
    return int(y[best]), int(x[best])


def _compose(script: lettering.Script, size: float, room: float, rng: np.random.Generator) -> Text:
    """Choose how much text fills about ``room`` pixels."""
    if script == "signs":
        longest = max(1, min(9, int(room / size)))
        count = int(rng.integers(1, max(2, min(5, int(room / size / 1.2) + 1))))
    else:
        longest = max(2, min(14, int(room / size / 0.5)))
        count = int(rng.integers(1, max(2, min(6, int(0.8 * room / size) + 1))))
    low = max(1, longest // 2)
    counts = tuple(int(n) for n in rng.integers(low, longest + 1, count))
    return Text(script, counts, size)


def draw(
    text: Text,
    shape: Shape,
    letters: Letters,
    rng: np.random.Generator,
    *,
    unit: float = 1.0,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw one balloon around its text.

    Returns:
        Paper and ink, each (h, w) uint8, reduced by area from three times the size.
    """
    width, height = text.extent
    stretch = 0.5 if shape == "caption" else rng.uniform(0.66, 0.8)
    half = np.array([width, height]) * stretch + unit * rng.uniform(3, 7)
    tail = 0.0 if shape == "caption" or rng.random() < 0.35 else float(half.min() * 0.8)
    margin = tail + half * (0.35 if shape in ("burst", "cloud") else 0.08) + 2 * unit
    size = np.ceil(half + margin).astype(int) * 2  # (2,): width and height in pixels
    fine = size * OVERSAMPLING
    paper, ink = np.zeros((2, fine[1], fine[0]), np.uint8)
    centre = fine / 2
    outline = outline_of(shape, half * OVERSAMPLING, rng) + centre
    pieces = [outline]
    if tail:
        pieces.append(_tail(half * OVERSAMPLING, tail * OVERSAMPLING, rng) + centre)
    for piece in pieces:
        cv2.fillPoly(paper, [np.rint(piece).astype(np.int32)], 255)
    # Drawn by hand, the line has its own width; captions and shouts may have none.
    line = round(OVERSAMPLING * unit * rng.uniform(0.8, 1.8))
    if rng.random() < 0.93:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * line + 1,) * 2)
        ink[:] = paper - cv2.erode(paper, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    _write(ink, text, letters, rng, (float(centre[0]), float(centre[1])))
    reduced = [
        np.asarray(cv2.resize(p, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA))
        for p in (paper, ink)
    ]
    return reduced[0], reduced[1]


def _write(
    ink: NDArray[np.uint8],
    text: Text,
    letters: Letters,
    rng: np.random.Generator,
    centre: tuple[float, float],
) -> None:
    size = text.size * OVERSAMPLING
    weight = size * rng.uniform(0.05, 0.1)
    if text.script == "signs":
        counts = sorted(text.counts, reverse=True) if rng.random() < 0.5 else text.counts
        lettering.columns(ink, letters, rng, counts=counts, size=size, centre=centre, weight=weight)
    else:
        lettering.latin(ink, rng, counts=text.counts, size=size, centre=centre, weight=weight)


def outline_of(
    shape: Shape, half: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Points (n, 2) of a balloon's outline about the origin; ``half`` its half width and height."""
    if shape == "caption":
        return half * [[-1.05, -1.1], [1.05, -1.1], [1.05, 1.1], [-1.05, 1.1]]
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    cosine, sine = np.cos(turn), np.sin(turn)
    power = 0.55 if shape == "round" else 0.9
    unit = np.stack(
        [np.sign(cosine) * np.abs(cosine) ** power, np.sign(sine) * np.abs(sine) ** power], -1
    )
    radius = np.ones(96)
    if shape == "burst":
        radius[1::4] += rng.uniform(0.08, 0.3, 24)
        radius[3::4] += 0.02
    elif shape == "cloud":
        lobes = int(rng.integers(7, 12))
        radius += 0.1 * np.abs(np.sin(turn * lobes / 2 + rng.uniform(0, np.pi)))
    else:  # a drawn outline wobbles
        for wave in (2, 3):
            radius += rng.normal(0, 0.02) * np.cos(wave * turn + rng.uniform(0, 2 * np.pi))
    return np.asarray(half * unit * radius[:, None], np.float64)


def _tail(
    half: NDArray[np.float64], length: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Points (3, 2) of the tail that points to who speaks, mostly down."""
    turn = rng.normal(np.pi / 2, 0.7)
    outward = np.array([np.cos(turn), np.sin(turn)])
    foot = half * outward * 0.8
    side = np.array([-outward[1], outward[0]]) * half.min() * rng.uniform(0.12, 0.25)
    bend = np.array([-outward[1], outward[0]]) * length * rng.uniform(-0.4, 0.4)
    tip = half * outward + outward * length * rng.uniform(0.4, 0.9) + bend
    return np.stack([foot - side, foot + side, tip])


def sound(
    overlay: Overlay, letters: Letters, rng: np.random.Generator, *, unit: float = 1.0
) -> None:
    """Write a sound large over the art: black strokes with a white edge, along a slope."""
    height, width = overlay.paper.shape
    side = min(height, width)
    if side < SMALLEST_SIDE * unit:
        return
    size = side * rng.uniform(0.12, 0.24)
    ink, paper = np.zeros((2, height, width), np.uint8)
    step = np.array([rng.uniform(-0.5, 0.5), 0.95]) * size
    at = np.array([width, height]) * rng.uniform(0.05, 0.7, 2)
    weight = size * rng.uniform(0.1, 0.2)
    for _ in range(int(rng.integers(2, 5))):
        sign = letters.kana[int(rng.integers(len(letters.kana)))]
        place = at.astype(np.float32)
        lettering.strokes(paper, sign, size, place, weight + 3 * unit)
        lettering.strokes(ink, sign, size, place, weight)
        at = at + step
    overlay.paste(paper, ink, 0, 0)
