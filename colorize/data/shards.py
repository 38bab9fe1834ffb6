"""Shards: ``{split}-NNNNN.npy``, uint8 sRGB (n, side, side, 3), read as memory maps.

A shard is a plain ``.npy`` file, so numpy alone opens it. ``index.csv`` says which picture stands
in which row.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.data.split import SPLITS, Split
from colorize.errors import DataError

INDEX = "index.csv"


class ShardWriter:
    """Collects pictures split by split and writes a shard as soon as it is full.

    Args:
        folder: where the shards go.
        per_shard: pictures in each, but for the last of a split.
    """

    def __init__(self, folder: Path, *, per_shard: int) -> None:
        self.folder = folder
        self.per_shard = per_shard
        self.counts: dict[str, int] = dict.fromkeys(SPLITS, 0)
        self._waiting: dict[str, list[NDArray[np.uint8]]] = defaultdict(list)
        self._index: list[dict[str, object]] = []

    def add(self, image_id: str, split: Split, rgb: NDArray[np.uint8]) -> None:
        """Append one (side, side, 3) uint8 picture to a split."""
        shard, row = divmod(self.counts[split], self.per_shard)
        name = _shard_name(split, shard)
        self._index.append({"shard": name, "row": row, "id": image_id, "split": split})
        self.counts[split] += 1
        self._waiting[split].append(rgb)
        if row + 1 == self.per_shard:
            self._write(split, name)

    def close(self) -> None:
        """Write the shards that are not full and the index.

        Raises:
            DataError: a split has no picture at all.
        """
        for split, count in self.counts.items():
            if count == 0:
                raise DataError(
                    f"no picture for the {split} split: give more pictures "
                    f"({sum(self.counts.values())} were usable) or a larger share"
                )
            if self._waiting[split]:
                self._write(split, _shard_name(split, (count - 1) // self.per_shard))
        files.write_table(self.folder / INDEX, self._index)

    def _write(self, split: str, name: str) -> None:
        with files.atomic(self.folder / name) as file:
            np.save(file, np.stack(self._waiting.pop(split)), allow_pickle=False)


class ShardReader:
    """All pictures of one split, in the order in which they were added; memory holds none of them.

    Args:
        folder: where the shards are.
        split: which of the three.

    Raises:
        DataError: there is no shard of this split, or one is cut short or of another shape.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        paths = sorted(folder.glob(f"{split}-*.npy"))
        if not paths:
            raise DataError(f"no {split} shard in {folder}: run the resize stage first")
        self._shards = [_open(path) for path in paths]
        if len({shard.shape[1:] for shard in self._shards}) != 1:
            raise DataError(f"{split} shards in {folder} differ in shape: run resize again")
        self._ends = np.cumsum([len(shard) for shard in self._shards])

    @property
    def side(self) -> int:
        """Side of every picture in pixels."""
        return int(self._shards[0].shape[1])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, position: int) -> NDArray[np.uint8]:
        """(side, side, 3) uint8: a view into the memory map."""
        shard = int(np.searchsorted(self._ends, position, side="right"))
        start = 0 if shard == 0 else int(self._ends[shard - 1])
        rgb: NDArray[np.uint8] = self._shards[shard][position - start]
        return rgb

    def batches(self, size: int) -> Iterator[NDArray[np.uint8]]:
        """Yield (n, side, side, 3) uint8 copies in order, n = ``size`` but for the last."""
        for start in range(0, len(self), size):
            yield np.stack([self[i] for i in range(start, min(start + size, len(self)))])


def _shard_name(split: str, number: int) -> str:
    return f"{split}-{number:05}.npy"


def _open(path: Path) -> NDArray[np.uint8]:
    try:
        shard: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}): run resize again") from None
    if (
        shard.dtype != np.uint8
        or shard.ndim != 4
        or shard.shape[1:] != (shard.shape[1],) * 2 + (3,)
    ):
        raise DataError(f"{path} is no shard: {shard.dtype} {shard.shape}; run resize again")
    return shard
