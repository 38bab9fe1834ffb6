"""check: read every section of params.yaml before any stage starts.

DVC runs it before the five stages, and removes none of their outputs if it fails.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from colorize import files
from colorize.errors import ParamsError
from colorize.inking.params import InkingParams
from colorize.learn.params import TrainParams
from colorize.params import FILE_NAME, Section, checked, read, shown
from stages import run
from stages.evaluate import EvaluateParams
from stages.fetch import FetchParams
from stages.quantise import QuantiseParams
from stages.resize import ResizeParams

SECTIONS: dict[str, type[Section]] = {
    "fetch": FetchParams,
    "resize": ResizeParams,
    "quantise": QuantiseParams,
    "inking": InkingParams,
    "train": TrainParams,
    "evaluate": EvaluateParams,
}


def main(root: Path) -> None:
    """Check all sections, and what they say of each other and of the disk."""
    renew_time(root / FILE_NAME)
    content = read(root)
    for section in content:
        if section not in SECTIONS:
            known = ", ".join(SECTIONS)
            raise ParamsError(f"{FILE_NAME}: unknown section {shown(section)}; known: {known}")
    for section, kind in SECTIONS.items():
        checked(kind, content, section)
    fetch = checked(FetchParams, content, "fetch")
    if not (root / fetch.folder).is_dir():
        raise ParamsError(f"{FILE_NAME}: 'fetch.folder': there is no folder {shown(fetch.folder)}")
    if not (root / fetch.deny).is_file():
        raise ParamsError(f"{FILE_NAME}: 'fetch.deny': there is no file {shown(fetch.deny)}")
    train = checked(TrainParams, content, "train")
    side = checked(ResizeParams, content, "resize").side
    if train.crop > side:
        raise ParamsError(
            f"{FILE_NAME}: 'train.crop' must be at most resize.side, {side}, not {train.crop}"
        )
    if side % train.multiple:
        raise ParamsError(
            f"{FILE_NAME}: 'resize.side' must be a multiple of {train.multiple} for recipe "
            f"{train.recipe}, not {side}"
        )
    files.write_bytes(root / "check" / "passed", b"passed\n")


def renew_time(path: Path) -> None:
    """Set the time of a file to now, and to a second after its former time at least.

    ``dvc exp run -S`` writes params.yaml twice in a moment: first as committed, which Git's index
    notes, then with the new value. Git compares sizes and whole seconds, so it would take a value
    of the same length for the committed one, and ``git restore`` would keep it after a failure.
    """
    with suppress(OSError):  # a missing file is named later; another user's keeps its time
        before = path.stat()
        os.utime(path, (before.st_atime, max(time.time(), before.st_mtime + 1)))


if __name__ == "__main__":
    run(main)
