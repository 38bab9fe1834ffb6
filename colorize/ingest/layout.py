"""Which shard a picture goes into: decided by its id and by how full the shard is.

A picture has a place between 0 and 1 by a hash of its id. The shard of a split is an interval of
these places: all of them, halved as often as it takes until no part holds too many pictures. So
pictures that are added change the shards whose intervals they fall into, and no other.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from colorize.data.split import SPLITS, Split, place

DEPTH = 20
"""How often an interval can be halved: 5 hexadecimal digits, a million shards a split."""

_DIGITS = DEPTH // 4


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard to be.

    Attributes:
        split: whose it is.
        name: the split and the lower end of the interval in hexadecimal digits: ``train-80000``.
        records: the caller's numbers of the pictures, such as byte offsets of manifest lines, in
            the order of their places.
    """

    split: Split
    name: str
    records: NDArray[np.uint64]


class Layout:
    """Gathers pictures, 17 bytes each, and divides them into shards.

    Args:
        pictures: number, id and split of each.
        per_shard: pictures in a shard at the most; only places that agree in all digits stay
            together regardless.
    """

    def __init__(self, pictures: Iterable[tuple[int, str, Split]], *, per_shard: int) -> None:
        numbers, places, splits = array("Q"), array("Q"), array("B")
        for number, identity, split in pictures:
            numbers.append(number)
            places.append(place(identity))
            splits.append(SPLITS.index(split))
        self._per_shard = per_shard
        self._numbers, self._places = (np.frombuffer(a, np.uint64) for a in (numbers, places))
        self._splits = np.frombuffer(splits, np.uint8)

    def __len__(self) -> int:
        return len(self._numbers)

    def shards(self) -> Iterator[Shard]:
        """Yield every shard: first test's, then val's, then train's, by rising intervals."""
        for code, split in reversed(list(enumerate(SPLITS))):
            chosen = np.flatnonzero(self._splits == code)
            chosen = chosen[np.argsort(self._places[chosen], kind="stable")]
            places = self._places[chosen]
            for start, (low, high) in self._intervals(places, 0, 0, (0, len(places))):
                name = f"{split}-{start:0{_DIGITS}x}"
                yield Shard(split, name, self._numbers[chosen[low:high]])

    def _intervals(
        self, places: NDArray[np.uint64], start: int, depth: int, rows: tuple[int, int]
    ) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield lower end (in 2^-DEPTH) and rows of each interval with pictures in it."""
        low, high = rows
        if high == low:
            return
        if high - low <= self._per_shard or depth == DEPTH:
            yield start, rows
            return
        middle = start + (1 << (DEPTH - depth - 1))
        cut = low + int(np.searchsorted(places[low:high], np.uint64(middle << (64 - DEPTH))))
        for begin, part in zip((start, middle), pairwise((low, cut, high)), strict=True):
            yield from self._intervals(places, begin, depth + 1, part)
