"""report: write one HTML file with all scores, curves and test pictures to compare.

    python -m stages.report [FILE]

No stage of the pipeline: it shows what the evaluate stage wrote, and paints the test pictures once
more. FILE is report.html if not given.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from colorize import files
from colorize.data.shards import ShardReader
from colorize.errors import DataError
from stages import progress, run

SHOWN = 200
"""Pictures at most, evenly spread over the test split, lest the page become too large."""


def main(root: Path) -> None:
    """Read metrics and tables, paint, write the page."""
    target = root / (sys.argv[1] if len(sys.argv) > 1 else "report.html")
    numbers = json.loads(_read(root, "evaluate.json"))
    tables = {
        name: list(csv.DictReader(_read(root, f"{name}.csv").splitlines()))
        for name in ("errors", "pictures", "temperature")
    }
    # PyTorch takes more than a second to import, and missing files need not wait for it.
    from colorize.model.weights import Model
    from colorize.report import page
    from colorize.report.gallery import paintings, spread

    test = ShardReader(root / "data" / "resized", "test")
    model = Model.load(root / "models" / "colorizer.safetensors")
    if len(test) != len(tables["pictures"]):
        raise DataError("metrics/pictures.csv is of other pictures: run the evaluate stage first")
    shown: list[dict[str, Any]] = []
    chosen = spread(len(test), SHOWN)
    with progress("report", len(chosen)) as bar:
        for number in chosen:
            columns = paintings(model, test[number][None], numbers["temperature"]["model"])
            first = {title: pictures[0] for title, pictures in columns.items()}
            shown.append(page.picture(tables["pictures"][number], first))
            bar.update()
    about = (
        f"{model.recipe.name}, {model.count():,} parameters, trained at {model.side} pixels; "
        f"judged on {len(test)} pictures that it has never seen."
    )
    planes = (root / "metrics" / "gallery" / "planes.png").read_bytes()
    content = page.build(numbers, tables, shown, about=about, planes=planes).encode()
    files.write_bytes(target, content)
    print(f"{target}: {len(shown)} pictures, {len(content) / 1e6:.1f} MB")


def _read(root: Path, name: str) -> str:
    try:
        return (root / "metrics" / name).read_text("utf-8")
    except FileNotFoundError:
        raise DataError(f"no metrics/{name}: run the evaluate stage first") from None


if __name__ == "__main__":
    run(main)
