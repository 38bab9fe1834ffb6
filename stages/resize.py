"""resize: bring every usable picture to one square size, in shards, split three ways."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from colorize import files
from colorize.data import shards, split
from colorize.errors import DataError
from colorize.imaging import decode
from colorize.ingest import framing, prepare
from colorize.ingest.framing import Framing
from colorize.ingest.layout import Layout
from colorize.ingest.leaks import Register
from colorize.ingest.prepare import How, Task
from colorize.parallel import each
from colorize.params import Section, load
from colorize.raw import manifest
from stages import progress, run, scratch

FEW = 2000
"""Up to this many pictures are done sooner than other processes start."""


class ResizeParams(Section):
    """Section ``resize`` of params.yaml."""

    side: Annotated[int, Field(ge=32, le=1024, multiple_of=8)]
    framing: Framing
    min_chroma: Annotated[float, Field(ge=0, le=200)]
    max_bytes: Annotated[int, Field(ge=1, le=2**40)]
    max_pixels: Annotated[int, Field(ge=1, le=178_956_970)]  # Pillow opens no larger picture
    val_share: Annotated[float, Field(gt=0, le=0.5)]
    test_share: Annotated[float, Field(gt=0, le=0.5)]
    per_shard: Annotated[int, Field(ge=1, le=4096)]

    def pictures_per_shard(self) -> int:
        """Count the pictures that go into a shard, so that it has room for all their squares."""
        squares = framing.MOST if self.framing == "panels" else 1
        return max(1, self.per_shard // squares)

    def how(self) -> How:
        """How one picture is prepared."""
        return How(
            side=self.side,
            framing=self.framing,
            min_chroma=self.min_chroma,
            max_bytes=self.max_bytes,
            max_pixels=self.max_pixels,
        )


def main(root: Path, *, environment: Mapping[str, str] = os.environ) -> None:
    """Read params and manifest, prepare all shards, leave copies out, write the rest."""
    params = load(ResizeParams, root, "resize")
    raw = (root / "data" / "raw").resolve()
    layout = Layout(_entries(raw, params), per_shard=params.pictures_per_shard())
    spread = partial(each, environment=environment, small=len(layout) <= FEW)
    rejected: Counter[str] = Counter(dict.fromkeys(decode.REASONS, 0))
    cuts: Counter[str] = Counter(dict.fromkeys(framing.CUTS, 0))
    register = Register()
    how = params.how()
    with prepare.workshop(scratch(root) / "resize", how) as workshop:
        with progress("resize", len(layout)) as bar:
            tasks = (Task(raw, workshop, shard, how) for shard in layout.shards())
            for done in spread(prepare.prepare, tasks):
                register.add(done)
                cuts.update(done.cuts)
                bar.update(done.pictures)
                for file, reason, message in done.left_out:
                    bar.write(f"left out {file}: {message}")
                    rejected[reason] += 1
        repeated = register.repeated()
        leaking = register.leaking(~repeated, spread)
        rejected["duplicate"] = int(repeated.sum())
        rejected["near_duplicate"] = int(leaking.sum())
        stays = ~(repeated | leaking)
        counts = _counts(register, stays, rejected)
        with files.fresh_folder(root / "data" / "resized") as folder:
            out = folder.resolve()
            orders = (
                (shard.path, out / f"{shard.name}.npy", stays[shard.rows])
                for shard in register.shards
                if stays[shard.rows].any()
            )
            for _ in spread(prepare.publish, orders):
                pass
            files.write_table(folder / shards.INDEX, _index(register, stays))
        prepare.clear(workshop, (shard.path for shard in register.shards))
    files.write_metrics(
        root / "metrics" / "resize.json",
        {"pictures": counts, "cut": cuts, "rejected": rejected},
    )


def _entries(raw: Path, params: ResizeParams) -> Iterator[tuple[int, str, split.Split]]:
    shares = {"val_share": params.val_share, "test_share": params.test_share}
    for begin, record in manifest.scan(raw):
        chosen = split.of_folder(record.name) or split.assign(record.group, **shares)
        yield begin, f"{record.source}_{record.id}", chosen


def _counts(
    register: Register, stays: NDArray[np.bool_], rejected: Mapping[str, int]
) -> dict[str, int]:
    """Count the pictures of each split; none may be without."""
    counts: dict[str, int] = dict.fromkeys(split.SPLITS, 0)
    for shard in register.shards:
        counts[shard.split] += int(stays[shard.rows].sum())
    total = sum(counts.values())
    if not total:
        found = {reason: count for reason, count in rejected.items() if count}
        raise DataError(f"none of {sum(rejected.values())} pictures is usable: {found}")
    for name, count in counts.items():
        if count == 0:
            raise DataError(
                f"no picture for the {name} split: give more pictures ({total} were usable) "
                "or a larger share"
            )
    return counts


def _index(register: Register, stays: NDArray[np.bool_]) -> Iterator[dict[str, object]]:
    for shard in register.shards:
        done = prepare.load(shard.path, shard.split)
        if done is None:
            raise DataError(f"{shard.path} was changed by another process: run resize again")
        ids = np.array(done.ids)[stays[shard.rows]]
        for row, identity in enumerate(ids.tolist()):
            yield {"shard": f"{shard.name}.npy", "row": row, "id": identity, "split": shard.split}


if __name__ == "__main__":
    run(main)
