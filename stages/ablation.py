"""ablation: train the paper's variants as DVC experiments, and print their scores as a table.

    python -m stages.ablation NAME [KEY=VALUE ...]

The values, such as ``resize.side=128``, hold for every variant; a folder has to be absolute, for
queued runs work in folders of their own. Started again, it goes on: what is done stays done, what
is queued is waited for, and what failed is queued anew. No stage of the pipeline.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from colorize import params
from colorize.errors import ColorizeError, ParamsError
from stages import run
from stages.tools import METRICS, dvc, git

VARIANTS: Mapping[str, Sequence[str]] = {
    "L2 regression": ("train.recipe=unet_l2",),
    "classes, mix 1": ("quantise.mix=1",),
    "classes, mix 0.5": ("quantise.mix=0.5",),
    "classes, mix 0": ("quantise.mix=0",),
}
"""Zhang et al., table 1: a title, and what it changes."""

SHOWN = ("auc", "auc_balanced", "rmse_ab", "psnr", "ssim", "ciede2000", "colourfulness")

POLL_S = 5.0
PATIENCE = 5
"""Looks in a row at the experiments that fail, or find one without its process, to give up."""
SHOWN_S = 120.0
"""Seconds in which DVC has shown them: it was seen to wait forever for one that had just ended."""

State: TypeAlias = Literal["queued", "running", "failed", "success"]


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment as DVC has it: its state, its process where it runs, its metrics if done."""

    state: State
    pid: int | None
    numbers: Mapping[str, Any]


def main(root: Path) -> None:
    """Queue what is missing, wait, print the table; exit 1 where a variant failed."""
    if len(sys.argv) < 2 or "=" in sys.argv[1]:
        raise ParamsError("name the ablation: make ablation NAME=sample SET='resize.side=128'")
    name, *common = sys.argv[1:]
    experiments = planned(root, name, common)
    commit = git(root, "rev-parse", "HEAD").strip()
    found = experiments_of(root, commit)
    for title, (experiment, overrides) in experiments.items():
        state = found[experiment].state if experiment in found else None
        if state == "failed":
            dvc(root, "queue", "remove", experiment)
        if state in {None, "failed"}:
            _say(f"{title}: queued as {experiment}")
            settings = [part for override in overrides for part in ("-S", override)]
            dvc(root, "exp", "run", "--queue", "--name", experiment, *settings)
    done = _finished(root, commit, {title: named for title, (named, _) in experiments.items()})
    if trained := {title: found.numbers for title, found in done.items() if found.numbers}:
        print(table(trained))
    if failed := [title for title, found in done.items() if found.state != "success"]:
        logs = "; ".join(f"dvc queue logs {experiments[title][0]}" for title in failed)
        raise ColorizeError(f"failed: {', '.join(failed)}. See {logs}, and start this again.")


def planned(root: Path, name: str, common: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Name every variant's experiment, by its title, with all that it overrides.

    The name holds a digest of params and overrides, so that another ablation is another experiment.

    Raises:
        ParamsError: an override is none, or names a folder that queued runs would not find.
    """
    for override in common:
        key, equals, value = override.partition("=")
        if not equals:
            raise ParamsError(f"'{override}' is no KEY=VALUE")
        if key == "fetch.folder" and not Path(value).is_dir():
            raise ParamsError(f"fetch.folder: there is no folder {value}")
        if key == "fetch.folder" and not Path(value).is_absolute():
            raise ParamsError(f"fetch.folder has to be absolute, not {value}")
    base = json.dumps(params.read(root), sort_keys=True)
    out = {}
    for title, own in VARIANTS.items():
        overrides = [*common, *own]
        digest = hashlib.sha256("\n".join([base, *overrides]).encode()).hexdigest()[:8]
        slug = "".join(c if c.isalnum() else "-" for c in own[-1].partition("=")[2])
        out[title] = (f"{name}-{slug}-{digest}", overrides)
    return out


def experiments_of(root: Path, commit: str) -> dict[str, Found]:
    """All experiments that start from a commit, by name, whatever is checked out by now."""
    asked = ("exp", "show", "--json", "--rev", commit)
    shown = json.loads(dvc(root, *asked, timeout_s=SHOWN_S))
    found = {}
    for row in shown:
        for experiment in row.get("experiments") or []:
            executor = experiment.get("executor") or {}
            state: State = executor.get("state") or "success"
            pid = (executor.get("local") or {}).get("pid")
            data = experiment["revs"][0].get("data") or {}
            file = (data.get("metrics") or {}).get(METRICS, {})
            numbers = file.get("data", {}) if state == "success" else {}
            found[experiment["name"]] = Found(state, pid, numbers)
    return found


def _finished(root: Path, commit: str, names: Mapping[str, str]) -> dict[str, Found]:
    """Work the queue off, and give every experiment as it ended."""
    _start(root)
    told: dict[str, State] = {}
    missed: Counter[str] = Counter()
    for found in _polled(root, commit):
        ours = {title: found[name] for title, name in names.items() if name in found}
        for title, experiment in ours.items():
            if told.get(title) != experiment.state:
                told[title] = experiment.state
                _say(f"{title}: {experiment.state}")
        for title, experiment in ours.items():
            # One that has just ended is still shown as running while DVC takes in what it made.
            gone = experiment.state == "running" and experiment.pid and not _alive(experiment.pid)
            missed[title] = missed[title] + 1 if gone else 0
            if missed[title] == PATIENCE:
                raise ColorizeError(
                    f"{title} was killed: `dvc queue kill {names[title]}`, then start this again"
                )
        if all(experiment.state in {"failed", "success"} for experiment in ours.values()):
            return ours
    raise AssertionError("polling has no end of its own")


def _polled(root: Path, commit: str) -> Iterator[dict[str, Found]]:
    failures = 0
    while True:
        try:
            found = experiments_of(root, commit)
        except ColorizeError:  # DVC looked into a folder that an experiment left, or hangs there
            failures += 1
            if failures == PATIENCE:
                raise
        else:
            failures = 0
            yield found
        time.sleep(POLL_S)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def table(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay the variants out as Markdown, and below them floors and ceilings.

    Args:
        variants: the metrics of each by its title, one at least.

    Raises:
        ColorizeError: they were judged on different pictures, so that nothing can be compared.
    """
    from colorize.metrics.scores import SCORES
    from colorize.report.summary import Line, in_order, markdown

    if not variants:
        raise ColorizeError("no variant was trained")
    first, *others = variants.values()
    if any(other["grey"] != first["grey"] for other in others):
        raise ColorizeError("the variants were judged on different pictures")
    lines = [
        Line(title, numbers["model"], numbers["stderr"]["model"])
        for title, numbers in variants.items()
    ]
    lines += [
        Line(row.replace("_", " "), first[row], first["stderr"][row])
        for row in in_order(first["stderr"])
        if row != "classes" and not row.startswith("model")
    ]
    shown = markdown(lines, {name: SCORES[name] for name in SHOWN})
    return (
        f"{shown}\n\n{first['pictures']} test pictures, whose own colourfulness is "
        f"{first['truth']['colourfulness']:.2f}; ± is a standard error over them, not over runs."
    )


def _start(root: Path) -> None:
    """Start DVC's worker, whose trainings keep their states in this project's scratch.

    The worker lives on with whatever it was given to write to: a pipe would never end.
    """
    scratch = {"COLORIZE_SCRATCH": str((root / ".scratch").resolve())}
    subprocess.run(
        [sys.executable, "-m", "dvc", "queue", "start", "--jobs", "1"],
        cwd=root,
        env=scratch | os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
