"""Finds paper: white areas that take no colour, and the lettering on them.

Letters in shapes: H and W of the page.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.paint.regions import lines

Mask = NDArray[np.uint8]

WHITE = 97.0
"""L above which a pixel may be paper, on a page whose white is white."""
DARKEST = 88.0
"""L of a scan's white below which it is not paper but a dark picture's brightest thing."""
GRAIN = 3.0
"""How far below the white of a scan, in L, its paper reaches."""
WHITEST_SHARE = 95.0
"""Percentile of L that is taken for the page's own white."""
INK = 35.0
"""L below which a mark that is surrounded by paper is lettering rather than a painted thing."""

PIXELS = 1_000_000
"""Pixels at most of a page while its paper is looked for."""

# Lengths in short sides of the page.
HOLE = 1 / 240
"""Paper is at least this wide: less is a highlight, or screentone."""
LETTER = 1 / 40
"""Marks on paper up to this width belong to it, as do gaps between marks."""
SIGN = 1 / 6
"""A sign, or signs that touch each other, is at most this long."""
DOT = 1 / 200
"""Marks up to this size are dots of a screentone where there are many."""

MARK = 65.0
"""L below which a pixel belongs to a mark; above it, marks that lie close have their edges."""

FLAT = 0.01
"""Share of flat mid-tones in a gap of the paper from which it holds a painted thing."""
DOTTED = 0.25
"""Share of dots in a gap's ink from which it holds screentone."""


def levelled(lightness: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Bring the paper of a scan to the white of pictures made on a screen.

    Args:
        lightness: (H, W), L in 0..100.
        white: L of the page's own white: see `white_of`.

    Returns:
        (H, W) float32, L in 0..100.
    """
    scaled: NDArray[np.float32] = lightness * np.float32(lab.L_MAX / white)
    return scaled.clip(0, lab.L_MAX)


def white_of(lightness: NDArray[np.float32]) -> float:
    """L of the own white of a page (H, W); 100 where the brightest areas are not paper."""
    white = float(np.percentile(lightness[::2, ::2], WHITEST_SHARE))
    return white if white >= DARKEST else lab.L_MAX


def whiteness(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell how much of each pixel is paper or lettering on it: balloons, gutters, margins.

    Paper is near white, flat and not tiny. Lettering that it encloses belongs to it, however
    closely its signs are set; so do other marks that are narrow, and gaps between parts of paper.

    Args:
        lightness: (H, W), L in 0..100.

    Returns:
        (H, W) float32 in 0..1.
    """
    size = lightness.shape[::-1]
    shrink = (PIXELS / lightness.size) ** 0.5
    if shrink < 1:
        smaller = [max(1, round(length * shrink)) for length in size]
        shrunk = cv2.resize(lightness, smaller, interpolation=cv2.INTER_AREA)
        lightness = np.asarray(shrunk, np.float32)
    bright = (lightness > min(WHITE, white_of(lightness) - GRAIN)).view(np.uint8)
    flat = ((bright | lines(lightness)) == 0) & (lightness > INK)
    short = min(lightness.shape)
    paper = _opened(bright, short * HOLE)
    lettered = _closed(paper | _lettering(lightness, paper, flat), short * LETTER)
    lettered[flat] = 0
    # One pixel more takes the grey rim of the enclosing line along, the blur makes it soft.
    grown = cv2.dilate(lettered, np.ones((3, 3), np.uint8)).astype(np.float32)
    soft = cv2.blur(grown, (3, 3))
    if shrink < 1:
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, np.float32)


def _lettering(lightness: NDArray[np.float32], paper: Mask, flat: NDArray[np.bool_]) -> Mask:
    """Mark the gaps of the paper (H, W) that hold lettering and nothing else.

    Such a gap has no flat mid-tone, which is a painted thing; no mark longer than a sign, as
    outlines are; no mass of ink, as dark hair is; and few dots, of which a screentone has many.
    """
    short = min(lightness.shape)
    count, gaps = cv2.connectedComponents(1 - paper, connectivity=8)
    ink = (lightness < MARK).view(np.uint8)
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    places = np.flatnonzero(ink)
    gap_of, mark_of = gaps.ravel()[places], marks.ravel()[places]
    thick = cv2.erode(ink, np.ones((max(3, round(short * LETTER)),) * 2, np.uint8), borderValue=0)
    longest = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    dots = boxes[:, cv2.CC_STAT_AREA] <= max(2.0, (short * DOT) ** 2)
    total = np.bincount(gap_of, minlength=count)
    lettering = np.bincount(gap_of[dots[mark_of]], minlength=count) <= DOTTED * total
    lettering[gap_of[longest[mark_of] > short * SIGN]] = False
    lettering[gaps[thick > 0]] = False
    area = np.bincount(gaps.ravel(), minlength=count)
    lettering[np.bincount(gaps[flat], minlength=count) > FLAT * area] = False
    for edge in (gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]):
        lettering[edge] = False
    lettering[0] = False
    return np.asarray(lettering.view(np.uint8)[gaps], np.uint8)


def _opened(mask: Mask, width: float) -> Mask:
    """Remove what is narrower than a disc of that width in pixels, at least 3."""
    return 1 - _closed(1 - mask, width)


def _closed(mask: Mask, width: float) -> Mask:
    """Fill what is narrower than a disc of that width in pixels, at least 3."""
    radius = max(3.0, width) / 2
    grown = (_distance(1 - mask) < radius).view(np.uint8)
    return (_distance(grown) >= radius).view(np.uint8)


def _distance(mask: Mask) -> NDArray[np.float32]:
    """Distance in pixels of each pixel of a mask to the nearest one outside it."""
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
