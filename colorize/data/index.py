"""Reads the index of the shards: which picture is in which row."""

import csv
from collections.abc import Iterator
from pathlib import Path

from colorize.data import shards
from colorize.data.shards import INDEX
from colorize.data.split import Split
from colorize.errors import DataError, one_line

MARK = "~"
"""Parts a picture's id from the number of a square that was cut from it."""


def square_id(picture: str, number: int) -> str:
    """Name a square that was cut from a picture.

    >>> square_id("folder_1f", 3)
    'folder_1f~3'
    """
    return f"{picture}{MARK}{number}"


def picture_of(identity: str) -> str:
    """Name the picture, ``<source>_<id>``, from which a row of the index comes.

    >>> picture_of("folder_1f~3"), picture_of("folder_1f")
    ('folder_1f', 'folder_1f')
    """
    picture, _, number = identity.rpartition(MARK)
    return picture if picture and number.isdecimal() else identity


def picture_ids(folder: Path, split: Split) -> list[str]:
    """Ids of a split's pictures, in the order in which `ShardReader` gives them.

    Raises:
        DataError: there is no index, it is damaged, or it is of other shards.
    """
    path = folder / INDEX
    ids = []
    try:
        rows = _rows(path, split)
        for shard in shards.paths(folder, split):
            for row in range(len(shards.read(shard))):
                name, number, identity = next(rows, ("nothing", "", ""))
                if (name, number) != (shard.name, str(row)):
                    raise ValueError(f"row {row} of {shard.name} is missing")
                ids.append(identity)
        if more := next(rows, None):
            raise ValueError(f"row {more[1]} of {more[0]} does not exist")
    except FileNotFoundError:
        raise DataError(f"no {INDEX} in {folder}: run the resize stage first") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (csv.Error, ValueError) as error:
        raise DataError(f"{path} is damaged ({one_line(error)}): run resize again") from None
    return ids


def _rows(path: Path, split: Split) -> Iterator[tuple[str, str, str]]:
    """Yield shard, row and id of each picture of a split."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        if next(reader, None) != ["shard", "row", "id", "split"]:
            raise ValueError("its columns are not shard, row, id and split")
        for shard, row, identity, own in reader:
            if own == split:
                yield shard, row, identity
