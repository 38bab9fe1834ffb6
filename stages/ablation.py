"""ablation: train variants with several seeds each, for equal time, and compare their scores.

    python -m stages.ablation NAME [TABLE] [KEY=VALUE ...]

TABLE is one of `stages.plans`: ``losses``, if not given, or ``critics``. The values, such as
``resize.side=128``, hold for every variant; the environment variable ``SEEDS`` says how many seeds
each variant gets. This lays down ``ablation/NAME``, a DVC pipeline of its own with a stage for each
run, and reproduces it: what is up to date is not run again, and a run that was stopped resumes. The
tables are also written to ``ablation/NAME/results.md``, and test pictures as every variant paints
them to ``ablation/NAME/grey.png`` and ``toned.png``. The models stay in ``ablation/NAME/runs``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from colorize import files, params
from colorize.errors import ColorizeError, ParamsError
from stages import check, plans, run, scratch, variant
from stages.processes import whole_number
from stages.tools import dvc

SEEDS = 3
SHOWN = ("auc", "auc_balanced", "psnr", "ssim", "ciede2000")
COLOURS = ("colourfulness", "histogram_a", "histogram_b")
INKED = ("auc", "psnr", "ciede2000", "rmse_ab", *COLOURS)
PICTURES = 6
"""Test pictures that all variants are shown on."""

Numbers: TypeAlias = Mapping[str, Any]
"""What a metrics file holds."""


def main(root: Path) -> None:
    """Lay down the pipeline, reproduce it, print the tables; exit 1 where a run is missing."""
    name, table, settings = arguments(sys.argv[1:])
    values = variant.changed(params.read(root), settings)
    seeds = whole_number("SEEDS", SEEDS)
    folder = Path("ablation", name)
    runs = plans.planned(table, values, seeds)
    trial = scratch(root) / "ablation" / name / "check"
    variant.write(trial, variant.located(root, values))
    check.main(trial)
    files.remove_folder(trial)
    variant.write(root / folder, values)
    lay_down(root, folder, runs)
    target = (folder / "dvc.yaml").as_posix()
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run(  # noqa: S603 - our own interpreter, and a name that was checked
        [sys.executable, "-m", "dvc", "repro", "--keep-going", target],
        cwd=root,
        env=os.environ | {"PATH": here},
    )
    outdated = json.loads(dvc(root, "status", "--json", target))
    found = {
        title: [root / folder / "runs" / one for one in of_title]
        for title, of_title in runs.items()
        if not any(f"{target}:run@{one}" in outdated for one in of_title)
    }
    if found and f"{target}:data" not in outdated:
        text = report({title: [_read(one) for one in ones] for title, ones in found.items()})
        files.write_bytes(root / folder / "results.md", f"{text}\n".encode())
        print(text)
        draw(root / folder, {title: ones[0] for title, ones in found.items()})
    if missing := [title for title in runs if title not in found]:
        raise ColorizeError(f"not finished: {'; '.join(missing)}. Run it again to resume.")


def lay_down(root: Path, folder: Path, runs: Mapping[str, Mapping[str, str]]) -> None:
    """Write the pipeline: a stage for the data, and one for each run."""
    stages = variant.stages_of(root)
    values = params.read(root / folder)
    file, home = (folder / params.FILE_NAME).as_posix(), folder.as_posix()
    command = f"python -m stages.variant {home}"
    up = Path(*[".."] * len(folder.parts)).as_posix()
    sources = [values["fetch"][key] for key in variant.PATHS]
    pipeline = {
        "data": {
            "desc": "Fetch and resize the pictures of all runs",
            "wdir": up,
            "cmd": command,
            "params": [{file: _sections(stages, "fetch", "resize")}],
            "deps": [*sources, *_code(stages, "fetch", "resize")],
            "outs": [f"{home}/data/resized"],
        },
        "run": {
            "foreach": {one: text for of_title in runs.values() for one, text in of_title.items()},
            "do": {
                "desc": "Quantise, train and evaluate with other values",
                "wdir": up,
                "cmd": f"{command} ${{key}} ${{item}}",
                "params": [{file: _sections(stages, "quantise", "train", "evaluate")}],
                "deps": [f"{home}/data/resized", *_code(stages, "quantise", "train", "evaluate")],
                "outs": [f"{home}/runs/${{key}}"],
            },
        },
    }
    variant.write_yaml(root / folder / "dvc.yaml", {"stages": pipeline})


def _sections(stages: Mapping[str, Any], *names: str) -> list[str]:
    return [section for name in names for section in stages[name]["params"]]


def _code(stages: Mapping[str, Any], *names: str) -> list[str]:
    deps = {dep for name in names for dep in stages[name]["deps"]}
    code = {dep for dep in deps if dep.startswith(("colorize/", "stages/"))}
    return sorted(code | {"stages/variant.py"})


def report(variants: Mapping[str, Sequence[Numbers]]) -> str:
    """Lay the variants out as Markdown: grey pages, and inked pages where they were judged.

    Args:
        variants: the metrics of each run by title; one variant and one run at least.

    Raises:
        ColorizeError: there is none, or they were judged on different pictures.
    """
    if not variants:
        raise ColorizeError("no variant was trained")
    first, *others = (numbers for runs in variants.values() for numbers in runs)
    if any(other["grey"] != first["grey"] for other in others):
        raise ColorizeError("the variants were judged on different pictures")
    seeds = min(len(runs) for runs in variants.values())
    errors = f"of a trained row over its {seeds} seeds, of the others " if seeds > 1 else ""
    text = (
        f"{_table(variants, (*SHOWN, *COLOURS))}\n\n"
        f"{first['pictures']} test pictures, whose own colourfulness is "
        f"{first['truth']['colourfulness']:.2f}; ± is a standard error, {errors}over the pictures."
    )
    if "toned" not in first:
        return text
    inked = {
        title: [numbers["toned"]["art"] for numbers in runs] for title, runs in variants.items()
    }
    return (
        f"{text}\n\n{_table(inked, INKED)}\n\n"
        "The same pictures with screentone, over pixels that are neither ink nor paper."
    )


def _table(variants: Mapping[str, Sequence[Numbers]], scores: Sequence[str]) -> str:
    """Lay out the trained rows, and below them those that are the same for all variants."""
    from colorize.metrics.rownames import ONE_EPOCH, in_order, is_model
    from colorize.metrics.scores import SCORES
    from colorize.report.summary import Line, markdown

    first = next(iter(variants.values()))[0]
    errors = first.get("stderr", {})
    fixed = [row for row in errors or first if set(scores) <= set(first.get(row, ()))]
    lines = [Line(title, *_over_seeds(runs)) for title, runs in variants.items()]
    lines += [
        Line(row.replace("_", " "), first[row], errors.get(row, {}))
        for row in in_order(fixed)
        if row != ONE_EPOCH and not is_model(row)
    ]
    return markdown(lines, {name: SCORES[name] for name in scores})


def _over_seeds(runs: Sequence[Numbers]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard error of each score over runs; of a single run that over its pictures."""
    from colorize.metrics.rownames import CHOSEN, MODEL

    row = CHOSEN if CHOSEN in runs[0] else MODEL  # what regresses has no decoding to choose
    if len(runs) == 1:
        return dict(runs[0][row]), dict(runs[0].get("stderr", {}).get(row, {}))
    values = {name: np.array([run[row][name] for run in runs]) for name in runs[0][row]}
    means = {name: float(of_runs.mean()) for name, of_runs in values.items()}
    errors = {n: float(v.std(ddof=1) / len(v) ** 0.5) for n, v in values.items()}
    return means, errors


def draw(folder: Path, runs: Mapping[str, Path]) -> None:
    """Paint some test pictures by a model of each variant, side by side.

    Args:
        folder: of the ablation.
        runs: the folder of the run of each title.
    """
    from colorize.data.shards import ShardReader
    from colorize.model.domains import GREY, INK
    from colorize.model.weights import Model
    from colorize.report.gallery import contact_sheet, paintings, spread

    test = ShardReader(folder / "data" / "resized", "test")
    rgb = np.stack([test[number] for number in spread(len(test), PICTURES)])
    models = {title: Model.load(one / variant.MODEL) for title, one in runs.items()}
    for name, domain in {"grey": GREY, "toned": INK}.items():
        painted = {
            title: paintings(model, rgb, model.decoding, domain)
            for title, model in models.items()
            if domain in model.domains
        }
        if painted:
            page, *_ = painted.values()
            columns = {title: columns["painted"] for title, columns in painted.items()}
            sheet = {"page": page["grey"], **columns, "true": page["true"]}
            files.write_bytes(folder / f"{name}.png", contact_sheet(sheet, across=1))


def arguments(given: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    """Read the command line: a name, a table of variants, settings.

    Raises:
        ParamsError: there is no name that a folder may have, or no such table.
    """
    name, *rest = given or ("",)
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise ParamsError("name the ablation: make ablation NAME=sample SET='resize.side=128'")
    table = rest.pop(0) if rest and "=" not in rest[0] else next(iter(plans.TABLES))
    if table not in plans.TABLES:
        raise ParamsError(f"no table {table!a}; known: {', '.join(plans.TABLES)}")
    return name, table, rest


def _read(folder: Path) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads((folder / variant.SCORES).read_text("utf-8"))
    return numbers


if __name__ == "__main__":
    run(main)
