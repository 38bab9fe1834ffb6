"""gather: cut the art that ``weights/sources.csv`` lists into squares, in ``weights/art``.

    python -m stages.gather [FOLDER]

The files are found in the folder by their digests, at any depth and under any name. The squares of
held-out pictures are laid into ``weights/art/val`` and ``weights/art/test``, so that they stay out
of the training. Without a folder this only checks that all is there already.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.errors import DataError
from colorize.imaging.decode import decode
from colorize.imaging.encode import encode
from stages import artlist, progress, run
from stages.artlist import COLLECTIONS, LIST, SIDE, SUFFIXES, Art, Cut

ART = Path("weights", "art")
DONE = ".done"
"""Holds what the squares were made by: a hidden file, which is no picture."""

MAX_PIXELS = 40_000_000

RGB = NDArray[np.uint8]


def main(root: Path) -> None:
    """Cut what is not there yet."""
    wanted = artlist.read(root)
    target, key = root / ART, fingerprint(root)
    if (target / DONE).is_file() and (target / DONE).read_text("utf-8") == key:
        return
    folders = [Path(name) for name in sys.argv[1:2] if name]
    if not folders:
        raise DataError("name the folder of art; weights/README.md says what belongs there")
    found = search(wanted, folders[0])
    if missing := [art.name for art in wanted if art.sha256 not in found]:
        shown = ", ".join(missing[:3]) + (" and others" if missing[3:] else "")
        raise DataError(
            f"{len(missing)} of {len(wanted)} pictures are not in {folders[0]} ({shown}); "
            "weights/README.md says where they come from"
        )
    with files.fresh_folder(target) as folder, progress("gather", len(wanted)) as bar:
        for art in wanted:
            rgb = decode(found[art.sha256].read_bytes(), max_pixels=MAX_PIXELS)
            for path, square in squares(art, rgb):
                files.write_bytes(folder / path, encode(square, kind=".png"))
            bar.update()
        files.write_bytes(folder / DONE, key.encode())


def fingerprint(root: Path) -> str:
    """Name what the squares depend on: the list, and the code that cuts them."""
    read = (root / LIST, Path(__file__), Path(artlist.__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in read)).hexdigest()


def search(wanted: Sequence[Art], folder: Path) -> Mapping[str, Path]:
    """Find files by their digests: path by digest.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    digests = {art.sha256 for art in wanted}
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest in digests:
                found.setdefault(digest, path)
    return found


def squares(art: Art, rgb: RGB) -> Iterator[tuple[Path, RGB]]:
    """Cut a picture (H, W, 3): the paths of its squares in the folder of art, and their pixels."""
    of = COLLECTIONS[art.collection]
    held_out = art.split != "train"
    folder = Path(*([art.split] if held_out else []), art.collection)
    for number, cut in enumerate(of.held_out_cuts if held_out else of.cuts):
        scaled = _scaled(rgb, cut)
        for top, left in places(scaled.shape[0], scaled.shape[1], cut):
            name = f"{Path(art.name).stem}_{number}_{top:04}_{left:04}.png"
            yield folder / name, scaled[top : top + SIDE, left : left + SIDE]


def places(height: int, width: int, cut: Cut) -> Iterator[tuple[int, int]]:
    """Top and left of the squares of a picture: evenly spaced, and all of it is in one.

    >>> list(places(256, 512, Cut("width", 512, 200)))
    [(0, 0), (0, 128), (0, 256)]
    >>> list(places(360, 400, Cut("short", 360, 0, top=1 / 8)))
    [(45, 72)]
    """
    if not cut.step:
        yield min(int(height * cut.top), height - SIDE), (width - SIDE) // 2
        return
    rows, columns = (
        np.linspace(0, length - SIDE, max(1, -(-(length - SIDE) // cut.step) + 1)).round()
        for length in (height, width)
    )
    for top in rows.astype(int).tolist():
        for left in columns.astype(int).tolist():
            yield top, left


def _scaled(rgb: RGB, cut: Cut) -> RGB:
    height, width = rgb.shape[:2]
    factor = cut.length / (width if cut.scaled == "width" else min(height, width))
    size = (max(SIDE, round(width * factor)), max(SIDE, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=method), np.uint8)


if __name__ == "__main__":
    run(main)
