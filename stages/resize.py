"""resize: bring every usable picture to one square size, in shards, split three ways."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from colorize import files
from colorize.data import images, split
from colorize.data.shards import ShardWriter
from colorize.errors import DataError, ImageError
from colorize.params import Range, load
from colorize.sources import manifest
from stages import progress, run


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeParams:
    """Section ``resize`` of params.yaml."""

    side: Annotated[int, Range(32, 1024)]
    framing: images.Framing
    min_chroma: Annotated[float, Range(0)]
    max_bytes: Annotated[int, Range(1)]
    max_pixels: Annotated[int, Range(1)]
    val_share: Annotated[float, Range(0, 0.5, open_low=True)]
    test_share: Annotated[float, Range(0, 0.5, open_low=True)]
    per_shard: Annotated[int, Range(1)]


def main(root: Path) -> None:
    """Read params and manifest, prepare each picture, write the shards and the counts."""
    params = load(ResizeParams, root, "resize")
    raw = root / "data" / "raw"
    records = manifest.read(raw)
    rejected: Counter[str] = Counter(dict.fromkeys(images.REASONS, 0))
    seen = images.Duplicates()
    resized = root / "data" / "resized"
    with files.fresh_folder(resized) as folder, progress("resize", len(records)) as bar:
        shards = ShardWriter(folder, per_shard=params.per_shard)
        for record in records:
            bar.update()
            try:
                content = images.read(raw / "images" / record.file, max_bytes=params.max_bytes)
                rgb = images.decode(content, max_pixels=params.max_pixels)
                rgb = images.square(rgb, side=params.side, framing=params.framing)
                images.check_chroma(rgb, at_least=params.min_chroma)
                seen.check(rgb)
            except ImageError as error:
                bar.write(f"left out {record.file}: {error}")
                rejected[error.reason] += 1
                continue
            target = split.assign(
                record.group, val_share=params.val_share, test_share=params.test_share
            )
            shards.add(f"{record.source}_{record.id}", target, rgb)
        if not sum(shards.counts.values()):
            raise DataError(f"none of {len(records)} pictures is usable: {dict(+rejected)}")
        shards.close()
    counts: files.Numbers = {"pictures": shards.counts, "rejected": rejected}
    files.write_metrics(root / "metrics" / "resize.json", counts)


if __name__ == "__main__":
    run(main)
