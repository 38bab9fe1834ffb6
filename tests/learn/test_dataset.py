from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader, ShardWriter
from colorize.learn import dataset


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> ShardReader:
    writer = ShardWriter(tmp_path, per_shard=3)
    for number, split in enumerate(["train"] * 7 + ["val", "test"]):
        writer.add(str(number), split, rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    writer.close()
    return ShardReader(tmp_path, "train")


@pytest.fixture(scope="module")
def quantiser() -> Quantiser:
    table = NeighbourTable.fit(bin_centres())
    counts = np.random.default_rng(0).integers(1, 100, 313)
    return Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)


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


def test_targets_are_block_means_soft_encoded(
    drawn: NDArray[np.uint8], quantiser: Quantiser
) -> None:
    pixels = rgb_to_lab(drawn)
    lightness, target = dataset.collate(
        dataset.to_batch(picture, quantiser, head_stride=4) for picture in pixels
    )
    assert lightness.shape == (2, 1, 32, 48)
    np.testing.assert_array_equal(lightness[:, 0], pixels[..., 0])
    assert target.indices.shape == target.weights.shape == (2, 8, 12, 5)
    assert target.rebalance.shape == (2, 8, 12)
    mean = pixels[..., 1:].reshape(2, 8, 4, 12, 4, 2).mean(axis=(2, 4))
    indices, weights = quantiser.table.encode(mean)
    np.testing.assert_array_equal(target.indices, indices)
    np.testing.assert_allclose(target.weights, weights, atol=1e-5)
    np.testing.assert_allclose(target.rebalance, quantiser.weights[indices[..., 0]], rtol=1e-6)


@pytest.fixture
def drawn(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
