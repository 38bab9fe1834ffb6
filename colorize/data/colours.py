"""The colours of one shard: what a worker is given to count."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.colour import prior
from colorize.colour.encoding import NeighbourTable
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


def count(path: Path, table: NeighbourTable) -> Count:
    """Count the pixels of a shard by ab bin.

    Raises:
        DataError: it is damaged.
    """
    pictures = shards.read(path)
    return Count(len(pictures), prior.count(pictures, table))
