"""fetch: bring pictures and what is known about them into ``data/raw``."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field
from tqdm.contrib.logging import logging_redirect_tqdm

from colorize import files
from colorize.errors import Interrupted
from colorize.params import Section, Seed, Text, load
from colorize.raw import archives, manifest
from colorize.raw.manifest import Picture, Record
from colorize.sources import characters, folder
from colorize.sources.boards import crawl, denied
from colorize.sources.boards.board import Board
from colorize.sources.boards.posts import Grade, Policy, Query
from colorize.sources.boards.registry import BOARDS
from colorize.sources.panels import panel
from stages import progress, run, scratch


def each_once(sources: tuple[str, ...]) -> tuple[str, ...]:
    """See that no source is named twice: its pictures would have the same ids."""
    if len(set(sources)) < len(sources):
        raise ValueError("sources that differ")
    return sources


class FetchParams(Section):
    """Section ``fetch`` of params.yaml."""

    source: Annotated[
        tuple[Literal["panels", "characters", "folder", "danbooru", "safebooru"], ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
        Field(min_length=1, max_length=5),
        AfterValidator(each_once),
    ]
    folder: Text
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    side: Annotated[int, Field(ge=32, le=4096)]
    seed: Seed
    variety: Annotated[float, Field(ge=0, le=1)]
    tags: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
    exclude: Annotated[tuple[Text, ...], Field(max_length=1000)]
    rating: Annotated[tuple[Grade, ...], Field(min_length=1, max_length=4)]
    before_id: Annotated[int, Field(ge=0, le=2**63 - 1)]
    policy: Policy
    min_side: Annotated[int, Field(ge=32, le=4096)]
    max_aspect: Annotated[float, Field(ge=1, le=1000)]
    rate: Annotated[float, Field(ge=0.001, le=10)]
    deny: Text

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


def from_panels(params: FetchParams, _: Path, __: Counter[str]) -> tuple[int, Iterator[Picture]]:
    """Draw panels."""
    return params.count, panel.pictures(
        count=params.count, side=params.side, seed=params.seed, variety=params.variety
    )


def from_characters(
    params: FetchParams, _: Path, __: Counter[str]
) -> tuple[int, Iterator[Picture]]:
    """Draw characters."""
    return params.count, characters.pictures(count=params.count, side=params.side, seed=params.seed)


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
    "panels": from_panels,
    "characters": from_characters,
    "folder": from_folder,
    "danbooru": partial(from_board, BOARDS["danbooru"]),
    "safebooru": partial(from_board, BOARDS["safebooru"]),
}


def main(root: Path, *, sources: Mapping[str, Source] = SOURCES) -> None:
    """Read params, fetch, and write the pictures, the manifest and the counts."""
    params = load(FetchParams, root, "fetch")
    skipped: Counter[str] = Counter(no_picture=0, same_file=0, changing=0)
    try:
        found = [sources[name](params, root, skipped) for name in params.source]
        total = sum(count for count, _ in found)
        pictures = chain.from_iterable(of_source for _, of_source in found)
        with (
            files.fresh_folder(root / "data" / "raw") as raw,
            progress("fetch", total) as bar,
            logging_redirect_tqdm(),
        ):
            count = manifest.write(raw, _counted(archives.write(raw, pictures), bar.update))
    except KeyboardInterrupt:
        resumes = not BOARDS.keys().isdisjoint(params.source)
        again = "to resume where it stopped" if resumes else "to start again; nothing has changed"
        raise Interrupted(f"interrupted; run it again {again}") from None
    files.write_metrics(root / "metrics" / "fetch.json", {"pictures": count, "skipped": skipped})


def _counted(records: Iterator[Record], done: Callable[[], object]) -> Iterator[Record]:
    for record in records:
        done()
        yield record


if __name__ == "__main__":
    run(main)
