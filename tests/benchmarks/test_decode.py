from pathlib import Path

import numpy as np

from benchmarks import decode
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from tests.models import tiny_model
from tests.shards import ShardWriter


def test_a_row_for_each_way_and_temperature(tmp_path: Path, rng: np.random.Generator) -> None:
    writer = ShardWriter(tmp_path / "data" / "resized", per_shard=4)
    for number in range(3):
        picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        writer.add(str(number), "test", picture)
    writer.close()
    table = NeighbourTable.fit(bin_centres())
    counts = np.ones(len(table.centres), np.int64)
    quantiser = Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)
    quantiser.save(tmp_path / "data" / "quantiser.npz")
    tiny_model("unet").save(tmp_path / "models" / "colorizer.safetensors")
    found = {(row["decoded by"], row["T"]): row for row in decode.rows(tmp_path)}
    assert len(found) == len(decode.WAYS) * len(decode.TEMPERATURES)
    annealed, near = (
        [{**found[way, t], "decoded by": 0} for t in (0.38, 1.0)] for way in decode.WAYS
    )
    assert annealed[0] != near[0]
    assert annealed[1] == near[1]  # the mean of all
