from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.data.shards import ShardReader
from colorize.learn import dataset
from colorize.model.domains import GREY, INK, LINES, Domain, Key, Mixture, View
from tests.shards import ShardWriter


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> ShardReader:
    writer = ShardWriter(tmp_path, per_shard=3)
    for number, split in enumerate(["train"] * 7 + ["val", "test"]):
        writer.add(str(number), split, rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    writer.close()
    return ShardReader(tmp_path, "train")


class Conditioned(ShardReader):
    """Pictures with two conditions: their own colours as numbers, and a number for each."""

    def conditions(self, position: int) -> Mapping[str, NDArray[np.float32]]:
        return {
            "colours": self[position].astype(np.float32),
            "number": np.array([position], np.float32),
        }


def cut(pictures: ShardReader, number: int, *, crop: int, epoch: int) -> NDArray[np.uint8]:
    return dataset.augmented(
        pictures[number], {}, variation=dataset.Variation(crop=crop), key=Key(0, epoch, number)
    )[0]


def test_order_is_a_shuffle_of_its_own_for_each_epoch_and_seed() -> None:
    orders = [dataset.order(100, seed=s, epoch=e) for s, e in [(0, 1), (0, 2), (1, 1), (0, 1)]]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert (orders[0] == orders[3]).all()
    assert (orders[0] != orders[1]).any()
    assert (orders[0] != orders[2]).any()


def test_augmentation_cuts_and_mirrors(pictures: ShardReader) -> None:
    seen = set()
    for epoch in range(1, 200):
        square = cut(pictures, 3, crop=30, epoch=epoch)
        for mirrored in (False, True):
            plain = square[:, ::-1] if mirrored else square
            for top in range(3):
                for left in range(3):
                    if (pictures[3][top : top + 30, left : left + 30] == plain).all():
                        seen.add((top, left, mirrored))
    assert len(seen) == 18  # every place, both ways round


def test_a_crop_as_large_as_the_picture_only_mirrors(pictures: ShardReader) -> None:
    square = cut(pictures, 0, crop=32, epoch=1)
    assert (square == pictures[0]).all() or (square[:, ::-1] == pictures[0]).all()


def test_conditions_are_cut_and_mirrored_with_their_picture(
    pictures: ShardReader, tmp_path: Path
) -> None:
    conditioned = Conditioned(tmp_path, "train")
    mixture, seen = Mixture(), set()
    for epoch in range(1, 20):
        view = dataset.example(
            conditioned,
            3,
            variation=dataset.Variation(crop=20),
            key=Key(0, epoch, 3),
            mixture=mixture,
        )
        np.testing.assert_array_equal(view.conditions["colours"], view.page)
        assert view.conditions["number"].tolist() == [3]
        seen.add(view.page.tobytes())
    assert len(seen) > 10


def test_a_recipe_may_simulate_conditions_on_what_the_network_sees(pictures: ShardReader) -> None:
    def simulate(view: View, key: Key) -> View:
        mean = view.page.mean(axis=(0, 1)).astype(np.float32)
        return replace(view, conditions={**view.conditions, "mean": mean + key.epoch})

    key, mixture = Key(0, 2, 1), Mixture()
    view = dataset.example(
        pictures,
        1,
        variation=dataset.Variation(crop=8),
        key=key,
        mixture=mixture,
        simulate=simulate,
    )
    expected = cut(pictures, 1, crop=8, epoch=2).mean(axis=(0, 1)) + 2
    np.testing.assert_allclose(view.conditions["mean"], expected, rtol=1e-6)


def varied(rgb: NDArray[np.uint8], number: int, **how: float) -> NDArray[np.uint8]:
    variation = dataset.Variation(crop=32, **how)
    return dataset.augmented(rgb, {}, variation=variation, key=Key(0, 1, number))[0]


def test_pictures_are_seen_larger_and_smaller_within_the_jitter() -> None:
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 3, 64, axis=0).repeat(3, axis=2)
    slopes = []
    for number in range(60):
        row = varied(ramp, number, scale=0.5)[16, :, 0].astype(float)
        slopes.append(abs(row[-4] - row[3]) / (32 - 7) / 3)
    logarithms = np.log(slopes)
    assert np.abs(logarithms).max() < 0.55
    assert logarithms.min() < -0.3
    assert logarithms.max() > 0.3


def test_gamma_darkens_and_lightens_all_channels_alike() -> None:
    rgb = np.full((32, 32, 3), (60, 120, 200), np.uint8)
    seen = [varied(rgb, number, gamma=0.3)[0, 0] / 255 for number in range(60)]
    exponents = np.log(seen) / np.log(rgb[0, 0] / 255)
    np.testing.assert_allclose(exponents, exponents[:, :1].repeat(3, 1), atol=0.03)
    logarithms = np.log(exponents[:, 1])
    assert np.abs(logarithms).max() < 0.33
    assert logarithms.min() < -0.2
    assert logarithms.max() > 0.2


@pytest.mark.parametrize(("domain", "changed"), [(GREY, True), (INK, False), (LINES, False)])
def test_gamma_varies_grey_pages_alone(
    pictures: ShardReader, domain: Domain, changed: bool
) -> None:
    def truth(gamma: float) -> NDArray[np.uint8]:
        variation = dataset.Variation(crop=32, gamma=gamma)
        return dataset.example(
            pictures, 2, variation=variation, key=Key(0, 1, 2), mixture=Mixture((domain,))
        ).truth

    assert (truth(0.5) != truth(0.0)).any() == changed
