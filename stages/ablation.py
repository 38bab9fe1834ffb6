"""ablation: train the paper's variants with several seeds each, and print their scores as a table.

    python -m stages.ablation NAME [KEY=VALUE ...]

The values, such as ``resize.side=128``, hold for every variant; the environment variable ``SEEDS``
says how many seeds each variant gets. This lays down ``ablation/NAME``, a DVC pipeline of its own
with a stage for each run, and reproduces it: what is up to date is not run again, and a run that
was stopped resumes. The table is also written to ``ablation/NAME/results.md``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colorize import files, params
from colorize.errors import ColorizeError, ParamsError
from stages import check, run, scratch, variant
from stages.processes import whole_number
from stages.tools import dvc
from stages.train import CLASSIFYING

VARIANTS: Mapping[str, Sequence[str]] = {
    "classes, mix 0.5": ("quantise.mix=0.5",),
    "classes, mix 1": ("quantise.mix=1",),
    "classes, mix 0": ("quantise.mix=0",),
    "one epoch": ("train.epochs=1",),
}
"""Zhang et al., table 1, and a training of one epoch: a title, and the settings it changes."""

PIX2PIX: Mapping[str, Sequence[str]] = {
    "pix2pix": (),
    "pix2pix, L1 alone": ("train.gan=0",),
    "pix2pix, critic alone": ("train.l1=0",),
    "pix2pix, patch 16": ("train.patch=16",),
    "pix2pix, patch 1": ("train.patch=1",),
}
"""Isola et al., section 4: L1 and a critic of 70 x 70 pixels where a title says nothing else."""
AS_PIX2PIX = (
    "train.recipe=pix2pix",
    "train.width=0.25",  # 3.4 million parameters, near to the 2.8 of unet
    "train.tone=false",
    "train.lr=0.0002",
    "train.weight_decay=0",
)

SEEDS = 3
SHOWN = ("auc", "auc_balanced", "rmse_ab", "psnr", "ssim", "ciede2000", "colourfulness")


def main(root: Path) -> None:
    """Lay down the pipeline, reproduce it, print the table; exit 1 where a run is missing."""
    name, settings = _arguments(sys.argv[1:])
    values = variant.changed(params.read(root), settings)
    seeds = whole_number("SEEDS", SEEDS)
    folder = Path("ablation", name)
    runs = planned(values, seeds)
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
        title: [_read(root / folder, run) for run in of_title]
        for title, of_title in runs.items()
        if not any(f"{target}:run@{run}" in outdated for run in of_title)
    }
    if found and f"{target}:data" not in outdated:
        text = table(found)
        files.write_bytes(root / folder / "results.md", f"{text}\n".encode())
        print(text)
    if missing := [title for title in runs if title not in found]:
        raise ColorizeError(f"not finished: {'; '.join(missing)}. Run it again to resume.")


def planned(values: Mapping[str, Any], seeds: int) -> dict[str, dict[str, str]]:
    """Plan the runs of each variant.

    Args:
        values: of all sections, as they hold for every variant.
        seeds: how many runs each variant gets.

    Returns:
        By title: the settings of each run by the run's name, in the form of a command line.
    """
    first = values["train"]["seed"]
    return {
        title: {
            f"{_slug(own)}-seed-{seed}": " ".join([*own, f"train.seed={seed}"])
            for seed in range(first, first + seeds)
        }
        for title, own in _variants(values).items()
    }


def _variants(values: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Add the same network as a regression, without its tone table and with a critic, and others.

    A phase against a critic that all variants have is left out of those that cannot have one.
    """
    recipe = values["train"]["recipe"].removesuffix("_l2")
    tone = str(not values["train"]["tone"]).lower()
    alone = ("train.adversarial=0",) if values["train"]["adversarial"] else ()
    out = dict(VARIANTS)
    if recipe != "pix2pix":  # which regresses anyway
        out["L2 regression"] = (f"train.recipe={recipe}_l2", *alone)
    if values["train"]["recipe"] in CLASSIFYING:
        title = "no critic" if alone else "critic in the last fifth"
        out[title] = alone or ("train.adversarial=0.2",)
    out[f"tone {tone}"] = (f"train.tone={tone}",)
    if recipe != "eccv16":
        paper = ("train.recipe=eccv16", "train.width=0.25", "train.lr=0.001")
        out["eccv16"] = (*paper, "train.tone=false")
        out["eccv16, tone"] = (*paper, "train.tone=true")
    if not values["train"]["hints"]:
        out |= {title: (*AS_PIX2PIX, *alone, *own) for title, own in PIX2PIX.items()}
    return out


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
            "foreach": {run: text for of_title in runs.values() for run, text in of_title.items()},
            "do": {
                "desc": "Quantise, train and evaluate with other values",
                "wdir": up,
                "cmd": f"{command} ${{key}} ${{item}}",
                "params": [{file: _sections(stages, "quantise", "train", "evaluate")}],
                "deps": [f"{home}/data/resized", *_code(stages, "quantise", "train", "evaluate")],
                "outs": [f"{home}/runs/${{key}}.json"],
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


def table(variants: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Lay the variants out as Markdown, and below them floors and ceilings.

    Args:
        variants: the metrics of each run by title; one variant and one run at least.

    Raises:
        ColorizeError: there is none, or they were judged on different pictures.
    """
    from colorize.metrics.rownames import in_order, is_model
    from colorize.metrics.scores import SCORES
    from colorize.report.summary import Line, markdown

    if not variants:
        raise ColorizeError("no variant was trained")
    first, *others = (numbers for runs in variants.values() for numbers in runs)
    if any(other["grey"] != first["grey"] for other in others):
        raise ColorizeError("the variants were judged on different pictures")
    lines = [Line(title, *_over_seeds(runs)) for title, runs in variants.items()]
    lines += [
        Line(row.replace("_", " "), first[row], first["stderr"][row])
        for row in in_order(first["stderr"])
        if row != "classes" and not is_model(row)
    ]
    seeds = min(len(runs) for runs in variants.values())
    errors = f"of a trained row over its {seeds} seeds, of the others " if seeds > 1 else ""
    return (
        f"{markdown(lines, {name: SCORES[name] for name in SHOWN})}\n\n"
        f"{first['pictures']} test pictures, whose own colourfulness is "
        f"{first['truth']['colourfulness']:.2f}; ± is a standard error, {errors}over the pictures."
    )


def _over_seeds(runs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard error of each score over runs; of a single run that over its pictures."""
    if len(runs) == 1:
        return dict(runs[0]["model"]), dict(runs[0]["stderr"]["model"])
    values = {name: np.array([run["model"][name] for run in runs]) for name in runs[0]["model"]}
    means = {name: float(of_runs.mean()) for name, of_runs in values.items()}
    errors = {n: float(v.std(ddof=1) / len(v) ** 0.5) for n, v in values.items()}
    return means, errors


def _arguments(given: Sequence[str]) -> tuple[str, Sequence[str]]:
    name = given[0] if given else ""
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise ParamsError("name the ablation: make ablation NAME=sample SET='resize.side=128'")
    return name, given[1:]


def _slug(settings: Iterable[str]) -> str:
    text = "-".join(setting.partition(".")[2] for setting in settings)
    return "".join(c if c.isalnum() else "-" for c in text)


def _read(folder: Path, run: str) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads((folder / "runs" / f"{run}.json").read_text("utf-8"))
    return numbers


if __name__ == "__main__":
    run(main)
