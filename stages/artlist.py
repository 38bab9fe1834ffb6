"""The list of art that the shipped weights are made of: ``weights/sources.csv``.

    python -m stages.artlist ART

writes the list anew from a folder of art. The rest of the project only reads it.
"""

import csv
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from colorize import files
from colorize.data.split import SPLITS, Split
from colorize.errors import DataError, ParamsError, one_line
from stages import run

LIST = Path("weights", "sources.csv")

SUFFIXES = (".webp", ".png", ".jpg", ".jpeg")


class Art(NamedTuple):
    """One picture.

    Attributes:
        split: whose it is: pages of one episode and poses of one character stay together.
        name: collection and file name, such as ``comic/E01P01.webp``.
        sha256: digest of the file.
        licence: of the picture.
        credit: work and artist, as they want to be named.
    """

    split: Split
    name: str
    sha256: str
    licence: str
    credit: str

    @property
    def collection(self) -> str:
        """First part of the name."""
        return self.name.partition("/")[0]


class Collection(NamedTuple):
    """What holds for the pictures of one collection.

    Attributes:
        licence: of each of them.
        credit: work and artist.
        test: pattern of the names that are held out for the test.
        val: pattern of the names by which the epoch is chosen.
    """

    licence: str
    credit: str
    test: str
    val: str

    def split(self, name: str) -> Split:
        """Say which split a file name belongs to."""
        held: dict[Split, str] = {"test": self.test, "val": self.val}
        return next((split for split, names in held.items() if re.match(names, name)), "train")


NONE = "(?!)"
"""A pattern of no name."""

COLLECTIONS = {
    "comic": Collection(
        licence="CC BY 4.0",
        credit="Pepper&Carrot by David Revoy, www.peppercarrot.com",
        test=r"E1[567]P",
        val=r"E14P",
    ),
    "portraits": Collection(
        licence="GPL-2.0-or-later, some CC BY-SA 4.0",
        credit="portraits of Battle for Wesnoth 1.16 by its artists, www.wesnoth.org",
        test=r"northern_rebirth|secrets_of_the_ancients|son_of_the_black_eye|core_(nagas|merfolk)",
        val=r"eastern_invasion|descent_into_darkness",
    ),
    "tarot": Collection(
        licence="public domain",
        credit="Rider-Waite-Smith tarot by Pamela Colman Smith, 1909",
        test=NONE,
        val=r"Wands1[1-4]",
    ),
    "figures": Collection(
        licence="Expat",
        credit="Ren'Py's tutorial and The Question, www.renpy.org",
        test=NONE,
        val=NONE,
    ),
}
"""By name: the folders that the art lies in."""


def main(root: Path) -> None:
    """Write the list."""
    if len(sys.argv) != 2:
        raise ParamsError(f"name the folder that holds {', '.join(COLLECTIONS)}")
    rows = [art._asdict() for art in found(Path(sys.argv[1]))]
    files.write_table(root / LIST, rows)
    print(f"{len(rows)} pictures")


def found(folder: Path) -> Iterator[Art]:
    """List the pictures of a folder of collections, equal files once.

    Raises:
        DataError: a collection is missing.
    """
    seen: set[str] = set()
    for name, of in COLLECTIONS.items():
        if not (folder / name).is_dir():
            raise DataError(f"there is no folder {folder / name}")
        for path in sorted((folder / name).iterdir()):
            if path.suffix.lower() not in SUFFIXES:
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest not in seen:
                seen.add(digest)
                yield Art(of.split(path.name), f"{name}/{path.name}", digest, of.licence, of.credit)


def read(root: Path) -> list[Art]:
    """Read the list.

    Raises:
        DataError: it is missing or damaged.
    """
    path = root / LIST
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, strict=True)
            if next(rows, None) != list(Art._fields):
                raise ValueError(f"its columns are not {', '.join(Art._fields)}")
            return [_art(row) for row in rows]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (csv.Error, ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged: {one_line(error)}") from None


def _art(row: list[str]) -> Art:
    split, name, sha256, licence, credit = row
    if split not in SPLITS or not re.fullmatch(r"[\w-]+/(?!\.)[^/\\:\0]+", name):
        raise ValueError(f"'{name}' is no picture of {', '.join(SPLITS)}")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"{name} has no SHA-256")
    return Art(split, name, sha256, licence, credit)


if __name__ == "__main__":
    run(main)
