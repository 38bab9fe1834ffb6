"""Who gives way to whom, on shards made by hand."""

from pathlib import Path

import numpy as np
import pytest

from colorize.data import shards
from colorize.data.split import Split
from colorize.ingest import leaks
from colorize.ingest.copies import perceptual_hash
from colorize.ingest.leaks import Register
from colorize.ingest.prepare import Prepared


def prepared(folder: Path, split: Split, pictures: np.ndarray) -> Prepared:
    path = folder / f"{split}-00000.key.npy"
    shards.write(path, pictures)
    hashes = [perceptual_hash(rgb) for rgb in pictures]
    digests = [(hash(rgb.tobytes()) & 0xFFFF, 0) for rgb in pictures]
    ids = [f"{split}{number}" for number in range(len(pictures))]
    return Prepared(split, path.name.split(".")[0], path, ids, hashes, digests, len(ids), {}, [])


@pytest.fixture
def drawings(rng: np.random.Generator) -> np.ndarray:
    """Eight different pictures, (8, 64, 64, 3) uint8."""
    small = rng.integers(0, 256, (8, 8, 8, 3), dtype=np.uint8)
    return np.repeat(np.repeat(small, 8, axis=1), 8, axis=2)


def test_train_gives_way_to_val_and_both_to_test(tmp_path: Path, drawings: np.ndarray) -> None:
    nearly = drawings // 2 * 2 + 1  # other pixels, no other picture
    register = Register()
    register.add(prepared(tmp_path, "test", drawings[:2]))
    register.add(prepared(tmp_path, "val", np.stack([nearly[0], drawings[2], drawings[3]])))
    train = np.stack([nearly[1], nearly[2], drawings[4], nearly[4], drawings[5]])
    register.add(prepared(tmp_path, "train", train))
    leaking = register.leaking(np.ones(len(register), bool), map)
    #       test          val                  train
    assert leaking.tolist() == [False] * 2 + [True, False, False] + [True, True] + [False] * 3


def test_what_is_not_present_leaks_nothing(tmp_path: Path, drawings: np.ndarray) -> None:
    register = Register()
    register.add(prepared(tmp_path, "test", drawings[:1]))
    register.add(prepared(tmp_path, "train", drawings[:1] // 2 * 2))
    assert register.leaking(np.array([True, True]), map).tolist() == [False, True]
    assert register.leaking(np.array([False, True]), map).tolist() == [False, False]
    assert register.leaking(np.array([True, False]), map).tolist() == [False, False]


def test_pictures_that_are_all_alike_do_not_cost_a_square(
    tmp_path: Path, drawings: np.ndarray
) -> None:
    same = np.repeat(drawings[:1], 500, axis=0)
    register = Register()
    for split in leaks.PRECEDENCE:
        register.add(prepared(tmp_path, split, same))
    asked = []

    def counting(_, tasks):  # noqa: ANN001, ANN202
        for task in tasks:
            asked.extend(task)
            yield [number for number, _, _ in task]

    leaking = register.leaking(np.ones(len(register), bool), counting)
    assert leaking.tolist() == [False] * 500 + [True] * 1000
    assert len(asked) == 1000 * leaks.MOST
