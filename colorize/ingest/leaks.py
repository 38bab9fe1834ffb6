"""Which pictures are left out, so that no two splits hold copies of one picture.

One of several pictures with the same pixels is kept. Near copies may share a split, but one in
`train` gives way to one in `val` or `test`, one in `val` to one in `test`. Only pairs count, so
likeness never chains into large groups, and no picture ever changes its split.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from colorize.data import shards
from colorize.data.split import SPLITS, Split
from colorize.ingest import copies
from colorize.ingest.prepare import Prepared

PRECEDENCE = SPLITS[::-1]
"""The split that comes first keeps its picture."""

Row: TypeAlias = tuple[Path, int]
"""A prepared shard's file and a row of it."""

Pair: TypeAlias = tuple[int, Row, Row]
"""Position of the picture that might give way, where it is, and where the other one is."""

MOST = 32
"""Most candidates that a picture is compared with, the nearest first: caps the cost."""

_ASKED = 512  # hashes looked up at once
_PAIRS = 256  # pairs that a worker compares at once


@dataclass(frozen=True, slots=True)
class Held:
    """A prepared shard without the data of its single pictures."""

    split: Split
    name: str
    path: Path
    rows: slice


class Register:
    """Remembers 25 bytes of every usable picture.

    Attributes:
        shards: those with pictures in them, and which positions in the register are theirs.
    """

    def __init__(self) -> None:
        self.shards: list[Held] = []
        self._digests, self._hashes, self._ranks = array("Q"), array("Q"), array("B")

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, shard: Prepared) -> None:
        """Take note of a shard; those of a split that comes first in `PRECEDENCE` come first."""
        begin = len(self)
        self._hashes.extend(shard.hashes)
        for digest in shard.digests:
            self._digests.extend(digest)
        self._ranks.extend([PRECEDENCE.index(shard.split)] * len(shard.ids))
        if shard.ids:
            rows = slice(begin, len(self))
            self.shards.append(Held(shard.split, shard.name, shard.path, rows))

    def repeated(self) -> NDArray[np.bool_]:
        """Mark the pictures whose pixels occur earlier in the register: (n,)."""
        return copies.repeated(np.frombuffer(self._digests, np.uint64).reshape(-1, 2))

    def leaking(
        self, present: NDArray[np.bool_], spread: Callable[..., Iterator[list[int]]]
    ) -> NDArray[np.bool_]:
        """Tell which pictures are near copies of one in a split of higher precedence: (n,).

        Args:
            present: (n,), the pictures that count.
            spread: `each`, but for function and items.
        """
        leaks = np.zeros(len(self), bool)
        for found in spread(compare, self._tasks(present)):
            leaks[found] = True
        return leaks

    def _tasks(self, present: NDArray[np.bool_]) -> Iterator[list[Pair]]:
        hashes = np.frombuffer(self._hashes, np.uint64)
        ranks = np.frombuffer(self._ranks, np.uint8)
        ends = [shard.rows.stop for shard in self.shards]
        for rank in range(1, len(PRECEDENCE)):
            known = np.flatnonzero(present & (ranks < rank))
            asking = np.flatnonzero(present & (ranks == rank))
            index = copies.Index(hashes[known])
            for begin in range(0, len(asking), _ASKED):
                chunk = asking[begin : begin + _ASKED]
                pairs = index.nearest(hashes[chunk], MOST)
                found = np.column_stack([chunk[pairs[:, 0]], known[pairs[:, 1]]]).tolist()
                for first in range(0, len(found), _PAIRS):
                    part = found[first : first + _PAIRS]
                    yield [(m, self._row(m, ends), self._row(o, ends)) for m, o in part]

    def _row(self, position: int, ends: list[int]) -> Row:
        shard = self.shards[bisect_right(ends, position)]
        return shard.path, position - shard.rows.start


def compare(pairs: list[Pair]) -> list[int]:
    """Give the first number of each pair whose pictures are copies of one."""
    return [number for number, one, other in pairs if copies.alike(_picture(one), _picture(other))]


def _picture(row: Row) -> NDArray[np.uint8]:
    path, number = row
    picture: NDArray[np.uint8] = shards.read(path)[number]
    return picture
