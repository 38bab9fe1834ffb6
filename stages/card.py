"""card: write the figures of docs/model-card.md from the metrics of ``weights/`` and its lists.

    python -m stages.card

Not a stage of the pipeline. The prose of the card is written by people; each table is between
``<!-- table NAME -->`` and ``<!-- end -->``, as in `stages.tables`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colorize import files, params
from colorize.data.split import SPLITS
from colorize.errors import DataError, one_line
from colorize.metrics.scores import SCORES
from colorize.report import inputs
from colorize.report.summary import shortened
from colorize.weights import registry
from colorize.weights.registry import DEFAULT
from stages import artlist, run, tables
from stages.artlist import Art

PAGE = Path("docs", "model-card.md")
FOLDER = Path("weights")

INPUTS = {
    "toned": "with screentone",
    "lines": "line art",
    "foreign": "inked in a way that training never saw",
}
ROWS = tables.HEADLINE_ROWS | {"ceiling_head": "ceiling head"}
INKED_ROWS = {
    "model_chosen": "model",
    "one_epoch": "after one epoch",
    "mean_layer": "page over one mean colour",
    "page": "page as it is",
    "ceiling_head": "ceiling head",
}
HINTED = {"": "grey", "toned_": "with screentone", "lines_": "line art"}
"""Kinds of pages by the prefix of their columns in ``hints.csv``."""
FAILED = ("row", "pages", "psnr", "ciede2000", "unpainted")
"""Columns of ``failures.csv``."""
KINDS = {"grey": "grey", "ink": "inked"}


class Facts(NamedTuple):
    """All that the tables show.

    Attributes:
        scores: of each collection of held-out art, as `stages.apart` writes them.
        art: the list of art.
        values: of ``weights/params.yaml``.
        trained: number of training and validation pictures, of ``weights/metrics/resize.json``.
        hints: rows of ``weights/metrics/hints.csv``.
        failures: rows of ``weights/metrics/failures.csv``; none if it is not there.
    """

    scores: Mapping[str, Mapping[str, Any]]
    art: list[Art]
    values: Mapping[str, Mapping[str, Any]]
    trained: Mapping[str, int]
    hints: Sequence[Mapping[str, Any]]
    failures: Sequence[Mapping[str, Any]]


def main(root: Path) -> None:
    """Write all tables."""
    page = root / PAGE
    filled = tables.filled(page.read_text("utf-8"), read(root), TABLES)
    files.write_bytes(page, filled.encode())


def read(root: Path) -> Facts:
    """Read what the tables show.

    Raises:
        DataError: the weights have not been judged, or a file is damaged.
    """
    metrics, art = root / FOLDER / "metrics", artlist.read(root)
    try:
        counts = json.loads((metrics / "resize.json").read_text("utf-8"))["pictures"]
        judged = [metrics / f"{name}.json" for name in dict.fromkeys(of.collection for of in art)]
        scores = {
            path.stem: json.loads(path.read_text("utf-8")) for path in judged if path.exists()
        }
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{metrics}: {one_line(error)}: run `make weights` first") from None
    if not scores:
        raise DataError(f"{metrics} holds no scores of art: run `python -m stages.apart` first")
    hints = inputs.table(metrics / "hints.csv", ["hints", "psnr", "ciede2000"])
    shown = metrics / "failures.csv"
    failures = inputs.table(shown, FAILED, text=["pages"]) if shown.exists() else []
    return Facts(scores, art, params.read(root / FOLDER), counts, hints, failures)


def about(facts: Facts) -> str:
    """The file, and how it was trained."""
    known = registry.shipped()
    if DEFAULT not in known:
        raise DataError(f"no weights {DEFAULT} are shipped: run `python -m stages.ship` first")
    weights = known[DEFAULT]
    able, train = registry.abilities(weights.path), facts.values["train"]
    squares = " and ".join(f"{facts.trained[split]:,} for {split}" for split in ("train", "val"))
    rows = {
        "name": DEFAULT,
        "file": f"`colorize/weights/{weights.path.name}`, {weights.bytes:,} bytes",
        "SHA-256": f"`{weights.sha256}`",
        "licence": weights.licence,
        "network": f"recipe `{able.recipe}`, width {train['width']:g}",
        "pages": ", ".join(able.domains) + (", with hints" if able.hints else ""),
        "training": f"{train['epochs']} epochs at most, on crops of {train['crop']} pixels",
        "squares": f"{squares}, of {facts.values['resize']['side']} pixels",
    }
    return _table(["", ""], [[key, text] for key, text in rows.items()])


def sources(facts: Facts) -> str:
    """What it was trained and tested on, with credits and licences."""
    rows = []
    groups: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for art in facts.art:
        groups[art.collection, art.credit, art.licence][art.split] += 1
    for (collection, credit, licence), splits in groups.items():
        rows.append([collection, credit, licence, *(str(splits[s]) for s in SPLITS)])
    if "panels" in facts.values["fetch"]["source"]:
        credit = "panels drawn of the works in [CREDITS.md](../CREDITS.md)"
        drawn = str(facts.values["fetch"]["count"])
        rows.append(["panels", credit, "as listed there", drawn, "0", "0"])
    return _table(["collection", "credit", "licence", "training", "validation", "test"], rows)


def grey(facts: Facts) -> str:
    """Grey pages of each collection, between floors and ceilings."""
    return "\n\n".join(
        f"*{collection}*, {numbers['pictures']} squares:\n\n{tables.headline(numbers, ROWS)}"
        for collection, numbers in facts.scores.items()
    )


def inked(facts: Facts) -> str:
    """Inked pages of each collection: scores over what is neither ink nor paper."""
    rows = []
    for collection, numbers in facts.scores.items():
        for name, title in INPUTS.items():
            art = numbers.get(name, {}).get("art", {})
            for row, words in INKED_ROWS.items():
                if row in art:
                    values = [shortened(art[row][score]) for score in tables.ART]
                    rows.append([f"{collection}, {title}", words, *values])
    if not rows:
        return "The model has not learned inked pages."
    heads = [SCORES[name].title for name in tables.ART]
    return _table(["pages", "row", *heads], rows)


def hints(facts: Facts) -> str:
    """Scores over the number of hints, as the network alone follows them."""
    if len(facts.hints) == 1:
        return "The network by itself takes none: `colorize` carries them."
    known = {prefix: title for prefix, title in HINTED.items() if f"{prefix}psnr" in facts.hints[0]}
    heads = [
        f"{title}, {name}" for title in known.values() for name in ("PSNR, dB ↑", "CIEDE2000 ↓")
    ]
    rows = [
        [
            f"{float(row['hints']):g}",
            *(
                shortened(float(row[f"{prefix}{score}"]))
                for prefix in known
                for score in ("psnr", "ciede2000")
            ),
        ]
        for row in facts.hints
    ]
    return _table(["hinted regions", *heads], rows)


def failures(facts: Facts) -> str:
    """Scores of the panels in the picture of failures."""
    if not facts.failures:
        return "No failures are drawn yet: run `python -m benchmarks.failures`."
    rows = [
        [
            f"{float(row['row']):g}",
            KINDS[f"{row['pages']}"],
            *(shortened(float(row[name])) for name in FAILED[2:]),
        ]
        for row in facts.failures
    ]
    heads = ["row", "page", "PSNR, dB ↑", "CIEDE2000 ↓", "CIEDE2000 of the page as it is"]
    return _table(heads, rows)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: Mapping[str, Callable[[Facts], str]] = {
    "about": about,
    "sources": sources,
    "grey": grey,
    "inked": inked,
    "hints": hints,
    "failures": failures,
}


if __name__ == "__main__":
    run(main)
