"""Counts the colours of one shard: the function that workers of `quantise` run."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab, tones
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.prior import BinsOfColours
from colorize.data import shards

SAMPLED = 4
"""Step in rows and columns between the pixels that are counted by tone."""


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted.

    Attributes:
        pictures: how many.
        pixels: (Q,) by their nearest bin.
        tones: (T, Q) of every `SAMPLED`-th pixel of every `SAMPLED`-th row; see `tones.count`.
    """

    pictures: int
    pixels: NDArray[np.int64]
    tones: NDArray[np.float64]


@cache
def bins(step: int, neighbours: int) -> BinsOfColours:
    """Make the bins of a grid once a process: see `bin_centres` and `NeighbourTable.fit`."""
    return BinsOfColours(NeighbourTable.fit(bin_centres(step), neighbours))


def count(path: Path, *, step: int, neighbours: int, sigma: float) -> Count:
    """Count the pixels of a shard by ab bin, and some of them by tone as well.

    Args:
        path: of the shard.
        step: see `bins`.
        neighbours: see `bins`.
        sigma: of the soft encoding, in units of ab.

    Raises:
        DataError: it is damaged.
    """
    pictures = shards.read(path)
    counter = bins(step, neighbours)
    by_tone = np.zeros((tones.KNOTS, len(counter.table.centres)))
    for rgb in pictures:
        sample = lab.rgb_to_lab(np.ascontiguousarray(rgb[::SAMPLED, ::SAMPLED]))
        by_tone += tones.count(sample.reshape(-1, 3), counter.table, sigma)
    return Count(len(pictures), counter.count(pictures), by_tone)
