"""check: read every section of params.yaml, in a second and before any stage starts."""

from pathlib import Path

from colorize.errors import ParamsError
from colorize.params import load, read
from stages import run
from stages.evaluate import EvaluateParams
from stages.fetch import FetchParams
from stages.quantise import QuantiseParams
from stages.resize import ResizeParams
from stages.train import TrainParams

SECTIONS = {
    "fetch": FetchParams,
    "resize": ResizeParams,
    "quantise": QuantiseParams,
    "train": TrainParams,
    "evaluate": EvaluateParams,
}


def main(root: Path) -> None:
    """Load all sections, and refuse one that no stage reads."""
    for section in read(root):
        if section not in SECTIONS:
            raise ParamsError(f"unknown section '{section}'; known: {', '.join(SECTIONS)}")
    for section, kind in SECTIONS.items():
        load(kind, root, section)


if __name__ == "__main__":
    run(main)
