"""check: read every section of params.yaml, in less than a second and before any stage starts."""

from pathlib import Path

from colorize.errors import ParamsError
from colorize.params import FILE_NAME, Section, checked, read, shown
from stages import run
from stages.evaluate import EvaluateParams
from stages.fetch import FetchParams
from stages.quantise import QuantiseParams
from stages.resize import ResizeParams
from stages.train import TrainParams

SECTIONS: dict[str, type[Section]] = {
    "fetch": FetchParams,
    "resize": ResizeParams,
    "quantise": QuantiseParams,
    "train": TrainParams,
    "evaluate": EvaluateParams,
}


def main(root: Path) -> None:
    """Check all sections, and refuse one that no stage reads."""
    content = read(root)
    for section in content:
        if section not in SECTIONS:
            known = ", ".join(SECTIONS)
            raise ParamsError(f"{FILE_NAME}: unknown section {shown(section)}; known: {known}")
    for section, kind in SECTIONS.items():
        checked(kind, content, section)


if __name__ == "__main__":
    run(main)
