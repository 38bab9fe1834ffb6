"""The colour layer that lies under a page's ink: the definition, in numpy.

A painted page is T = C P, channel by channel in sRGB: the page P, 1 where its paper is bare and 0
where it is black, times the layer C. P is given; C is what is to be learned. In a block of pixels
that shares one C, the least-squares solution is sum(T P) / sum(P P).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DARKEST_PAPER, LIGHTEST_INK = 160, 96
"""Paper is taken to be no darker and ink no lighter than this, whatever a page shows."""


class Layer(NamedTuple):
    """A layer of h x w blocks.

    Attributes:
        rgb: (h, w, 3) float32 sRGB in 0..1; 0 where the weight is.
        weight: (h, w) float32 in 0..1: the mean square of the block's page. Ink weighs nothing,
            for any colour below it gives the same black.
    """

    rgb: NDArray[np.float32]
    weight: NDArray[np.float32]


def levelled(page: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Stretch a page so that its ink becomes 0 and its paper 1: (H, W) uint8 -> float32.

    Ink and paper are the 1st and 99th percentiles of all values.
    """
    ink, paper = np.percentile(page, [1, 99])
    ink, paper = min(ink, LIGHTEST_INK), max(paper, DARKEST_PAPER)
    table = np.clip((np.arange(256) - ink) / (paper - ink), 0, 1).astype(np.float32)
    levels: NDArray[np.float32] = table[page]
    return levels


def fit(target: NDArray[np.uint8], page: NDArray[np.float32], *, stride: int = 4) -> Layer:
    """Find the layer that best gives the target under the page.

    Args:
        target: (H, W, 3) uint8 sRGB: what the painted page should be.
        page: (H, W) float32 in 0..1, as `levelled` gives it.
        stride: pixels of a block's side. Blocks at the right and lower edge may be cut: h and w
            are H and W over the stride, rounded up.

    Raises:
        ValueError: the stride is below 1, or the sizes differ.
    """
    if stride < 1 or target.shape[:2] != page.shape:
        raise ValueError(f"cannot fit blocks of {stride} to {target.shape} and {page.shape}")
    exact = page.astype(np.float64)
    square = _block_sums(exact * exact, stride)
    area = _block_sums(np.ones_like(exact), stride)
    cross = np.stack(
        [_block_sums(exact * channel / 255, stride) for channel in np.moveaxis(target, -1, 0)], -1
    )
    rgb = np.divide(cross, square[..., None], out=np.zeros_like(cross), where=square[..., None] > 0)
    # In one dimension, the best of an interval is the optimum clipped to it.
    return Layer(np.clip(rgb, 0, 1).astype(np.float32), (square / area).astype(np.float32))


def _block_sums(values: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """Sum (H, W) over blocks: (h, w)."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], stride), axis=0)
    sums: NDArray[np.float64] = np.add.reduceat(rows, np.arange(0, values.shape[1], stride), axis=1)
    return sums
