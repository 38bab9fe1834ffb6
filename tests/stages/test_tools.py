"""What dvc and git are asked, with what goes wrong as one line; and the comparison of runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from colorize.errors import DataError
from stages import show, tools

NAMES = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def test_gives_what_it_says(tmp_path: Path) -> None:
    assert "DVC version" in tools.dvc(tmp_path, "version")


def test_its_own_words_on_failure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^dvc exp show: .*not inside of a DVC repository"):
        tools.dvc(tmp_path, "exp", "show")


def write(root: Path, psnr: float, epochs: int = 1) -> None:
    (root / "metrics").mkdir(exist_ok=True)
    scores: dict[str, Any] = {"model": {"psnr": psnr, "auc": 95.0}, "grey": {"psnr": 20.0}}
    (root / tools.METRICS).write_text(json.dumps(scores))
    (root / "params.yaml").write_text(f"train:\n  epochs: {epochs}\n")


def commit(root: Path) -> None:
    tools.git(root, "add", "-A")
    tools.git(root, *NAMES, "commit", "-q", "-m", "x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tools.git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def test_runs_are_shown_by_six_scores(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, 25.0)
    commit(root)
    tools.git(root, "checkout", "-q", "-b", "feature/wide")
    write(root, 26.0, epochs=9)
    commit(root)
    first = tools.git(root, "rev-parse", "main").strip()
    tools.git(root, "update-ref", f"refs/exps/{first[:2]}/{first[2:]}/nimble", "HEAD")
    tools.git(root, "update-ref", "refs/exps/celery/stash", "HEAD")
    tools.git(root, "checkout", "-q", "main")
    (root / tools.METRICS).write_text("<<<<<<< HEAD")
    commit(root)
    tools.git(root, "tag", "conflict")
    write(root, 24.0)
    show.main(root)
    said = capsys.readouterr()
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines()}
    assert list(lines) == ["run", "workspace", "feature/wide", "nimble", "painted"]
    assert lines["workspace"] == ["24", "95"]
    assert lines["nimble"] == lines["feature/wide"] == ["26", "95", "train.epochs=9"]
    assert [line.split(":")[0] for line in said.err.splitlines()] == [
        "left out main",
        "left out conflict",
    ]


def test_no_run_is_an_error(root: Path) -> None:
    with pytest.raises(DataError, match="no run has scores"):
        show.main(root)


def test_show_is_one_line_outside_of_git(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.show"],
        cwd=Path(__file__).parents[2],
        env={"GIT_DIR": str(tmp_path), "PATH": str(Path(sys.executable).parent) + ":/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
