"""fetch: bring pictures and what is known about them into ``data/raw``."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from colorize import files
from colorize.params import Range, load
from colorize.sources import folder, manifest, sample
from colorize.sources.manifest import Picture
from stages import progress, run


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchParams:
    """Section ``fetch`` of params.yaml."""

    source: Literal["sample", "folder"]
    folder: Annotated[str, Range(1)]
    count: Annotated[int, Range(1, 1_000_000)]
    side: Annotated[int, Range(32, 4096)]
    seed: Annotated[int, Range(0)]


def from_source(
    params: FetchParams, root: Path, counts: Counter[str]
) -> tuple[int, Iterator[Picture]]:
    """Pictures of the chosen source, and how many there will be at the most."""
    if params.source == "folder":
        path = root / params.folder
        return folder.count(path), folder.pictures(path, counts)
    drawn = sample.pictures(count=params.count, side=params.side, seed=params.seed)
    return params.count, drawn


def main(root: Path) -> None:
    """Read params, fetch, and write the pictures, the manifest and the counts."""
    params = load(FetchParams, root, "fetch")
    counts: Counter[str] = Counter()
    total, pictures = from_source(params, root, counts)
    records = []
    with files.fresh_folder(root / "data" / "raw") as raw, progress("fetch", total) as bar:
        for picture in pictures:
            files.write_bytes(raw / "images" / picture.record.file, picture.content)
            records.append(picture.record)
            bar.update()
        manifest.write(raw, records)
    skipped = {"no_picture": counts["no_picture"], "same_file": counts["same_file"]}
    files.write_metrics(
        root / "metrics" / "fetch.json", {"pictures": len(records), "skipped": skipped}
    )


if __name__ == "__main__":
    run(main)
