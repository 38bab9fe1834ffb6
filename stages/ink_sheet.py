"""ink_sheet: write one picture of the manga pages that are made of test pictures.

    python -m stages.ink_sheet [FILE]

Not a stage of the pipeline: look at it before a training, and after changing a value of the section
``inking`` of params.yaml.
FILE is ink-sheet.png if not given.
"""

import sys
from pathlib import Path

from colorize import files
from colorize.data.shards import ShardReader
from colorize.inking.page import Inker
from colorize.inking.params import InkingParams
from colorize.inking.sheet import sheet
from colorize.params import load
from stages import run

SHOWN = 12
"""Pictures at most, evenly spread over the test split."""


def main(root: Path) -> None:
    """Read test pictures, make pages, write them."""
    target = root / (sys.argv[1] if len(sys.argv) > 1 else "ink-sheet.png")
    params = load(InkingParams, root, "inking")
    test = ShardReader(root / "data" / "resized", "test")
    shown = min(SHOWN, len(test))
    pictures = [test[number * len(test) // shown] for number in range(shown)]
    files.write_bytes(target, sheet(pictures, Inker(params)))
    print(f"{target}: {shown} pictures")


if __name__ == "__main__":
    run(main)
