from pathlib import Path

import numpy as np
import pytest

from colorize.data.shards import ShardReader
from colorize.learn import dataset
from tests.shards import ShardWriter


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> ShardReader:
    writer = ShardWriter(tmp_path, per_shard=3)
    for number, split in enumerate(["train"] * 7 + ["val", "test"]):
        writer.add(str(number), split, rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    writer.close()
    return ShardReader(tmp_path, "train")


def test_order_is_a_shuffle_of_its_own_for_each_epoch_and_seed() -> None:
    orders = [dataset.order(100, seed=s, epoch=e) for s, e in [(0, 1), (0, 2), (1, 1), (0, 1)]]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert (orders[0] == orders[3]).all()
    assert (orders[0] != orders[1]).any()
    assert (orders[0] != orders[2]).any()


def test_augmentation_cuts_and_mirrors(pictures: ShardReader) -> None:
    seen = set()
    for epoch in range(1, 200):
        cut = dataset.augmented(pictures, 3, crop=30, seed=0, epoch=epoch)
        for mirrored in (False, True):
            plain = cut[:, ::-1] if mirrored else cut
            for top in range(3):
                for left in range(3):
                    if (pictures[3][top : top + 30, left : left + 30] == plain).all():
                        seen.add((top, left, mirrored))
    assert len(seen) == 18  # every place, both ways round


def test_a_crop_as_large_as_the_picture_only_mirrors(pictures: ShardReader) -> None:
    cut = dataset.augmented(pictures, 0, crop=32, seed=0, epoch=1)
    assert (cut == pictures[0]).all() or (cut[:, ::-1] == pictures[0]).all()


def test_planes() -> None:
    rgb = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    planes = dataset.to_planes(rgb[:, :, ::-1])
    assert planes.is_contiguous()
    np.testing.assert_array_equal(planes.permute(0, 2, 3, 1), rgb[:, :, ::-1])
