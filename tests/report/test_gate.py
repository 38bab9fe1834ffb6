import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from colorize.report.gate import Change, other_pictures, worse
from tests.imports import ROOT

QUIET = os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}


@pytest.mark.parametrize(
    ("key", "old", "new", "fails"),
    [
        ("model.psnr", 25.0, 24.5, True),
        ("model.psnr", 25.0, 24.95, False),
        ("model.psnr", 25.0, 29.0, False),
        ("model.ciede2000", 4.0, 4.5, True),
        ("model.ciede2000", 4.0, 3.0, False),
        ("model.colourfulness", 50.0, 10.0, False),
        ("model_mean.auc", 95.0, 90.0, True),
        ("classes.model.top1", 64.0, 60.0, True),
        ("classes.uniform.top1", 64.0, 60.0, False),
        ("toned.art.model_chosen.psnr", 13.4, 12.4, True),
        ("toned.model.psnr", 20.0, 5.0, False),  # white paper decides it
        ("grey.psnr", 25.0, 20.0, False),
        ("stderr.model.psnr", 0.4, 2.0, False),
        ("model.psnr", 25.0, None, True),
        ("model.psnr", None, 25.0, False),
    ],
)
def test_what_fails(key: str, old: float | None, new: float | None, fails: bool) -> None:
    lines = worse({key: Change(old, new)})
    assert bool(lines) == fails
    assert all(line.startswith(key) for line in lines)


def test_moved_floors_are_noticed() -> None:
    assert other_pictures({"grey.auc": Change(1, 2)})
    assert not other_pictures({"model.auc": Change(1, 2)})


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose first commit has scores."""
    root = tmp_path_factory.mktemp("compared")
    git(root, "init", "-q", "-b", "main")
    write(root, 25.0)
    git(root, "add", "-A")
    git(root, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)


def write(root: Path, psnr: float) -> None:
    (root / "metrics").mkdir(exist_ok=True)
    scores: dict[str, Any] = {"model": {"psnr": psnr, "auc": 95.0}, "grey": {"psnr": 20.0}}
    (root / "metrics" / "evaluate.json").write_text(json.dumps(scores))


def compare(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.compare", *arguments],
        cwd=root,
        env=QUIET,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("psnr", "status"), [(26.0, 0), (24.0, 1)])
def test_the_program(repository: Path, psnr: float, status: int) -> None:
    write(repository, psnr)
    done = compare(repository, "main")
    assert done.returncode == status, done.stderr
    assert "model.psnr" in done.stdout
    assert ("model.psnr went from 25 to 24" in done.stderr) == bool(status)


@pytest.mark.parametrize("arguments", [("nowhere",), (), ("",), ("--help",)])
def test_a_users_mistake_is_one_line(repository: Path, arguments: tuple[str, ...]) -> None:
    write(repository, 25.0)
    done = compare(repository, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_base_without_scores_fails(repository: Path) -> None:
    write(repository, 25.0)
    user = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's tree of no files
    made = ["git", *user, "commit-tree", empty, "-m", "none"]
    done = subprocess.run(made, cwd=repository, capture_output=True, text=True, check=True)
    git(repository, "branch", "bare", done.stdout.strip())
    compared = compare(repository, "bare")
    assert compared.returncode == 1
    assert "there is no metrics/evaluate.json at bare" in compared.stderr
    assert "No score" not in compared.stdout


@pytest.mark.parametrize("text", ["<<<<<<< HEAD", "[]", "{}", '{"model": 1}', '{"model": {}', ""])
def test_a_damaged_metrics_file_is_said_to_be(repository: Path, text: str) -> None:
    (repository / "metrics" / "evaluate.json").write_text(text)
    done = compare(repository, "main")
    assert done.returncode == 1
    assert done.stderr.startswith("compare: metrics/evaluate.json in the workspace ")
    assert done.stderr.count("\n") == 1
