"""card: write the figures of docs/model-card.md from the metrics of ``weights/`` and its lists.

    python -m stages.card

Not a stage of the pipeline. The prose of the card is written by people; each table is between
``<!-- table NAME -->`` and ``<!-- end -->``, as in `stages.tables`.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from colorize import files, params
from colorize.errors import DataError, one_line
from colorize.metrics.rownames import in_order
from colorize.metrics.scores import SCORES
from colorize.report.summary import Line, markdown, shortened
from colorize.weights import registry
from colorize.weights.registry import DEFAULT
from stages import artlist, run, tables
from stages.artlist import Art

PAGE = Path("docs", "model-card.md")
FOLDER = Path("weights")

INPUTS = {
    "toned": "inked pages with screentone",
    "lines": "line art",
    "foreign": "pages inked in a way that training never saw",
}
INKED_SCORES = ("psnr", "ciede2000", "rmse_ab")
BY_SOURCE = ("psnr", "auc", "auc_balanced", "ciede2000")


class Facts(NamedTuple):
    """All that the tables show.

    Attributes:
        numbers: of ``weights/metrics/evaluate.json``.
        pictures: rows of ``weights/metrics/pictures.csv``.
        art: the list of art.
        values: of ``weights/params.yaml``.
        counts: of ``weights/metrics/resize.json``.
    """

    numbers: Mapping[str, Any]
    pictures: list[dict[str, str]]
    art: list[Art]
    values: Mapping[str, Mapping[str, Any]]
    counts: Mapping[str, Any]


def main(root: Path) -> None:
    """Write all tables."""
    page = root / PAGE
    filled = tables.filled(page.read_text("utf-8"), read(root), TABLES)
    files.write_bytes(page, filled.encode())


def read(root: Path) -> Facts:
    """Read what the tables show.

    Raises:
        DataError: the weights have not been trained, or a file is damaged.
    """
    metrics = root / FOLDER / "metrics"
    try:
        numbers, counts = (
            json.loads((metrics / f"{name}.json").read_text("utf-8"))
            for name in ("evaluate", "resize")
        )
        with (metrics / "pictures.csv").open(encoding="utf-8", newline="") as file:
            pictures = list(csv.DictReader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{metrics}: {one_line(error)}: run `make weights` first") from None
    return Facts(numbers, pictures, artlist.read(root), params.read(root / FOLDER), counts)


def about(facts: Facts) -> str:
    """The file, and how it was trained."""
    known = registry.shipped()
    if DEFAULT not in known:
        raise DataError(f"no weights {DEFAULT} are shipped: run `python -m stages.ship` first")
    weights = known[DEFAULT]
    able, train = registry.abilities(weights.path), facts.values["train"]
    pictures = ", ".join(f"{count} {split}" for split, count in facts.counts["pictures"].items())
    rows = {
        "name": DEFAULT,
        "file": f"`colorize/weights/{weights.path.name}`, {weights.bytes:,} bytes",
        "SHA-256": f"`{weights.sha256}`",
        "licence": weights.licence,
        "network": f"recipe `{able.recipe}`, width {train['width']:g}",
        "pages": ", ".join(able.domains) + (", with hints" if able.hints else ", without hints"),
        "trained": f"{train['epochs']} epochs, crops of {train['crop']} pixels",
        "pictures": pictures,
    }
    return _table(["", ""], [[key, text] for key, text in rows.items()])


def sources(facts: Facts) -> str:
    """What it was trained and tested on, with credits and licences."""
    rows = []
    groups: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for art in facts.art:
        groups[art.collection, art.credit, art.licence][art.split] += 1
    for (collection, credit, licence), splits in groups.items():
        counts = [str(splits[split]) for split in ("train", "val", "test")]
        rows.append([collection, credit, licence, *counts])
    if "panels" in facts.values["fetch"]["source"]:
        drawn = [f"{facts.values['fetch']['count']} drawn", "", ""]
        credit = "panels drawn of the works in [CREDITS.md](../CREDITS.md)"
        rows.append(["panels", credit, "as listed there", *drawn])
    return _table(["collection", "credit", "licence", "train", "val", "test"], rows)


def grey(facts: Facts) -> str:
    """Grey pages: all rows, between floors and ceilings."""
    return tables.headline(facts.numbers, tables.HEADLINE_ROWS | CEILING)


CEILING = {"ceiling_head": "ceiling: the true colours at the network's resolution"}


def inked(facts: Facts) -> str:
    """Inked pages: PSNR and the like over the art alone, neither ink nor paper."""
    rows = []
    for name, title in INPUTS.items():
        art = facts.numbers.get(name, {}).get("art", {})
        for row in in_order(art):
            values = [shortened(art[row][score]) for score in INKED_SCORES if score in art[row]]
            rows.append([title, row.replace("_", " "), *values])
            title = ""
    if not rows:
        return "The model has not learned inked pages."
    heads = [SCORES[name].title for name in INKED_SCORES]
    return _table(["pages", "row", *heads], rows)


def by_source(facts: Facts) -> str:
    """Grey pages of each source: the model beside all grey."""
    names = {art.sha256[:16]: art.collection for art in facts.art}
    found: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for picture in facts.pictures:
        found[_source(picture["id"], names)].append(picture)
    lines = []
    for source, pictures in sorted(found.items()):
        for row, prefix in ((f"{source}, {len(pictures)} pictures", ""), ("all grey", "grey_")):
            columns = {name: _numbers(pictures, f"{prefix}{name}") for name in BY_SOURCE}
            means = {name: fmean(values) for name, values in columns.items() if values}
            errors = {name: _stderr(values) for name, values in columns.items() if values}
            lines.append(Line(row, means, errors))
    return "\n".join(_without_marks(lines))


def _without_marks(lines: list[Line]) -> Iterator[str]:
    """Lay rows of several sources out: none of them is the best of all."""
    for line in markdown(lines, {name: SCORES[name] for name in BY_SOURCE}).splitlines():
        yield line.replace("**", "")


def _source(identity: str, names: Mapping[str, str]) -> str:
    """Name the collection of a test picture by its id, or its source."""
    source, _, rest = identity.partition("_")
    digest = re.match(r"[0-9a-f]{16}", rest)
    return names.get(digest[0], source) if digest else source


def _numbers(pictures: list[dict[str, str]], column: str) -> list[float]:
    """Values of a column; pictures that have none, such as a score of no bins, are left out."""
    return [float(text) for picture in pictures if (text := picture.get(column)) not in (None, "")]


def _stderr(values: list[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = fmean(values)
    return float((sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) ** 0.5)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: Mapping[str, Callable[[Facts], str]] = {
    "about": about,
    "sources": sources,
    "grey": grey,
    "by-source": by_source,
    "inked": inked,
}


if __name__ == "__main__":
    run(main)
