"""report: write one HTML file with all scores, curves and test pictures to compare.

    python -m stages.report [FILE]

Not a stage of the pipeline: it shows what the evaluate stage wrote, and paints the test pictures
once more. FILE is report.html if not given.
"""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colorize import files
from colorize.data.index import picture_ids, picture_of
from colorize.data.shards import ShardReader
from colorize.errors import DataError, one_line
from colorize.raw import manifest
from colorize.report import inputs
from colorize.report.credits import Credit, credits
from stages import progress, run

SHOWN = 200
"""Pictures at most, evenly spread over the test split, so that the page stays small."""


def main(root: Path) -> None:
    """Read metrics and tables, paint, write the page."""
    target = root / (sys.argv[1] if len(sys.argv) > 1 else "report.html")
    metrics = root / "metrics"
    numbers = inputs.numbers(metrics / "evaluate.json")
    tables = {
        "errors": inputs.table(metrics / "errors.csv", ["error", "model"]),
        "pictures": inputs.table(
            metrics / "pictures.csv", ["id", "psnr", "grey_psnr"], text=["id"]
        ),
        **{
            name: inputs.table(metrics / f"{name}.csv", [name])
            for name in ("adjustment", "temperature")
        },
        "hints": inputs.table(metrics / "hints.csv", ["hints"]),
    }
    if len(tables["hints"]) > 1 and len(tables["hints"][0]) < 2:
        raise DataError(f"{metrics / 'hints.csv'} holds no score: run the evaluate stage again")
    # PyTorch takes more than a second to import, and missing files need not wait for it.
    from colorize.model.decode import Decoding
    from colorize.model.weights import Model
    from colorize.report import page
    from colorize.report.gallery import paintings, spread

    test = ShardReader(root / "data" / "resized", "test")
    model = Model.load(root / "models" / "colorizer.safetensors")
    ids = picture_ids(root / "data" / "resized", "test")
    if ids != [row["id"] for row in tables["pictures"]]:
        raise DataError("metrics/pictures.csv is of other pictures: run the evaluate stage first")
    shown: list[dict[str, Any]] = []
    chosen = spread(len(test), SHOWN)
    with _expecting(metrics):
        temperature = numbers["temperature"]["model"]
        if not 0 < temperature <= 1:
            raise ValueError(f"a temperature of {temperature}")
    with progress("report", len(chosen)) as bar:
        for number in chosen:
            columns = paintings(model, test[number][None], Decoding(temperature))
            first = {title: pictures[0] for title, pictures in columns.items()}
            with _expecting(metrics):
                shown.append(page.picture(tables["pictures"][number], first))
            bar.update()
    about = (
        f"{model.recipe.name}, {model.count():,} parameters, trained at {model.side} pixels; "
        f"judged on {len(test)} pictures that it has never seen."
    )
    sheets = {name: metrics / "gallery" / f"{name}.png" for name in page.INKED if name in numbers}
    inked = {name: sheet.read_bytes() for name, sheet in sheets.items() if sheet.exists()}
    planes = (root / "metrics" / "gallery" / "planes.png").read_bytes()
    artists = credited(root / "data" / "raw", [ids[number] for number in chosen])
    with _expecting(metrics):
        content = page.build(
            numbers, tables, shown, about=about, planes=planes, credits=artists, inked=inked
        ).encode()
    files.write_bytes(target, content)
    print(f"{target}: {len(shown)} pictures, {len(content) / 1e6:.1f} MB")


def credited(raw: Path, ids: Collection[str]) -> list[Credit]:
    """Look up whose pictures these are; without a manifest nobody is known."""
    if not (raw / manifest.FILE_NAME).exists():
        return []
    wanted = {picture_of(identity) for identity in ids}
    records = (record for _, record in manifest.scan(raw))
    return credits(record for record in records if f"{record.source}_{record.id}" in wanted)


@contextmanager
def _expecting(metrics: Path) -> Iterator[None]:
    """Turn what follows from a key that is missing, or of another kind, into one line."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {one_line(error)}"
        raise DataError(
            f"{metrics / 'evaluate.json'} or a table beside it is not what the evaluate stage "
            f"writes ({what}): run it again"
        ) from None


if __name__ == "__main__":
    run(main)
