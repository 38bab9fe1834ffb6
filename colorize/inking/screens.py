"""Screentones: dots, lines, hatches, sand and patterns, as periodic tiles of ink coverage.

A screen is a threshold function f on a tile at four times the size: ink is where f < tone. All
frequencies are whole multiples of the tile's, so the tile repeats without a seam; f is replaced by
its rank, so that the mean of a tile is its tone exactly. Each tone's tile is then low-pass filtered
and reduced by area, which is what leaves no moire.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Pixels of a tile's side."""
OVERSAMPLING = 4
STEPS = 32
"""Tones from white, 0, to black, `STEPS`; a tone is a multiple of 1 / `STEPS`."""

Kind = Literal["wash", "dot", "line", "hatch", "cross", "sand", "pattern"]

FINEST = 2.1
"""Pixels of pitch below which a picture shows no marks, but even grey."""
SOFTENED = 5.0
"""Pixels of pitch below which a screen is averaged over a second pixel: harmonics would beat."""

HARDLY_RESOLVED = 3.0
"""Pixels of pitch below which it is averaged over one and a half."""

_FINE = SIDE * OVERSAMPLING
_SEED = 20  # of the wobble of hatches and of sand: the same screens everywhere


@dataclass(frozen=True, slots=True)
class Screen:
    """What one screen is.

    Attributes:
        kind: of its marks; "wash" is even grey.
        pitch: pixels from mark to mark.
        angle: degrees of its rows.
    """

    kind: Kind
    pitch: float
    angle: float


class Screens:
    """All screens in all tones. Built once, and never changed: half a second, 10 MB."""

    def __init__(self) -> None:
        rng = np.random.default_rng(_SEED)
        self.screens: list[Screen] = [Screen("wash", 0, 0)]
        tones = np.linspace(255, 0, STEPS + 1)[:, None, None]
        stacks = [np.broadcast_to(np.rint(tones), (STEPS + 1, SIDE, SIDE)).astype(np.uint8)]
        for kind, pitch, angle in _catalogue():
            screen, threshold = _threshold(kind, pitch, angle, rng)
            self.screens.append(screen)
            stacks.append(_tones(threshold, screen.pitch))
        self.tiles: NDArray[np.uint8] = np.stack(stacks)
        """(screens, STEPS + 1, SIDE, SIDE): 255 is paper, 0 ink."""

    def choose(self, rng: np.random.Generator, kinds: tuple[Kind, ...], pitch: float) -> int:
        """Choose among the screens of some kinds that come nearest to a pitch in pixels.

        Returns:
            Its number; 0, the wash, for a pitch below `FINEST`.
        """
        if pitch < FINEST:
            return 0
        of_kind = [n for n, screen in enumerate(self.screens) if screen.kind in kinds]
        away = np.abs(np.log(np.array([self.screens[n].pitch for n in of_kind]) / pitch))
        (near,) = np.nonzero(away <= away.min() + 0.1)
        return of_kind[int(rng.choice(near))]

    def lay(
        self,
        screen: NDArray[np.intp],
        step: NDArray[np.intp],
        area: NDArray[np.integer],
        fade: NDArray[np.intp] | None = None,
        offset: tuple[int, int] = (0, 0),
    ) -> NDArray[np.uint8]:
        """Print areas in their screens and tones.

        Args:
            screen: (n,) intp: number of each area's screen.
            step: (n,) intp in 0..STEPS: its tone.
            area: (H, W) whole numbers in 0..n-1: the area of each pixel.
            fade: (H, W) intp: added to the tone of each pixel, which must stay in 0..STEPS.
            offset: where in the tile the picture's first pixel lies.

        Returns:
            (H, W) uint8: 255 is paper, 0 ink.
        """
        height, width = area.shape
        rows = (np.arange(height) + offset[0]) % SIDE * SIDE
        columns = (np.arange(width) + offset[1]) % SIDE
        index = ((screen * (STEPS + 1) + step) * SIDE**2)[area]
        if fade is not None:
            index += fade * SIDE**2
        index += rows[:, None]
        index += columns
        laid: NDArray[np.uint8] = self.tiles.reshape(-1)[index]
        return laid


def _catalogue() -> list[tuple[Kind, float, float]]:
    """Kinds, pitches and angles of all screens but the wash."""
    dots = [("dot", p, a) for p in (2.3, 2.7, 3.2, 3.8, 4.6, 5.8, 7.4, 10, 14) for a in (45, 32)]
    lines = [("line", p, a) for p in (3, 3.8, 5, 7, 10, 14) for a in (0, 45, 70)]
    hatches = [("hatch", p, a) for p in (3.2, 4.2, 5.5, 8, 12) for a in (35, 60, 120)]
    crosses = [("cross", p, a) for p in (3.5, 5, 7, 10, 14) for a in (20, 50)]
    sand = [("sand", p, 0) for p in (1.0, 1.4, 2)]
    patterns = [("pattern", p, a) for p in (8, 12, 17, 24) for a in (0, 45)]
    return [*dots, *lines, *hatches, *crosses, *sand, *patterns]  # type: ignore[list-item]


def _threshold(
    kind: Kind, pitch: float, angle: float, rng: np.random.Generator
) -> tuple[Screen, NDArray[np.uint16]]:
    """Make a screen, at the nearest frequency that a tile holds, and its ranks (fine, fine)."""
    turn = np.deg2rad(angle)
    u, v = round(SIDE / pitch * np.cos(turn)), round(SIDE / pitch * np.sin(turn))
    if (u, v) == (0, 0):
        u = 1
    made = Screen(kind, SIDE / float(np.hypot(u, v)), float(np.rad2deg(np.arctan2(v, u))))
    y, x = np.mgrid[:_FINE, :_FINE].astype(np.float32) * np.float32(2 * np.pi / _FINE)
    # Half a fine pixel of chance: marks that all begin on the same side of a pixel show as bands.
    x += rng.uniform(-np.pi, np.pi, x.shape).astype(np.float32) / _FINE
    y += rng.uniform(-np.pi, np.pi, y.shape).astype(np.float32) / _FINE
    along, across = u * x + v * y, u * y - v * x
    if kind == "sand":
        made = Screen(kind, pitch, 0)
        values = _noise(rng, pitch * OVERSAMPLING)
    elif kind == "hatch":
        values = _triangle(along + 0.6 * _noise(rng, _FINE / 3)) + 0.04 * _noise(rng, _FINE / 4)
    elif kind == "cross":
        wobble = 0.4 * _noise(rng, _FINE / 3)
        values = np.minimum(_triangle(along + wobble), _triangle(across - wobble))
    elif kind == "line":
        values = _triangle(along)
    elif kind == "pattern" and angle == 0:  # checks
        values = np.minimum(np.cos(along), np.cos(across)) + 0.5 * np.cos(along)
    else:
        values = np.cos(along) + np.cos(across)
    low, high = values.min(), values.max()
    coarse = ((values - low) * (65535 / (high - low))).astype(np.uint16)  # sorted by radix
    ranks = np.empty(values.size, np.uint16)
    ranks[np.argsort(coarse, axis=None, kind="stable")] = np.arange(values.size)
    return made, ranks.reshape(values.shape)


def _triangle(phase: NDArray[np.float32]) -> NDArray[np.float32]:
    """A wave of straight slopes, -1..1, of a phase in radians."""
    return np.asarray(1 - (2 / np.pi) * np.arccos(np.cos(phase)), np.float32)


def _noise(rng: np.random.Generator, grain: float) -> NDArray[np.float32]:
    """Periodic noise (fine, fine) of mean 0 and deviation 1; ``grain`` in fine pixels."""
    frequency = np.fft.fftfreq(_FINE)
    power = np.exp(-2 * (np.pi * grain / 3) ** 2 * (frequency[:, None] ** 2 + frequency**2))
    power[0, 0] = 0
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((_FINE, _FINE))) * power).real
    return np.asarray(noise / noise.std(), np.float32)


def _tones(ranks: NDArray[np.uint16], pitch: float) -> NDArray[np.uint8]:
    """Print a screen in all tones: (STEPS + 1, SIDE, SIDE) uint8."""
    printed = np.empty((STEPS + 1, SIDE, SIDE), np.uint8)
    margin = OVERSAMPLING
    reach = OVERSAMPLING * 3 // 2 if pitch < HARDLY_RESOLVED else OVERSAMPLING
    wrapped = np.pad(ranks, margin, mode="wrap")
    for step in range(STEPS + 1):
        paper = np.where(wrapped >= step * (_FINE**2 // STEPS), np.float32(255), np.float32(0))
        if pitch < SOFTENED:
            paper = cv2.blur(paper, (reach, reach))
        inner = paper[margin:-margin, margin:-margin]
        tile = cv2.resize(inner, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        printed[step] = np.rint(tile)
    return printed
