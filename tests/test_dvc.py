"""DVC as its users use it, on a small copy of the project in a Git repository of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import TINY
from tests.imports import ROOT

TRACKED = ("check", "colorize", "stages", "pictures", "deny.txt", "dvc.yaml", "params.yaml")
IGNORING = (".dvcignore", ".gitattributes", ".gitignore")
EXPERIMENT = "dvc exp run -S train.epochs=1 -S train.lr=1e-05"


class Repository:
    """A copy of the project, and its commands run by this very interpreter."""

    def __init__(self, root: Path) -> None:
        self.root = root
        interpreter = str(Path(sys.executable).parent)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "DVC_"))}
        self.env = kept | {
            "PATH": f"{interpreter}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(root.parent / "site"),
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@example.org",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@example.org",
        }

    def run(self, command: str, *, status: int = 0) -> str:
        done = subprocess.run(
            command.split(), cwd=self.root, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def commit(self, message: str) -> None:
        self.run("git add -A")
        self.run(f"git commit -q -m {message}")

    def params(self) -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load((self.root / "params.yaml").read_text("utf-8"))
        return content

    def scores(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.root / "metrics/evaluate.json").read_text())
        return content


def clone(root: Path) -> Repository:
    """Lay down the project's files, its params made small."""
    root.mkdir()
    for name in (*TRACKED, *IGNORING):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    params = yaml.safe_load((root / "params.yaml").read_text("utf-8"))
    for section, values in TINY.items():
        params[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    return Repository(root)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    copy = clone(tmp_path_factory.mktemp("dvc") / "clone")
    copy.run("git init -q -b main")
    copy.run("dvc init -q")
    copy.run("dvc repro")
    copy.commit("first")
    return copy


def test_a_second_repro_runs_nothing(repository: Repository) -> None:
    said = repository.run("dvc repro")
    assert "Running stage" not in said
    assert "up to date" in said
    assert repository.run("git status --porcelain") == ""


@pytest.mark.slow
def test_a_forced_repro_changes_no_byte(repository: Repository) -> None:
    repository.run("dvc repro -f")
    assert repository.run("git status --porcelain") == ""


def test_a_change_in_the_charts_runs_only_evaluate(repository: Repository) -> None:
    path = repository.root / "colorize" / "report" / "charts.py"
    path.write_text(path.read_text("utf-8") + "\n# a comment\n", "utf-8")
    said = repository.run("dvc repro --dry")
    assert "Running stage 'evaluate'" in said
    assert said.count("Running stage") == 1
    repository.run("git checkout -q .")


def test_a_picture_added_to_the_folder_runs_fetch(repository: Repository) -> None:
    added = repository.root / "pictures" / "new.png"
    added.write_bytes(b"x")
    assert "Running stage 'fetch'" in repository.run("dvc repro --dry fetch")
    added.unlink()


def test_an_experiment_changes_params_and_metrics(repository: Repository) -> None:
    before = repository.scores()
    repository.run(EXPERIMENT)
    assert (repository.params()["train"]["epochs"], repository.scores()["grey"]) == (
        1,
        before["grey"],
    )
    assert repository.scores()["model"] != before["model"]
    assert "model.auc_balanced" in repository.run("dvc metrics diff --all")
    repository.run("git checkout .")
    repository.run("dvc checkout")
    assert repository.scores() == before
    assert "Running stage" not in repository.run("dvc repro")
    assert repository.run("git status --porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        "train.recipe=eccv16_l2",
        "evaluate.resamples=150 evaluate.gallery=2",
        "quantise.step=20",
        "resize.side=96",
        "fetch.count=52",
    ],
)
def test_after_an_experiment_the_way_back_runs_nothing(
    repository: Repository, settings: str
) -> None:
    options = " ".join(f"-S {setting}" for setting in settings.split())
    repository.run(f"dvc exp run {options}")
    repository.run("git checkout .")
    repository.run("dvc checkout")
    assert "Running stage" not in repository.run("dvc repro")
    assert repository.run("git status --porcelain") == ""


def test_a_clone_that_would_change_line_ends_has_the_same_bytes(
    repository: Repository, tmp_path: Path
) -> None:
    repository.run(f"git clone -q -c core.autocrlf=true -c core.eol=crlf . {tmp_path / 'crlf'}")
    names = repository.run("git ls-files").split()
    assert {"dvc.lock", "dvc.yaml", "params.yaml", "stages/train.py"} <= set(names)
    for name in names:
        assert (tmp_path / "crlf" / name).read_bytes() == (repository.root / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [TINY["train"]["epochs"], 3])
def test_a_queued_experiment_runs(repository: Repository, epochs: int) -> None:
    repository.run(
        f"dvc exp run --queue -n queued -S train.epochs={epochs} -S evaluate.gallery={1 + epochs}"
    )
    repository.run("dvc queue start")
    repository.run("dvc queue logs -f queued")
    while "Running" in repository.run("dvc queue status"):
        time.sleep(0.2)
    shown = json.loads(repository.run("dvc exp show --json"))
    by_name = {run["name"]: run["revs"][0]["data"] for run in shown[1]["experiments"]}
    params = by_name["queued"]["params"]["params.yaml"]["data"]
    assert (params["train"]["epochs"], params["evaluate"]["gallery"]) == (epochs, 1 + epochs)
    assert "psnr" in by_name["queued"]["metrics"]["metrics/evaluate.json"]["data"]["model"]
    repository.run("dvc exp remove queued")


def test_branches_can_be_compared(repository: Repository) -> None:
    repository.run("git checkout -q -b other")
    repository.run(f"{EXPERIMENT} -q")  # DVC need not run it again
    repository.commit("other")
    difference = json.loads(repository.run("dvc metrics diff main other --json"))
    assert set(difference) == {"metrics/evaluate.json", "metrics/train.json"}
    changed = difference["metrics/evaluate.json"]
    assert {"model.psnr", "model.auc"} <= set(changed)
    assert not any(key.startswith("grey") for key in changed)
    assert "train.lr" in repository.run("dvc params diff main other")
    repository.run("dvc plots diff main other -o shown")
    page = repository.root / "shown"
    assert (page / "index.html").is_file()
    pictures = {path.name for path in (page / "static").iterdir()}
    assert {name.split("_", 1)[0] for name in pictures} == {"main", "other"}
    assert any("test.png" in name for name in pictures)
    shutil.rmtree(page)
    repository.run("git checkout -q main")
    repository.run("dvc checkout -q")


@pytest.mark.slow
def test_a_fresh_clone_with_a_lock_repeats_the_run(repository: Repository, tmp_path: Path) -> None:
    repository.run(f"git clone -q . {tmp_path / 'fresh'}")
    fresh = Repository(tmp_path / "fresh")
    assert fresh.scores() == repository.scores()
    fresh.run("dvc repro")
    assert fresh.run("git status --porcelain") == ""


def test_what_was_pushed_can_be_pulled_elsewhere(repository: Repository, tmp_path: Path) -> None:
    """A local remote stands for the cloud: nothing is computed again, nothing is missing."""
    repository.run(f"dvc remote add --local -d store {tmp_path / 'store'}")
    repository.run("dvc push -q")
    repository.run(f"git clone -q . {tmp_path / 'elsewhere'}")
    elsewhere = Repository(tmp_path / "elsewhere")
    elsewhere.run(f"dvc remote add --local -d store {tmp_path / 'store'}")
    elsewhere.run("dvc pull -q")
    for path in (repository.root / "data").rglob("*"):
        if path.is_file():
            copy = elsewhere.root / path.relative_to(repository.root)
            assert copy.read_bytes() == path.read_bytes()
    assert "Running stage" not in elsewhere.run("dvc repro")
    assert elsewhere.run("git status --porcelain") == ""


def test_the_graph_and_the_model_are_named(repository: Repository) -> None:
    assert "evaluate" in repository.run("dvc dag --mermaid")
    assert yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["artifacts"]["colorizer"] == {
        "path": "models/colorizer.safetensors",
        "type": "model",
        "desc": "Network that colours manga and anime art from its lightness",
        "labels": ["colorization"],
    }


def test_a_failing_stage_fails_the_repro_with_one_line(repository: Repository) -> None:
    said = repository.run("dvc exp run -S train.batch=4000", status=255)
    assert "train.batch is 4000" in said
    assert "Traceback" not in said
    repository.run("git restore .")
    repository.run("dvc checkout -q")


@pytest.mark.slow
def test_the_way_back_from_a_failed_stage_needs_no_luck(repository: Repository) -> None:
    """Git could take the value for the former one, and DVC the second check from its cache."""
    for _ in range(2):
        said = repository.run("dvc exp run -S train.batch=4000", status=255)
        assert "train.batch is 4000" in said
        assert "Running stage 'train'" in said
        repository.run("git restore .")
        repository.run("dvc checkout")
        assert "Running stage" not in repository.run("dvc repro")
        assert repository.run("git status --porcelain") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        "resize.side=31",  # as long as the former one, so that Git could take it for that
        *(
            pytest.param(wrong, marks=pytest.mark.slow)
            for wrong in (
                "fetch.folder=nowhere",
                "quantise.mix=none",
                "train.epochs=two",
                "train.crop=128",
                "evaluate.gallery=0",
            )
        ),
    ],
)
def test_a_wrong_value_costs_no_output(repository: Repository, wrong: str) -> None:
    key, _, value = wrong.partition("=")
    before = outputs(repository.root)
    said = repository.run(f"dvc exp run -S {wrong}", status=255)
    (line,) = (line for line in said.splitlines() if line.startswith("check: params.yaml: "))
    assert key in line
    assert value in line
    assert said.count("Running stage") == 1
    assert outputs(repository.root) == before
    repository.run("dvc repro", status=255)
    repository.run("dvc repro --keep-going", status=255)
    assert outputs(repository.root) == before
    repository.run("git restore .")
    assert "Running stage" not in repository.run("dvc repro")
    assert repository.run("git status --porcelain") == ""


def outputs(root: Path) -> dict[str, bytes]:
    files = [path for name in ("data", "models", "metrics") for path in (root / name).rglob("*")]
    return {str(path): path.read_bytes() for path in files if path.is_file()}


@pytest.mark.slow
def test_a_wrong_value_stops_a_queued_experiment_at_once(repository: Repository) -> None:
    repository.run("dvc exp run --queue -n wrong -S train.epochs=two -S fetch.count=64")
    repository.run("dvc queue start")
    said = repository.run("dvc queue logs -f wrong")
    assert "check: params.yaml: 'train.epochs' must be a whole number, not 'two'" in said
    assert "Running stage 'fetch'" not in said
    repository.run("dvc queue remove wrong")


@pytest.mark.slow
def test_an_ablation_resumes_and_is_never_an_empty_table(repository: Repository) -> None:
    repository.env["SEEDS"] = "1"
    said = repository.run("python -m stages.ablation broken train.batch=4000", status=1)
    assert "ablation: not finished: classes, mix 0.5; " in said
    assert "| AuC" not in said
    command = "python -m stages.ablation tiny train.epochs=1 train.width=0.05"
    said = repository.run(command)
    assert said.count("Running stage") == 1 + 8
    assert "| L2 regression | " in said
    assert "| tone curve | " in said
    results = (repository.root / "ablation/tiny/results.md").read_text("utf-8")
    assert results in said
    again = repository.run(command)
    assert "Running stage" not in again
    assert results in again
    (repository.root / "ablation/tiny/runs/classes-mix-1-seed-0/evaluate.json").unlink()
    scores = repository.root / "colorize/metrics/scores.py"
    scores.write_text(scores.read_text("utf-8") + "\nraise OSError\n", "utf-8")
    said = repository.run(command, status=1)  # what other code has judged is not shown
    assert "| L2 regression" not in said
    shutil.rmtree(repository.root / "ablation")
    repository.run("git checkout -q .")
