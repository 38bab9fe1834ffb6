"""Which picture stands where in the shards."""

import csv
from pathlib import Path

from colorize.data.shards import INDEX
from colorize.data.split import Split
from colorize.errors import DataError


def picture_ids(folder: Path, split: Split) -> list[str]:
    """Ids of a split's pictures, in the order in which `ShardReader` gives them.

    Raises:
        DataError: there is no index.
    """
    try:
        with (folder / INDEX).open(encoding="utf-8", newline="") as file:
            return [row["id"] for row in csv.DictReader(file) if row["split"] == split]
    except FileNotFoundError:
        raise DataError(f"no {INDEX} in {folder}: run the resize stage first") from None
    except KeyError as error:
        raise DataError(f"{folder / INDEX} lacks the column {error}: run resize again") from None
