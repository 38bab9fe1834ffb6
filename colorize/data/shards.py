"""Shards: ``{split}-XXXXX.npy``, uint8 sRGB (n, side, side, 3), read as memory maps.

A shard is a plain ``.npy`` file, so numpy alone opens it. ``index.csv`` says which picture stands
in which row; `layout` says how a shard gets its pictures and its five hexadecimal digits.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.data.split import Split
from colorize.errors import DataError, one_line

INDEX = "index.csv"


def write(path: Path, pictures: NDArray[np.uint8]) -> None:
    """Write one shard of (n, side, side, 3) uint8 pictures atomically."""
    header = np.lib.format.header_data_from_array_1_0(pictures)
    with files.atomic(path) as file:  # not by np.save, which would not say that the disk is full
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(pictures).data)


class _Shard(NamedTuple):
    """Where the pixels of a shard lie in its file."""

    path: Path
    offset: int
    shape: tuple[int, ...]

    def map(self) -> NDArray[np.uint8]:
        """Map it into memory."""
        try:
            return np.memmap(self.path, np.uint8, "r", self.offset, self.shape)
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path} cannot be read: {one_line(error)}") from None


class ShardReader:
    """All pictures of one split, by rising names and rows; memory holds none of them.

    A shard is open only while one of its pictures is in use: a system allows some hundred open
    files, and a split has thousands.

    Args:
        folder: where the shards are.
        split: which of the three.

    Raises:
        DataError: there is no shard of this split, or one is cut short or of another shape.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        self._shards = [_located(path) for path in paths(folder, split)]
        if len({shard.shape[1:] for shard in self._shards}) != 1:
            raise DataError(f"{split} shards in {folder} differ in shape: run resize again")
        self._ends = np.cumsum([shard.shape[0] for shard in self._shards])

    @property
    def side(self) -> int:
        """Side of every picture in pixels."""
        return self._shards[0].shape[1]

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, position: int) -> NDArray[np.uint8]:
        """(side, side, 3) uint8: a view into the memory map.

        Raises:
            IndexError: there is no such picture; -1 is the last one.
        """
        if not -len(self) <= position < len(self):
            raise IndexError(f"picture {position} of {len(self)}")
        position %= len(self)
        shard = int(np.searchsorted(self._ends, position, side="right"))
        start = 0 if shard == 0 else int(self._ends[shard - 1])
        rgb: NDArray[np.uint8] = self._shards[shard].map()[position - start]
        return rgb

    def conditions(self, position: int) -> Mapping[str, NDArray[np.float32]]:
        """Named conditions that are stored with a picture: (side, side, K), or (K,) for all of it.

        Shards hold none yet.
        """
        return {}

    def batches(self, size: int) -> Iterator[NDArray[np.uint8]]:
        """Yield (n, side, side, 3) uint8 copies in order, n = ``size`` but for the last."""
        for start in range(0, len(self), size):
            yield np.stack([self[i] for i in range(start, min(start + size, len(self)))])


def paths(folder: Path, split: Split) -> list[Path]:
    """Find the shards of a split.

    Raises:
        DataError: there is none.
    """
    found = sorted(folder.glob(f"{split}-*.npy"))
    if not found:
        raise DataError(f"no {split} shard in {folder}: run the resize stage first")
    return found


def read(path: Path) -> NDArray[np.uint8]:
    """Map one shard into memory: (n, side, side, 3) uint8.

    Raises:
        DataError: it is cut short, damaged or no shard.
    """
    return _located(path).map()


def _located(path: Path) -> _Shard:
    try:
        with path.open("rb") as file:
            shape, dtype = files.array_header(file, path.stat().st_size)
            offset = file.tell()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}): run resize again") from None
    if dtype != np.uint8 or len(shape) != 4 or 0 in shape or shape[2:] != (shape[1], 3):
        raise DataError(f"{path} is no shard: {dtype} {shape}; run resize again")
    return _Shard(path, offset, shape)
