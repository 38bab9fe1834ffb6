"""The pipeline's stages: each reads its params, calls the library and writes its outputs."""

import logging
import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

if lacking := [
    extra
    for extra, names in {
        "pipeline": ("dicebear", "dvc", "imagehash", "joblib", "matplotlib", "pydantic", "ruamel"),
        "boards": ("defusedxml", "httpx", "tenacity"),
        "report": ("jinja2", "matplotlib"),
    }.items()
    if not all(map(find_spec, names))
]:  # the stage was started with another Python, or with a lean installation
    sys.exit(
        f"{sys.executable} lacks what the stages need: "
        "use `make repro`, or `. .venv/bin/activate` before dvc; "
        f"without make, pip install 'colorize[{','.join(lacking)}]'"
    )

from tqdm import tqdm

from colorize.errors import ColorizeError, Interrupted

INTERRUPTED = 130


def progress(
    stage: str, total: int, unit: str = "picture", *, shown: bool = True
) -> "tqdm[NoReturn]":
    """Make a progress bar with rate and time left; silent where nobody watches a terminal."""
    disable = None if shown else True  # None: unless it is a terminal
    return tqdm(desc=stage, total=total, unit=unit, disable=disable, dynamic_ncols=True)


def scratch(root: Path) -> Path:
    """Folder for what a stage needs to resume after an interruption; no output, safe to delete.

    ``COLORIZE_SCRATCH`` moves it out of the project, where queued experiments find it again.
    """
    return root / os.environ.get("COLORIZE_SCRATCH", ".scratch")


def run(main: Callable[[Path], None]) -> None:
    """Run a stage as a program: a user's mistake is one line and exit status 1."""
    stage = Path(sys.argv[0]).stem
    logging.basicConfig(level=logging.INFO, format=f"{stage}: %(message)s")
    try:
        main(Path())
    except Interrupted as stop:
        print(f"\n{stage}: {stop}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (ColorizeError, OSError) as error:  # OSError: a full disk, a folder without rights
        sys.exit(f"{stage}: {error}")
    except KeyboardInterrupt:
        print(f"\n{stage}: interrupted; run it again", file=sys.stderr)
        sys.exit(INTERRUPTED)
