"""The list of art that the shipped weights are made of: ``weights/sources.csv``.

    python -m stages.artlist ART

writes the list anew from a folder of art. The rest of the project only reads it.
"""

import csv
import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from colorize import files
from colorize.data.split import SPLITS, Split, is_split
from colorize.errors import DataError, ParamsError, one_line
from stages import run

LIST = Path("weights", "sources.csv")

SUFFIXES = (".webp", ".png", ".jpg", ".jpeg")


class Art(NamedTuple):
    """One picture.

    Attributes:
        split: ``val`` and ``test`` are held out; no training picture is of the same page.
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


class Cut(NamedTuple):
    """How a picture becomes squares of `SIDE` pixels.

    Attributes:
        scaled: the side that is brought to a length: the picture's width, or its shorter side.
        length: of that side in pixels.
        step: between two squares in pixels, at the most; 0: a single square, of the middle.
        top: where a single square begins, as a share of the height.
    """

    scaled: Literal["width", "short"]
    length: int
    step: int
    top: float = 0.0


class Collection(NamedTuple):
    """What holds for the pictures of one collection.

    Attributes:
        licence: of each of them.
        credit: work and artist.
        split: tells by the number of a picture and its name whether it is held out.
        cuts: of training pictures.
        held_out_cuts: of the others.
    """

    licence: str
    credit: str
    split: Callable[[int, str], Split]
    cuts: tuple[Cut, ...]
    held_out_cuts: tuple[Cut, ...] = ()


SIDE = 256
"""Of a square in pixels."""

_EPISODES: dict[str, Split] = {"E14": "val", "E15": "test", "E16": "test", "E17": "test"}
"""Of the comic, that are held out."""


def _of_portrait(number: int, _: str) -> Split:
    """Hold every fifth portrait out for the test, and every twentieth for validation."""
    return "test" if number % 5 == 4 else "val" if number % 20 == 0 else "train"


def _always_train(_: int, __: str) -> Split:
    return "train"


COLLECTIONS = {
    "comic": Collection(
        licence="CC BY 4.0",
        credit="Pepper&Carrot by David Revoy, www.peppercarrot.com",
        split=lambda _, name: _EPISODES.get(name[:3], "train"),
        cuts=(Cut("width", 768, 192),),
        held_out_cuts=(Cut("width", 768, 256),),
    ),
    "portraits": Collection(
        licence="GPL-2.0-or-later, some CC BY-SA 4.0",
        credit="portraits of Battle for Wesnoth 1.16 by its artists, www.wesnoth.org",
        split=_of_portrait,
        cuts=(Cut("short", 256, 0), Cut("short", 360, 0, top=1 / 8)),
        held_out_cuts=(Cut("short", 256, 0),),
    ),
    "tarot": Collection(
        licence="public domain",
        credit="Rider-Waite-Smith tarot by Pamela Colman Smith, 1909",
        split=_always_train,
        cuts=(Cut("width", 384, 224),),
    ),
    "figures": Collection(
        licence="Expat",
        credit="Ren'Py's tutorial and The Question, www.renpy.org",
        split=_always_train,
        cuts=(Cut("short", 400, 220),),
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
        paths = [path for path in (folder / name).iterdir() if path.suffix.lower() in SUFFIXES]
        for number, path in enumerate(sorted(paths), 1):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest not in seen:
                seen.add(digest)
                split = of.split(number, path.name)
                yield Art(split, f"{name}/{path.name}", digest, of.licence, of.credit)


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
    if not is_split(split) or not re.fullmatch(r"[\w-]+/(?!\.)[^/\\:\0]+", name):
        raise ValueError(f"'{name}' is no picture of {', '.join(SPLITS)}")
    if name.partition("/")[0] not in COLLECTIONS:
        raise ValueError(f"'{name}' is of no known collection")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"{name} has no SHA-256")
    return Art(split, name, sha256, licence, credit)


if __name__ == "__main__":
    run(main)
