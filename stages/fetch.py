"""fetch: bring pictures and what is known about them into ``data/raw``."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from tqdm.contrib.logging import logging_redirect_tqdm

from colorize import files
from colorize.errors import Interrupted
from colorize.params import Range, load
from colorize.raw import archives, manifest
from colorize.raw.manifest import Picture, Record
from colorize.sources import folder, sample
from colorize.sources.boards import crawl, denied
from colorize.sources.boards.board import Board
from colorize.sources.boards.posts import Grade, Policy, Query
from colorize.sources.boards.registry import BOARDS
from stages import progress, run, scratch


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchParams:
    """Section ``fetch`` of params.yaml."""

    source: Literal["sample", "folder", "danbooru", "safebooru"]
    folder: Annotated[str, Range(1)]
    count: Annotated[int, Range(1, 1_000_000)]
    side: Annotated[int, Range(32, 4096)]
    seed: Annotated[int, Range(0)]
    tags: Annotated[tuple[str, ...], Range(1)]
    exclude: tuple[str, ...]
    rating: Annotated[tuple[Grade, ...], Range(1)]
    before_id: Annotated[int, Range(0)]
    policy: Policy
    min_side: Annotated[int, Range(32, 4096)]
    max_aspect: Annotated[float, Range(1)]
    rate: Annotated[float, Range(0, 10, open_low=True)]
    deny: Annotated[str, Range(1)]

    def query(self) -> Query:
        """What a board is asked for."""
        return Query(
            tags=self.tags,
            exclude=self.exclude,
            ratings=self.rating,
            before_id=self.before_id,
            policy=self.policy,
            min_side=self.min_side,
            max_aspect=self.max_aspect,
        )


Source: TypeAlias = Callable[[FetchParams, Path, Counter[str]], tuple[int, Iterator[Picture]]]
"""Gives the pictures of one source, and how many there will be at the most."""


def from_sample(params: FetchParams, _: Path, __: Counter[str]) -> tuple[int, Iterator[Picture]]:
    """Draw the sample."""
    drawn = sample.pictures(count=params.count, side=params.side, seed=params.seed)
    return params.count, drawn


def from_folder(
    params: FetchParams, root: Path, counts: Counter[str]
) -> tuple[int, Iterator[Picture]]:
    """Read the user's own pictures."""
    path = root / params.folder
    return folder.count(path), folder.pictures(path, counts)


def from_board(
    board: Board, params: FetchParams, root: Path, counts: Counter[str]
) -> tuple[int, Iterator[Picture]]:
    """Ask a picture board, but for what an earlier run has fetched."""
    return params.count, crawl.pictures(
        board,
        params.query(),
        count=params.count,
        rate_per_s=params.rate,
        denied=denied.read(root / params.deny),
        scratch=scratch(root),
        environment=os.environ,
        counts=counts,
    )


SOURCES: Mapping[str, Source] = {
    "sample": from_sample,
    "folder": from_folder,
    "danbooru": partial(from_board, BOARDS["danbooru"]),
    "safebooru": partial(from_board, BOARDS["safebooru"]),
}


def main(root: Path, *, sources: Mapping[str, Source] = SOURCES) -> None:
    """Read params, fetch, and write the pictures, the manifest and the counts."""
    params = load(FetchParams, root, "fetch")
    skipped: Counter[str] = Counter(no_picture=0, same_file=0, changing=0)
    try:
        total, pictures = sources[params.source](params, root, skipped)
        with (
            files.fresh_folder(root / "data" / "raw") as raw,
            progress("fetch", total) as bar,
            logging_redirect_tqdm(),
        ):
            count = manifest.write(raw, _counted(archives.write(raw, pictures), bar.update))
    except KeyboardInterrupt:
        resumes = params.source in BOARDS
        again = "to resume where it stopped" if resumes else "to begin anew; nothing has changed"
        raise Interrupted(f"interrupted; run it again {again}") from None
    files.write_metrics(root / "metrics" / "fetch.json", {"pictures": count, "skipped": skipped})


def _counted(records: Iterator[Record], done: Callable[[], object]) -> Iterator[Record]:
    for record in records:
        done()
        yield record


if __name__ == "__main__":
    run(main)
