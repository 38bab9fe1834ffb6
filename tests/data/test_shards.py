from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.data.shards import ShardReader
from colorize.errors import DataError
from tests.shards import ShardWriter


@pytest.fixture
def pictures(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (23, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path, pictures: NDArray[np.uint8]) -> Path:
    writer = ShardWriter(tmp_path, per_shard=4)
    for number, rgb in enumerate(pictures):
        writer.add(f"id{number}", ("train", "val", "test")[min(number, 2) % 3], rgb)
    writer.close()
    return tmp_path


def test_round_trip(folder: Path, pictures: NDArray[np.uint8]) -> None:
    reader = ShardReader(folder, "test")
    assert (len(reader), reader.side) == (21, 8)
    np.testing.assert_array_equal(np.stack([reader[i] for i in range(21)]), pictures[2:])
    np.testing.assert_array_equal(np.concatenate(list(reader.batches(5))), pictures[2:])
    assert [len(batch) for batch in reader.batches(5)] == [5, 5, 5, 5, 1]
    np.testing.assert_array_equal(reader[-1], pictures[-1])
    np.testing.assert_array_equal(reader[-21], pictures[2])
    for position in (21, -22):
        with pytest.raises(IndexError, match="of 21"):
            reader[position]


def test_shards_are_plain_arrays_and_are_mapped(folder: Path) -> None:
    names = sorted(path.name for path in folder.glob("test-*.npy"))
    assert names == [f"test-{4 * n:05x}.npy" for n in range(6)]
    assert np.load(folder / names[-1]).shape == (1, 8, 8, 3)
    row = ShardReader(folder, "test")[0]
    while row.base is not None and not isinstance(row, np.memmap):
        row = row.base
    assert isinstance(row, np.memmap)


def test_shards_that_nobody_reads_are_closed(folder: Path) -> None:
    """A split of a large data set has more shards than a process may have open files."""
    opened = len(list(Path("/dev/fd").iterdir()))
    reader = ShardReader(folder, "test")
    seen = [int(reader[position][0, 0, 0]) for position in range(len(reader))]
    assert len(seen) == 21
    assert len(list(Path("/dev/fd").iterdir())) == opened


def test_rejects_missing_cut_and_foreign_files(folder: Path) -> None:
    with pytest.raises(DataError, match="run the resize stage"):
        ShardReader(folder / "none", "train")
    path = folder / "val-00000.npy"
    content = path.read_bytes()
    for cut in (0, 5, 100, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match="val-00000"):
            ShardReader(folder, "val")
    np.save(path, np.zeros((2, 8, 9, 3), np.uint8))
    with pytest.raises(DataError, match="no shard"):
        ShardReader(folder, "val")
    np.save(path, np.array([{}], object))
    with pytest.raises(DataError, match="damaged"):
        ShardReader(folder, "val")
