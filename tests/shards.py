"""Shards for tests that need no resize stage."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.data import shards
from colorize.data.split import SPLITS, Split


def lay_test_split(root: Path, pictures: Iterable[NDArray[np.uint8]]) -> None:
    """Write pictures as the test split that the resize stage leaves."""
    writer = ShardWriter(root / "data" / "resized", per_shard=8)
    for number, rgb in enumerate(pictures):
        writer.add(str(number), "test", rgb)
    writer.close()


class ShardWriter:
    """Collects pictures and writes them in order, ``per_shard`` to each file."""

    def __init__(self, folder: Path, *, per_shard: int) -> None:
        self._folder = folder
        self._per_shard = per_shard
        self._pictures: dict[str, list[NDArray[np.uint8]]] = {split: [] for split in SPLITS}

    def add(self, _: str, split: Split, rgb: NDArray[np.uint8]) -> None:
        self._pictures[split].append(rgb)

    def close(self) -> None:
        for split, pictures in self._pictures.items():
            for begin in range(0, len(pictures), self._per_shard):
                part = np.stack(pictures[begin : begin + self._per_shard])
                shards.write(self._folder / f"{split}-{begin:05x}.npy", part)
