"""Pages of one story: the same characters in changing poses, moods and sizes, with labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.sources.panels import avatars, emoji, labels, layouts, panel
from colorize.sources.panels.labels import Labels, Part
from colorize.sources.panels.layouts import Frame
from colorize.sources.panels.pieces import PARTS, Credit, Figure
from colorize.sources.panels.usual import Usual

WIDTH, HEIGHT = 800, 1132
BORDER = 0.0025
"""Width of a panel's border, in units of the page's width."""


@dataclass(frozen=True, slots=True)
class Page:
    """A coloured page.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB: panels with black borders on white.
        labels: of the page; a part has the same number on all pages.
        frames: of its panels.
        credits: of all whose work is in it.
    """

    rgb: NDArray[np.uint8]
    labels: Labels
    frames: tuple[Frame, ...]
    credits: tuple[Credit, ...]


def series(
    *, seed: int, pages: int, characters: int, width: int = WIDTH, height: int = HEIGHT
) -> Iterator[Page]:
    """Draw pages on which the same characters appear.

    Args:
        seed: another one tells another story.
        pages: how many; raising it adds pages and changes none.
        characters: how many take part, 1 to `labels.MOST_FIGURES`; others change nobody.
        width: of a page in pixels, as ``height``.
        height: at least the width.

    Raises:
        ValueError: there are too few or too many characters.
    """
    if not 1 <= characters <= labels.MOST_FIGURES:
        raise ValueError(f"characters must be 1 to {labels.MOST_FIGURES}, not {characters}")
    cast = [_member(Random(f"cast-{seed}-{n}")) for n in range(characters)]  # noqa: S311
    for number in range(pages):
        yield draw(Random(f"page-{seed}-{number}"), cast, width, height)  # noqa: S311  # no secret


def _member(random: Random) -> Figure:
    """Invent somebody who has all parts."""
    usual = Usual()  # colours that tell the members apart
    while True:
        invent = avatars.character if random.random() < 0.6 else emoji.person
        figure = invent(random, usual)
        if len(figure(Random(0), "f", 0.01).parts) == len(PARTS):  # noqa: S311
            return figure


def draw(random: Random, cast: Sequence[Figure], width: int, height: int) -> Page:
    """Draw one page, on which some of the cast appear."""
    frames = layouts.frames(random, width, height)
    rgb = np.full((height, width, 3), 255, np.uint8)
    numbers = np.zeros((height, width), np.uint8)
    parts: dict[int, Part] = {}
    credits: dict[Credit, None] = {}
    for frame in frames:
        drawn = panel.draw(random, aspect=frame.width / frame.height, cast=cast)
        found = labels.label(drawn, frame.height)
        rgb[frame.rows, frame.columns] = drawn.rgb(frame.height)
        numbers[frame.rows, frame.columns] = found.numbers
        parts |= found.parts
        credits |= dict.fromkeys(drawn.credits)
    border(rgb, frames)
    border(numbers, frames)  # no label under it
    return Page(rgb, Labels(numbers, parts), frames, tuple(credits))


def border(page: NDArray[np.uint8], frames: Sequence[Frame]) -> None:
    """Draw black borders around panels onto a page (H, W) or (H, W, 3)."""
    thick = max(1, round(BORDER * page.shape[1]))
    for frame in frames:
        corner = (frame.left + frame.width - 1, frame.top + frame.height - 1)
        cv2.rectangle(page, (frame.left, frame.top), corner, (0, 0, 0), thick)
