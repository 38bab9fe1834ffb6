"""apart: judge a model on each collection of held-out art by itself.

    python -m stages.apart

Not a stage of the pipeline: it runs the evaluate stage, but for hints, on the pictures of each
collection in ``weights/data`` and writes ``weights/metrics/COLLECTION.json``.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from colorize import files
from colorize.data import shards
from colorize.data.index import picture_ids, picture_of
from colorize.data.shards import ShardReader
from colorize.raw import manifest
from stages import evaluate, run, scratch, variant
from stages.tools import METRICS

FOLDER = Path("weights")
SHARED = (
    *("params.yaml", "data/quantiser.npz"),
    *("models/colorizer.safetensors", "models/one_epoch.safetensors"),
)


def main(root: Path) -> None:
    """Judge collection by collection."""
    home = (root / FOLDER).resolve()
    for collection, rows in sorted(collections(home).items()):
        work = scratch(root) / "apart" / collection
        files.remove_folder(work)
        lay_out(home, work, rows)
        evaluate.main(work, with_hints=False)
        files.write_bytes(home / "metrics" / f"{collection}.json", (work / METRICS).read_bytes())
        files.remove_folder(work)


def collections(home: Path) -> dict[str, list[int]]:
    """Numbers of the test pictures by collection, as their folders say; drawn ones by source."""
    names = {f"{record.source}_{record.id}": record for record in manifest.read(home / "data/raw")}
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, identity in enumerate(picture_ids(home / "data" / "resized", "test")):
        record = names[picture_of(identity)]
        inside = Path(record.name.removeprefix("test/"))
        found[inside.parts[0] if record.name else record.source].append(number)
    return dict(found)


def lay_out(home: Path, work: Path, rows: list[int]) -> None:
    """Make a project of the same training split and these test pictures."""
    resized = home / "data" / "resized"
    ids = picture_ids(resized, "test")
    reader = ShardReader(resized, "test")
    shard = work / "data" / "resized" / "test-00000.npy"
    shards.write(shard, np.stack([reader[row] for row in rows]))
    for path in shards.paths(resized, "train"):
        variant.link(path, shard.with_name(path.name))
    index = (
        {"shard": shard.name, "row": row, "id": ids[number], "split": "test"}
        for row, number in enumerate(rows)
    )
    files.write_table(shard.with_name(shards.INDEX), index)
    for path in (home / name for name in SHARED):
        target = work / path.relative_to(home)
        target.parent.mkdir(parents=True, exist_ok=True)
        variant.link(path, target)


if __name__ == "__main__":
    run(main)
