"""gather: copy the art that ``weights/sources.csv`` lists from a folder to ``weights/art``.

    python -m stages.gather [FOLDER]

The files are found by their digests, at any depth and under any name. Each is laid into
``weights/art/SPLIT/COLLECTION``, where the split of the list decides what is held out. Without a
folder this only checks that all is there already.
"""

import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from colorize import files
from colorize.errors import DataError
from stages import artlist, progress, run
from stages.artlist import SUFFIXES, Art

ART = Path("weights", "art")


def main(root: Path) -> None:
    """Copy what is not there yet."""
    wanted = artlist.read(root)
    target = root / ART
    if complete(wanted, target):
        return
    folders = [Path(name) for name in sys.argv[1:2] if name]
    found = search(wanted, [target, *folders])
    if missing := [art.name for art in wanted if art.sha256 not in found]:
        shown = ", ".join(missing[:3]) + (" and others" if missing[3:] else "")
        where = f"in {folders[0]}" if folders else f"in {target}: name a folder of art"
        raise DataError(
            f"{len(missing)} of {len(wanted)} pictures are not {where} ({shown}); "
            "weights/README.md says where they come from"
        )
    with files.fresh_folder(target) as folder:
        for art in wanted:
            path = place(art, folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found[art.sha256], path)


def place(art: Art, folder: Path) -> Path:
    """Where a picture lies."""
    return folder / art.split / art.name


def complete(wanted: Sequence[Art], folder: Path) -> bool:
    """Tell whether a folder holds the wanted pictures, each in its place, and nothing else."""
    paths = {place(art, folder): art.sha256 for art in wanted}
    there = {path for path in folder.rglob("*") if path.is_file()}
    return there == set(paths) and all(_digest(path) == of for path, of in paths.items())


def search(wanted: Sequence[Art], folders: Sequence[Path]) -> Mapping[str, Path]:
    """Find files by their digests: path by digest.

    Raises:
        DataError: a folder that was named is none.
    """
    digests, found = {art.sha256 for art in wanted}, {}
    for folder in folders[1:]:
        if not folder.is_dir():
            raise DataError(f"there is no folder {folder}")
    paths = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES
    )
    with progress("gather", len(paths)) as bar:
        for path in paths:
            if path.is_file() and (digest := _digest(path)) in digests:
                found.setdefault(digest, path)
            bar.update()
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    run(main)
