"""The report: one self-contained HTML file that sends no request."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray

from colorize.metrics.classes import CLASS_SCORES
from colorize.metrics.rownames import CHOSEN, MODEL, in_order
from colorize.metrics.scores import SCORES, Score
from colorize.report import charts
from colorize.report.credits import Credit
from colorize.report.summary import Line, best, shortened

QUALITY = 80
"""Of the WebP pictures, 0..100."""

GAIN = "gain"
"""Pictures are also sorted by their PSNR above all-grey's."""

FEW = 12
"""Pictures that are shown before the reader asks for all of them."""

Numbers = Mapping[str, Any]

INKED = {
    "toned": "Inked pages with screentone",
    "lines": "Line art",
    "foreign": "Inked pages made in another way, unlike those of the training",
}
"""Titles of kinds of inked pages."""
ART = {name: SCORES[name] for name in ("psnr", "ciede2000", "rmse_ab", "colourfulness")}
"""Scores that are shown of them."""


def build(
    numbers: Numbers,
    tables: Mapping[str, Sequence[Mapping[str, str]]],
    pictures: Sequence[Mapping[str, str]],
    *,
    about: str,
    planes: bytes,
    credits: Sequence[Credit] = (),
    inked: Mapping[str, bytes] = MappingProxyType({}),
) -> str:
    """Write the page.

    Args:
        numbers: content of the metrics file.
        tables: rows of ``errors``, ``temperature``, ``adjustment`` and ``hints``, as the CSV files
            have them.
        pictures: what `picture` gave, in any order.
        about: a sentence about the model and the pictures.
        planes: the histograms over the ab plane, a PNG.
        credits: of the pictures, where their artists are known.
        inked: contact sheets of inked pages, PNG, by the kinds that the metrics file has scores of.

    Returns:
        HTML whose every picture is inside it.
    """
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        files(__package__).joinpath("report.html.j2").read_text("utf-8")
    )
    at = numbers["temperature"]
    curves = charts.error_curves(tables["errors"], "svg")
    sweeps = {}
    for name in ("adjustment", "temperature"):
        chosen = numbers[name].get(CHOSEN, numbers[name][MODEL])
        sweeps[name] = charts.sweep(tables[name], name, chosen, "svg")
    drawn = [
        {"uri": _uri(curves, "svg+xml"), "alt": "Pixels by their error in ab, each row"},
        *(
            {"uri": _uri(chart, "svg+xml"), "alt": f"Validation scores by {name}"}
            for name, chart in sweeps.items()
        ),
        {"uri": _uri(planes, "png"), "alt": "Colours of truth and painting in the ab plane"},
    ]
    if len(tables["hints"]) > 1:  # the model takes hints
        uri = _uri(charts.hinted(tables["hints"], "svg"), "svg+xml")
        drawn.append({"uri": uri, "alt": "Scores by the number of hinted regions"})
    return template.render(
        about=about,
        temperature=_temperature(at, numbers["adjustment"]),
        credits=credits,
        few=FEW,
        truth=f"The true pictures' colourfulness is {numbers['truth']['colourfulness']:.1f}.",
        scores=_table(numbers, numbers["stderr"], SCORES, at),
        classes=_table(
            numbers.get("classes", {}), numbers["stderr"].get("classes", {}), CLASS_SCORES, {}
        ),
        differences=_differences(numbers["difference"]),
        charts=drawn,
        pictures=pictures,
        inked=[
            {
                "title": INKED[kind],
                "table": _table(numbers[kind]["art"], {}, ART, {}),
                "uri": _uri(_webp(_png(sheet)), "webp"),
            }
            for kind, sheet in inked.items()
        ],
        orders=[
            *((name, score.title) for name, score in SCORES.items() if name != "psnr_pooled"),
            (GAIN, "PSNR above grey's, dB"),
        ],
        low_is_better=[n for n, score in SCORES.items() if score.higher_is_better is False],
        undirected=[n for n, score in SCORES.items() if score.higher_is_better is None],
    )


def picture(row: Mapping[str, str], columns: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    """Encode one picture for `build`.

    Args:
        row: its line of the table of pictures: ``id`` and scores.
        columns: ``grey``, ``painted`` and ``true``, (H, W, 3) uint8.
    """
    gain = float(row["psnr"]) - float(row["grey_psnr"])
    scores = {name: shortened(float(row[name])) for name in SCORES}
    return {"id": row["id"], "scores": scores | {GAIN: shortened(gain)}} | {
        title: _uri(_webp(rgb), "webp") for title, rgb in columns.items()
    }


def _png(content: bytes) -> NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(bgr, np.uint8)[..., ::-1]


def _webp(rgb: NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".webp", rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return encoded.tobytes()


def _uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _temperature(at: Numbers, adjusted: Numbers) -> str:
    """Say which temperatures and adjustments the pictures and the rows have."""
    painted = f"The pictures are painted at T = {at[MODEL]:g}."
    if CHOSEN not in at:
        return painted
    return (
        f"{painted} The validation split chose T = {at[CHOSEN]:g} and an adjustment of "
        f"{adjusted[CHOSEN]:g}."
    )


def _table(
    numbers: Numbers, errors: Numbers, scores: Mapping[str, Score[Any]], at: Numbers
) -> dict[str, Any]:
    """Lay the rows that have these scores out for the template, with the T of the model's."""
    lines = [
        Line(row, numbers[row], errors.get(row, {}))
        for row in in_order(errors or numbers)
        if set(scores) <= set(numbers[row])
    ]
    winners = best(lines, scores)
    arrows = {True: "↑", False: "↓", None: ""}
    return {
        "heads": [
            {"title": s.title, "source": s.source, "arrow": arrows[s.higher_is_better]}
            for s in scores.values()
        ],
        "lines": [
            {
                "row": line.row.replace("_", " ")
                + (f" (T = {at[line.row]:g})" if line.row in at else ""),
                "cells": [
                    {
                        "value": shortened(line.values[name]),
                        "error": shortened(line.errors[name], 2) if line.errors else "",
                        "best": line.row in winners[name],
                    }
                    for name in scores
                ],
            }
            for line in lines
        ],
    }


def _differences(numbers: Numbers) -> list[dict[str, str]]:
    words = {True: "more", False: "less", None: "near the truth's"}
    return [
        {
            "title": score.title,
            "better": words[score.higher_is_better],
            **{key: shortened(numbers[name][key]) for key in ("value", "low", "high")},
        }
        for name, score in SCORES.items()
    ]
