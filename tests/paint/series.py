"""A drawn series: pages with three characters in changing places and sizes."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour.lab import lab_to_rgb, rgb_to_lab

RGB = NDArray[np.uint8]
Colour = tuple[int, int, int]

CHARACTERS: tuple[dict[str, Colour], ...] = (
    {"hair": (110, 60, 30), "skin": (245, 205, 175), "coat": (200, 60, 60)},
    {"hair": (235, 200, 90), "skin": (200, 150, 120), "coat": (60, 90, 160)},
    {"hair": (60, 50, 90), "skin": (225, 180, 150), "coat": (90, 150, 90)},
)


class Part(NamedTuple):
    """A part of a character on a page: its name, its true colour, and where it is flat."""

    name: str
    color: Colour
    row: int
    column: int


def draw(page: int, *, height: int = 420, width: int = 300) -> tuple[RGB, RGB, list[Part]]:
    """Draw a page: in colour (H, W, 3), as a grey page (H, W, 3), and its parts."""
    random = np.random.default_rng([7, page])
    rgb = np.full((height, width, 3), 252, np.uint8)
    parts = []
    for place, number in enumerate(random.permutation(len(CHARACTERS))):
        look = CHARACTERS[number]
        size = int(random.integers(20, 31))
        x = int(random.integers(size + 20, width - size - 20))
        y = int(48 + place * 140 + random.integers(-5, 6))
        shapes = {
            "coat": ((x, y + 2 * size), (int(1.1 * size), size)),
            "hair": ((x, y - size // 3), (size, size)),
            "skin": ((x, y + size // 4), (int(0.75 * size), int(0.8 * size))),
        }
        for name, (centre, axes) in shapes.items():
            cv2.ellipse(rgb, centre, axes, 0, 0, 360, look[name], -1)
            cv2.ellipse(rgb, centre, axes, 0, 0, 360, (20, 20, 20), 2)
        flat = {
            "coat": (y + 2 * size + size // 3, x),
            "hair": (y - size, x),
            "skin": (y + size // 4, x),
        }
        for name, (row, column) in flat.items():
            color: Colour = look[name]
            parts.append(Part(f"{number} {name}", color, row, column))
    lab = rgb_to_lab(rgb)
    lab[..., 1:] = 0
    return rgb, lab_to_rgb(lab), parts
