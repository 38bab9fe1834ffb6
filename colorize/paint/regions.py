"""Settles each region between lines on one colour.

A network decides pixel by pixel and leaves blotches inside an area that was meant to be flat. The
median colour of the area forgets them, and the colours that bled into it over a line.

Letters in shapes: H and W of the picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

LINE = 6.0
"""Range of L within 3 x 3 pixels from which a pixel counts as a line or an edge."""

SAMPLES = 1 << 17
"""Pixels of a picture, about, that medians are taken of: colours change slowly, sorting is slow."""

SMALLEST = 12
"""Samples of a region below which their median says little."""

BLOTCHY, MOTLEY = 10.0, 20.0
"""Root mean square distance from the median, in ab, below which a region is settled wholly, and
above which not at all: it holds several things that no line separates."""

REACH = 2.0
"""Pixels into the line around a region that take its colour; further in, the line keeps its own."""

_SIGNLESS = np.int32(0x7FFFFFFF)


def lines(lightness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mark the lines and edges of L (H, W): 1 on them, 0 where it is flat."""
    window = np.ones((3, 3), np.uint8)
    contrast = cv2.dilate(lightness, window) - cv2.erode(lightness, window)
    return (contrast > LINE).astype(np.uint8)


def settle(lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each region between lines its median colour, as far as its colours agree.

    Args:
        lightness: (H, W), L in 0..100.
        ab: (H, W, 2) float32.

    Returns:
        (H, W, 2) float32.
    """
    distance, regions = cv2.distanceTransformWithLabels(
        lines(lightness), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    step = max(1, round((lightness.size / SAMPLES) ** 0.5))
    sampled = (slice(step // 2, None, step),) * 2
    inside = distance[sampled] == 0
    table = medians(regions[sampled][inside], ab[sampled][inside], int(regions.max()) + 1)
    target = table[regions]  # (H, W, 3)
    share = target[..., 2:] * np.clip(1 + REACH - distance, 0, 1)[..., None]  # (H, W, 1)
    settled: NDArray[np.float32] = ab + share * (target[..., :2] - ab)
    return settled


def medians(
    regions: NDArray[np.int32], colours: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Find each region's median and the share, 0..1, that it shall have of the colour there.

    Args:
        regions: (n,) the region of each sample.
        colours: (n, K) its colour, such as ab.
        count: of regions; the last one has the number ``count - 1``.

    Returns:
        (count, K + 1) float32: the median by channel, and the share.
    """
    sizes = np.bincount(regions, minlength=count)
    middles = np.cumsum(sizes) - sizes + sizes // 2  # in an order by region, then value
    channels = colours.shape[1]
    table = np.zeros((count, channels + 1), np.float32)
    large = sizes >= SMALLEST
    for axis in range(channels):
        # One number of region and value sorts several times faster than pairs of them do.
        bits = np.ascontiguousarray(colours[:, axis], np.float32).view(np.int32)
        ordered = bits ^ ((bits >> 31) & _SIGNLESS)  # in the order of the floats
        code = np.sort((regions.astype(np.int64) << 32) + ordered)[middles[large]]
        bits = code.astype(np.int32)  # the lower half
        table[large, axis] = (bits ^ ((bits >> 31) & _SIGNLESS)).view(np.float32)
    squared = ((colours - table[regions, :channels]) ** 2).sum(axis=1)
    spread = np.sqrt(np.bincount(regions, squared, count)[large] / sizes[large])
    table[large, channels] = np.clip((MOTLEY - spread) / (MOTLEY - BLOTCHY), 0, 1)
    return table
