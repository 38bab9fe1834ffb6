"""recheck: ask the sites which pictures of ``data/raw`` they have taken away, and drop those."""

import os
from collections.abc import Mapping
from pathlib import Path

from colorize.params import load
from colorize.raw import manifest
from colorize.sources.boards import recheck
from colorize.sources.boards.board import Board
from colorize.sources.boards.registry import BOARDS
from colorize.sources.boards.store import Store
from stages import run, scratch
from stages.fetch import FetchParams


def main(root: Path, *, boards: Mapping[str, Board] = BOARDS) -> None:
    """Ask, then deny and remove what is gone; `dvc repro` brings the other stages up to date."""
    params = load(FetchParams, root, "fetch")
    raw = root / "data" / "raw"
    records = manifest.read(raw)
    gone: dict[str, str] = {}
    with Store(scratch(root) / "fetch") as store:
        for board in boards.values():
            gone |= recheck.removed(board, records, rate_per_s=params.rate, environment=os.environ)
        if gone:
            recheck.drop(gone, raw=raw, store=store, deny=root / params.deny)
    print(f"{len(gone)} of {len(records)} pictures dropped and added to {params.deny}")


if __name__ == "__main__":
    run(main)
