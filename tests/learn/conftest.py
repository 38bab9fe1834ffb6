from pathlib import Path

import numpy as np
import pytest

from colorize.data.split import Split
from tests.shards import ShardWriter


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of noise to train on, and one of each other split."""
    folder, random = tmp_path_factory.mktemp("shards"), np.random.default_rng(0)
    splits: list[Split] = [*["train"] * 12, "val", "test"]
    writer = ShardWriter(folder, per_shard=100)
    for number, split in enumerate(splits):
        writer.add(str(number), split, random.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    writer.close()
    return folder
