"""Colour regions of a picture: the areas that an artist would fill with one tone each.

A palette is read off the picture's own histogram of colours, lightness weighing less than hue, so
that light and shadow of one material stay together. Pixels whose whole neighbourhood has one colour
of the palette are the cores of regions; everything else (outlines, anti-aliased edges, specks)
joins the nearest core.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LIGHTNESS_WEIGHT = 0.4
"""Of L against a and b in the distance of two colours."""
LARGEST_PALETTE = 24
SMALLEST_CORE = 32.0
"""Area of the smallest core, in squared units."""
BLACK = 50
"""8-bit L below which a stroke is an outline."""
_SHIFT_L, _SHIFT_AB = 4, 3  # histogram cells of 6.3 in L and 8 in a and b
_SIZE_AB = 256 >> _SHIFT_AB
_CELLS = (256 >> _SHIFT_L) * _SIZE_AB**2


@dataclass(frozen=True, slots=True)
class Regions:
    """Where the regions of a picture (H, W) lie, and what colours they have.

    Attributes:
        number: (H, W) int32 in 0..n-1: the region of each pixel.
        colour: (n,) intp: which colour of the palette a region has.
        area: (n,) float64: its share of the picture.
        lab: (n, 3) float64: its mean colour, L in 0..100.
        lightness: (H, W) uint8: L of the smoothed picture, 0..255 for 0..100.
        smooth: (H, W, 3) uint8: Lab of it in 8 bits, as OpenCV scales it.
        border: (H, W) uint8: 1 where the pixel to the left or above is of another region, else 0.
    """

    number: NDArray[np.int32]
    colour: NDArray[np.intp]
    area: NDArray[np.float64]
    lab: NDArray[np.float64]
    lightness: NDArray[np.uint8]
    smooth: NDArray[np.uint8]
    border: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.colour)


def segment(rgb: NDArray[np.uint8], *, radius: float = 18.0, unit: float = 1.0) -> Regions:
    """Divide a picture into colour regions.

    Args:
        rgb: (H, W, 3) uint8 sRGB.
        radius: distance in weighted Lab within which colours count as one.
        unit: pixels that a thin line is wide.
    """
    smooth = cv2.medianBlur(rgb, 5 if unit > 2 else 3)
    # 8-bit Lab is exact enough for cells of 8, and takes a tenth of the time of colour.lab.
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.uint8)
    lightness, a, b = (np.ascontiguousarray(lab[..., channel]) for channel in range(3))
    colours = _palette(lightness, a, b, radius)
    number, colour = _components(colours, lightness, unit)
    flat, count = number[::2].ravel(), len(colour)  # cores are wider than a row
    pixels = np.maximum(np.bincount(flat, minlength=count), 1)
    means = np.stack(
        [np.bincount(flat, c[::2].ravel(), count) / pixels for c in (lightness, a, b)], -1
    )
    means = (means - [0, 128, 128]) * [100 / 255, 1, 1]
    border = np.zeros(number.shape, np.uint8)
    border[:, 1:] = number[:, 1:] != number[:, :-1]
    border[1:] |= number[1:] != number[:-1]
    return Regions(
        number=number,
        colour=colour,
        area=pixels / flat.size,
        lab=means,
        lightness=lightness,
        smooth=lab,
        border=border,
    )


def _palette(
    lightness: NDArray[np.uint8], a: NDArray[np.uint8], b: NDArray[np.uint8], radius: float
) -> NDArray[np.uint8]:
    """Name the nearest of the picture's main colours for each pixel: (H, W) uint8."""
    cells = (lightness >> _SHIFT_L).astype(np.uint16)
    cells *= _SIZE_AB
    cells += a >> _SHIFT_AB
    cells *= _SIZE_AB
    cells += b >> _SHIFT_AB
    counts = np.bincount(cells.ravel(), minlength=_CELLS)
    (found,) = np.nonzero(counts)
    weight = counts[found]
    place = np.stack(
        [
            (found // _SIZE_AB**2) * (LIGHTNESS_WEIGHT * 100 / (256 >> _SHIFT_L)),
            (found // _SIZE_AB % _SIZE_AB) * (256.0 / _SIZE_AB),
            (found % _SIZE_AB) * (256.0 / _SIZE_AB),
        ]
    ).astype(np.float32)  # (3, n)
    left = weight.copy()
    nearest = np.zeros(len(found), np.uint8)
    best = np.full(len(found), np.inf, np.float32)
    for number in range(LARGEST_PALETTE):
        heaviest = int(left.argmax())
        if left[heaviest] == 0:
            break
        distance = ((place - place[:, heaviest, None]) ** 2).sum(0)
        closer = distance < best
        nearest[closer] = number
        best = np.minimum(best, distance)
        left[distance <= radius**2] = 0
    table = np.zeros(_CELLS, np.uint8)
    table[found] = nearest
    named: NDArray[np.uint8] = table[cells]
    return named


def _components(
    colours: NDArray[np.uint8], lightness: NDArray[np.uint8], unit: float
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Number the connected regions (H, W) from 0, and give the colour of each (n,)."""
    kernel = np.ones((_odd(1.2 * unit + 2),) * 2, np.uint8)
    core = (cv2.erode(colours, kernel) == cv2.dilate(colours, kernel)).view(np.uint8)
    # A black stroke is an outline, however bold; only wider blacks are areas.
    black = (lightness < BLACK).view(np.uint8)
    bold = np.ones((_odd(5 * unit + 2),) * 2, np.uint8)
    core[black > cv2.morphologyEx(black, cv2.MORPH_OPEN, bold)] = 0
    # Two cores that touch have the same colour, so one call numbers all colours' components.
    count, number, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] >= SMALLEST_CORE * unit**2
    large[0] = False
    if not large.any():
        return np.zeros(colours.shape, np.int32), np.array([np.bincount(colours.ravel()).argmax()])
    new = np.zeros(count, np.int32)
    new[large] = np.arange(1, large.sum() + 1)
    number = new[number]
    colour = np.zeros(int(large.sum()) + 1, np.intp)
    colour[number] = colours  # all pixels of a core agree
    return _fill(number) - 1, colour[1:]


def _fill(number: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give each pixel of number 0 the number of the nearest other pixel."""
    if number.all():
        return number
    _, zone = cv2.distanceTransformWithLabels(
        (number == 0).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_zone = np.zeros(int(zone.max()) + 1, np.int32)
    core = number > 0
    of_zone[zone[core]] = number[core]
    filled: NDArray[np.int32] = of_zone[zone]
    return filled


def _odd(size: float) -> int:
    """Round to an odd whole number of at least 3."""
    return max(3, int(size / 2) * 2 + 1)
