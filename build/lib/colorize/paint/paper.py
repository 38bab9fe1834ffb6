"""What is paper: white areas that take no colour, and pages that have their colours already.

Letters in shapes: H and W of the page.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.imaging.chroma import MID_TONES, TONE_DEGREE
from colorize.paint.regions import lines

WHITE = 97.0
"""L above which a pixel may be paper, on a page whose white is white."""
DARKEST = 88.0
"""L of a scan's white below which it is no paper, but a dark picture's brightest thing."""
GRAIN = 3.0
"""How far below the white of a scan, in L, its paper reaches."""
WHITEST_SHARE = 95.0
"""Percentile of L that is taken for the page's own white."""
INK = 35.0
"""L below which a mark that is surrounded by paper is lettering, and no painted thing."""

HOLE = 1 / 240
"""Paper is at least this wide, in short sides of the page: less is a highlight, or screentone."""
LETTER = 1 / 40
"""A line of lettering on paper is at most this wide, in short sides of the page."""

CHROMA = 5.0
"""Distance from the tone curve, in ab, from which a pixel counts as coloured."""
COLOURED_SHARE = 2.0
"""Percentage of the mid-tones that has to be coloured for a page to be taken as coloured."""
LOOKED_AT = 256
"""Pixels of the long side at which colours are looked for: grain and JPEG blocks are gone."""
BLUR = 5
"""Pixels over which the fringes of a scanner's misaligned channels cancel out."""
FEWEST = 20
"""Mid-tone pixels below which nothing can be said, and nothing is coloured."""


def levelled(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the paper of a scan to the white of pictures made on a screen.

    Args:
        lightness: (H, W), L in 0..100.

    Returns:
        (H, W) float32, L in 0..100.
    """
    scaled: NDArray[np.float32] = lightness * np.float32(lab.L_MAX / _white(lightness))
    return scaled.clip(0, lab.L_MAX)


def _white(lightness: NDArray[np.float32]) -> float:
    """L of a page's own white; 100 where what is brightest is no paper."""
    white = float(np.percentile(lightness, WHITEST_SHARE))
    return white if white >= DARKEST else lab.L_MAX


def whiteness(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell how much of each pixel is paper or lettering on it: balloons, gutters, margins.

    Paper is near white, flat and not tiny; the ink that it encloses belongs to it.

    Args:
        lightness: (H, W), L in 0..100.

    Returns:
        (H, W) float32 in 0..1.
    """
    bright = lightness > min(WHITE, _white(lightness) - GRAIN)
    short = min(lightness.shape)
    paper = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_OPEN, window(short * HOLE))
    lettered = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, window(short * LETTER))
    painted = ~bright & (lightness > INK) & (lines(lightness) == 0)
    lettered[painted] = 0
    # One pixel more takes the grey rim of the enclosing line along, the blur makes it soft.
    grown = cv2.dilate(lettered, window(3)).astype(np.float32)
    return np.asarray(cv2.blur(grown, (3, 3)), np.float32)


def window(width: float) -> NDArray[np.uint8]:
    """Square to grow and shrink areas with: of an odd width in pixels, at least 3."""
    side = max(3, 2 * round((width - 1) / 2) + 1)
    return np.ones((side, side), np.uint8)


def is_coloured(rgb: NDArray[np.uint8]) -> bool:
    """Tell a coloured page from a grey one, whatever its paper's tint, its grain and its fringes.

    In a grey scan L explains the colour: a tinted paper gives each L one ab, more of it towards a
    side that has yellowed. So ab is fitted by a cubic of L, and by L times the position; a page is
    coloured where enough of it lies far from the fit. Illustrations leave 6 and more in their most
    coloured fiftieth, grey pages with tint, noise and JPEG at quality 50 at most 3.5.

    Args:
        rgb: (H, W, 3) uint8.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, LOOKED_AT / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    pixels = cv2.blur(lab.rgb_to_lab(small), (BLUR, BLUR)).reshape(-1, 3)
    y, x = np.meshgrid(np.linspace(-1, 1, size[1]), np.linspace(-1, 1, size[0]), indexing="ij")
    low, high = MID_TONES
    middle = (pixels[:, 0] > low) & (pixels[:, 0] < high)
    if middle.sum() < FEWEST:
        return False
    tone = pixels[middle, :1] / lab.L_MAX  # (n, 1)
    place = tone * np.column_stack([x.ravel(), y.ravel()])[middle]  # (n, 2)
    terms = np.column_stack([tone**power for power in range(TONE_DEGREE + 1)] + [place])
    fit = np.linalg.lstsq(terms, pixels[middle, 1:], rcond=None)[0]  # (6, 2)
    rest = np.hypot(*(pixels[middle, 1:] - terms @ fit).T)
    return bool(np.percentile(rest, 100 - COLOURED_SHARE) > CHROMA)
