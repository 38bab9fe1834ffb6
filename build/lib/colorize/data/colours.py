"""The colours of one shard: what a worker is given to count."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.prior import BinsOfColours
from colorize.data import shards


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted.

    Attributes:
        pictures: how many.
        pixels: (Q,) by their nearest bin.
    """

    pictures: int
    pixels: NDArray[np.int64]


@cache
def bins(step: int, neighbours: int) -> BinsOfColours:
    """Make the bins of a grid once a process: see `bin_centres` and `NeighbourTable.fit`."""
    return BinsOfColours(NeighbourTable.fit(bin_centres(step), neighbours))


def count(path: Path, *, step: int, neighbours: int) -> Count:
    """Count the pixels of a shard by ab bin.

    Args:
        path: of the shard.
        step: see `bins`.
        neighbours: see `bins`.

    Raises:
        DataError: it is damaged.
    """
    pictures = shards.read(path)
    return Count(len(pictures), bins(step, neighbours).count(pictures))
