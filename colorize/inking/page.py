"""A manga page of a coloured picture, with what it should look like once it is coloured."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking import balloons, effects, lines, panels, regions, tones
from colorize.inking.lettering import Letters
from colorize.inking.overlay import Overlay
from colorize.inking.params import InkingParams
from colorize.inking.regions import Regions
from colorize.inking.screens import Screens

Kind = Literal["toned", "lines"]
KINDS: tuple[Kind, ...] = ("toned", "lines")

UNIT_SIDE = 480
"""Pixels of the side of a square picture whose thin lines are one pixel wide; never thinner."""
RADIUS = (13.0, 25.0)
"""Distance in Lab, L weighing less, within which colours are one region."""
COVERED = 255
"""Value of an overlay that lets nothing of the art through."""
INK, PAPER = 128, 240
"""Values below which a pixel of the clean page is ink, and from which it is paper."""


@dataclass(frozen=True, slots=True)
class Inked:
    """A page and its truth, all of one height and width.

    Attributes:
        page: (H, W) uint8: what a scanner would give, and the network sees.
        target: (H, W, 3) uint8 sRGB: the picture with balloons and gutters pasted in, under the
            page's lines, blacks and lettering, but without its tones.
        ink: (H, W) bool: lines, blacks and lettering.
        paper: (H, W) bool: white both in the page and in the target.
        balloon: (H, W) bool: balloons and captions, lettering included, where no art shows.
        gutter: (H, W) bool: between panels, where no art shows.
    """

    page: NDArray[np.uint8]
    target: NDArray[np.uint8]
    ink: NDArray[np.bool_]
    paper: NDArray[np.bool_]
    balloon: NDArray[np.bool_]
    gutter: NDArray[np.bool_]

    @property
    def art(self) -> NDArray[np.bool_]:
        """(H, W) bool: the pixels that are neither ink nor paper."""
        return ~(self.ink | self.paper)


@dataclass(frozen=True)
class Inker:
    """Makes pages. It holds screens and signs, and nothing that changes.

    Attributes:
        params: how.
    """

    params: InkingParams = field(default_factory=InkingParams)
    screens: Screens = field(default_factory=Screens, repr=False)
    letters: Letters = field(default_factory=Letters, repr=False)

    def ink(
        self,
        rgb: NDArray[np.uint8],
        key: Sequence[int],
        *,
        kind: Kind = "toned",
        unit: float | None = None,
    ) -> Inked:
        """Make a page of a picture; the same key gives the same bytes.

        Args:
            rgb: (H, W, 3) uint8 sRGB, at least a pixel.
            key: whole numbers of at least 0, such as seed, epoch and number of the picture.
            kind: with tones, or with lines alone.
            unit: pixels that a thin line is wide, 0.5 to 16; else by the picture's size.

        Raises:
            ValueError: an argument has another form or is out of range.
        """
        _check(rgb, kind, unit)
        # Values of lines, tones and scans change nothing in the others' parts: each has a stream.
        # Solids share one with effects, and panels with balloons.
        words = np.random.SeedSequence(list(key)).generate_state(6, np.uint64)
        rngs = [np.random.Generator(np.random.PCG64(int(word))) for word in words]
        height, width = rgb.shape[:2]
        unit = unit or unit_of(rgb)
        found = regions.segment(rgb, radius=rngs[0].uniform(*RADIUS), unit=unit)
        bare = 255 - lines.extract(
            rgb, found, lines.Pen.draw(rngs[1], self.params.blend), unit=unit
        )
        art = self._art(found, bare, rngs[2], rngs[3], kind, unit)
        overlay = Overlay.empty(height, width)
        panels.add(overlay, rngs[4], self.params, unit=unit)
        balloons.add(overlay, art[1], self.letters, rngs[4], self.params, unit=unit)
        if rngs[3].random() < self.params.effect_chance / 3:
            balloons.sound(overlay, self.letters, rngs[3], unit=unit)
        made = compose(rgb, *art, overlay)
        return replace(made, page=effects.scan(made.page, rngs[5], self.params))

    def _art(
        self,
        found: Regions,
        bare: NDArray[np.uint8],
        rng: np.random.Generator,
        chance: np.random.Generator,
        kind: Kind,
        unit: float,
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Add tones and effects to lines (H, W): print, and ink alone, uint8, 255 being paper."""
        if kind == "lines":
            return bare, bare
        toned = tones.lay(found, rng, self.params, self.screens, unit=unit)
        if toned.solid.any():
            bare = _with_solids(bare, toned.solid, chance, unit)
        effect = chance.random()
        share = self.params.effect_chance / 3
        if effect < share:
            bare = np.minimum(bare, 255 - effects.speed(found, chance, unit=unit))
        elif effect < 2 * share:
            bare = np.maximum(bare, effects.highlights(bare.shape, chance, unit=unit))
        toned.print[toned.solid] = 255  # they are in ``bare``, with white lines in them
        return np.asarray(cv2.multiply(toned.print, bare, scale=1 / 255), np.uint8), bare


def unit_of(rgb: NDArray[np.uint8]) -> float:
    """Pixels that a thin line is wide in a picture (H, W, 3), by its size."""
    return max(1.0, float(np.sqrt(rgb.shape[0] * rgb.shape[1])) / UNIT_SIDE)


def compose(
    rgb: NDArray[np.uint8],
    printed: NDArray[np.uint8],
    bare: NDArray[np.uint8],
    overlay: Overlay,
) -> Inked:
    """Lay an overlay over art and truth alike.

    Args:
        rgb: (H, W, 3) uint8 sRGB: the picture.
        printed: (H, W) uint8: its lines, blacks and tones, 255 being paper.
        bare: (H, W) uint8: its lines and blacks alone.
        overlay: balloons, gutters and sounds.
    """
    printed, bare = _cover(printed, overlay), _cover(bare, overlay)
    target = cv2.max(rgb, cv2.merge([overlay.paper] * 3)) if overlay.paper.any() else rgb
    target = np.asarray(cv2.multiply(target, cv2.merge([bare] * 3), scale=1 / 255), np.uint8)
    red, green, blue = cv2.split(target)
    white = np.asarray(cv2.min(cv2.min(red, green), cv2.min(blue, printed))) >= PAPER
    return Inked(
        page=printed,
        target=target,
        ink=bare < INK,
        paper=white,
        balloon=overlay.balloon == COVERED,
        gutter=overlay.gutter == COVERED,
    )


def _cover(art: NDArray[np.uint8], overlay: Overlay) -> NDArray[np.uint8]:
    """Lay white paper and black ink over a print."""
    return np.asarray(cv2.min(cv2.max(art, overlay.paper), 255 - overlay.ink), np.uint8)


def _with_solids(
    bare: NDArray[np.uint8],
    solid: NDArray[np.bool_],
    rng: np.random.Generator,
    unit: float,
) -> NDArray[np.uint8]:
    """Fill blacks (H, W); lines inside them are lost, or left white."""
    black = solid.view(np.uint8) * np.uint8(255)
    filled = cv2.min(bare, 255 - np.asarray(cv2.GaussianBlur(black, (3, 3), 0)))
    if rng.random() < 0.5:
        side = 2 * round(2 * unit) + 1
        inside = cv2.erode(black, np.ones((side, side), np.uint8), borderValue=0)
        filled = cv2.max(filled, cv2.multiply(inside, 255 - bare, scale=0.9 / 255))
    return np.asarray(filled, np.uint8)


def _check(
    rgb: NDArray[np.uint8],
    kind: Kind,
    unit: float | None,
) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(f"a picture must be uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if unit is not None and not 0.5 <= unit <= 16:
        raise ValueError(f"unit must be at least 0.5 and at most 16, not {unit!r}")
