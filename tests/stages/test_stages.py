"""The five stages as programs and as functions, without DVC."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from colorize.colour.quantiser import Quantiser
from colorize.errors import ColorizeError, DataError, SourceError
from colorize.metrics import rownames
from colorize.metrics.scores import SCORES
from colorize.model.weights import Model
from colorize.paint.painter import Painter
from colorize.raw import manifest
from stages import check, evaluate, fetch, quantise, resize, train
from tests.imports import ROOT

Project = Callable[..., Path]
REFERENCES = {*rownames.FLOORS, *rownames.CEILINGS}
ALL = (fetch, resize, quantise, train, evaluate)


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def outputs(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "params.yaml")
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def program(stage: str, root: Path, *, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run a stage as a program, or ``code`` that runs it."""
    return subprocess.run(
        [sys.executable, *(("-c", code) if code else ("-m", f"stages.{stage}"))],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def fetching(root: Path) -> subprocess.Popen[str]:
    """Start a fetch and come back when it is in the middle of its pictures."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.fetch"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    part = root / "data" / ".raw.part"
    while sum(path.stat().st_size for path in part.glob("*.tar.*.part")) < 10_000:
        assert process.poll() is None
        time.sleep(0.05)
    return process


def test_the_whole_road_and_the_same_bytes_again(project: Project) -> None:
    root = project()
    for stage in ALL:
        stage.main(root)
    first = outputs(root)
    assert {
        "data/raw/manifest.jsonl",
        "data/resized/index.csv",
        "data/resized/train-00000.npy",
        "data/quantiser.npz",
        "models/colorizer.safetensors",
        "models/one_epoch.safetensors",
        "metrics/fetch.json",
        "metrics/resize.json",
        "metrics/quantise.json",
        "metrics/prior.png",
        "metrics/weights.png",
        "metrics/train.json",
        "metrics/train.csv",
        "metrics/evaluate.json",
        "metrics/balance.csv",
        "metrics/errors.csv",
        "metrics/hints.csv",
        "metrics/pictures.csv",
        "metrics/adjustment.csv",
        "metrics/temperature.csv",
        *(f"metrics/gallery/{name}.png" for name in ("errors", "planes", "ranked", "test")),
    } <= set(first)

    scores = read(root / "metrics" / "evaluate.json")
    rows = {"model", "model_chosen", "model_mean", *REFERENCES}
    assert rows <= set(scores)
    for row in rows:
        assert set(scores[row]) == set(scores["stderr"][row]) == set(SCORES)
    assert set(scores["classes"]) == {"model", "uniform", "prior"}
    with (root / "metrics" / "pictures.csv").open() as file:
        table = list(csv.DictReader(file))
    mean = np.mean([float(line["psnr"]) for line in table])
    assert mean == pytest.approx(scores["model"]["psnr"], rel=1e-4)
    assert len(table) == scores["pictures"]
    with (root / "metrics" / "hints.csv").open() as file:
        (line,) = csv.DictReader(file)  # the model takes none
    assert line["hints"] == "0"
    assert float(line["psnr"]) == pytest.approx(scores["model_chosen"]["psnr"], rel=1e-6)
    with (root / "metrics" / "train.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    painted = Painter.load(root / "models" / "colorizer.safetensors").paint(
        np.full((40, 30, 3), 200, np.uint8)
    )
    assert painted.shape == (40, 30, 3)

    for stage in ALL:
        stage.main(root)
    again = outputs(root)
    assert {name for name in first if first[name] != again.get(name)} == set()
    assert set(first) == set(again)


def test_the_best_epoch_is_kept(prepared: Project) -> None:
    root = prepared(train={"epochs": 4, "select": "rmse_ab"})
    train.main(root)
    with (root / "metrics" / "train.csv").open() as file:
        errors = [float(row["val_rmse_ab"]) for row in csv.DictReader(file)]
    numbers = read(root / "metrics" / "train.json")
    best = numbers["kept"]
    assert best["val_rmse_ab"] == min(errors)
    assert best["epoch"] == 1 + errors.index(min(errors))
    # The sweeps score the same model on the same pages.
    decoding = {}
    for name in ("adjustment", "temperature"):
        with (root / "metrics" / f"{name}.csv").open() as file:
            swept = {float(row[name]): row for row in csv.DictReader(file)}
        decoding[name] = min(swept, key=lambda value: float(swept[value]["rmse_ab"]))
        if name == "adjustment":
            for score in ("psnr", "auc", "auc_balanced", "rmse_ab"):
                assert float(swept[0][score]) == best[f"val_{score}"]
        assert numbers[name] == decoding[name]
    model = Model.load(root / "models" / "colorizer.safetensors")
    assert model.decoding._asdict() == decoding
    weights = Quantiser.load(root / "data" / "quantiser.npz").weights
    np.testing.assert_allclose(model.weights, weights, rtol=1e-6)


def test_the_last_epoch_is_kept_where_params_ask_for_it(prepared: Project) -> None:
    # A learning rate that ruins the network: no later epoch is as good as the first one.
    root = prepared(train={"epochs": 3, "lr": 0.1, "keep": "last"})
    train.main(root)
    with (root / "metrics" / "train.csv").open() as file:
        scores = [float(row["val_psnr"]) for row in csv.DictReader(file)]
    assert max(scores) > scores[-1]
    assert read(root / "metrics" / "train.json")["kept"]["epoch"] == 3
    with (root / "metrics" / "adjustment.csv").open() as file:
        of_model = {float(row["adjustment"]): float(row["psnr"]) for row in csv.DictReader(file)}
    assert of_model[0] == scores[-1]


@pytest.mark.parametrize(
    "domains", [["grey"], pytest.param(["grey", "ink"], marks=pytest.mark.slow)]
)
def test_two_players_are_trained_and_judged(prepared: Project, domains: list[str]) -> None:
    small = {"recipe": "pix2pix", "tone": False, "lr": 2e-4, "crop": 32, "domains": domains}
    root = prepared(train=small)
    for stage in (train, evaluate):
        stage.main(root)
    with (root / "metrics" / "train.csv").open() as file:
        first, last = csv.DictReader(file)
    assert list(first)[:5] == ["epoch", "loss", "l1", "critic", "generator"]
    assert float(last["l1"]) < float(first["l1"])
    scores = read(root / "metrics" / "evaluate.json")
    assert {"model", *REFERENCES} <= set(scores)
    assert scores["model"]["psnr"] > 0
    model = Model.load(root / "models" / "colorizer.safetensors")
    assert model.recipe.name == "pix2pix"
    assert model.count() == read(root / "metrics" / "train.json")["parameters"]


@pytest.mark.parametrize("recipe", ["unet", pytest.param("unet_l2", marks=pytest.mark.slow)])
def test_hints_are_learned_without_loss_to_pages_that_have_none(
    prepared: Project, project: Project, recipe: str
) -> None:
    root, told = prepared(), {"recipe": recipe, "keep": "last", "lr": 0.01}
    found = []
    for epochs in (0, 2):
        project(train=told | {"hints": epochs})
        train.main(root)
        found.append(Model.load(root / "models" / "colorizer.safetensors"))
    without, listening = (model.network.state_dict() for model in found)
    assert [model.spec.hints for model in found] == [False, True]
    assert all(tensor.equal(listening.pop(name)) for name, tensor in without.items())
    assert {"hinted" in name for name in listening} == {True}
    assert all(float(tensor.abs().max()) > 0.01 for tensor in listening.values())
    with (root / "metrics" / "train.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert rows[1]["val_psnr"] == rows[2]["val_psnr"] == rows[3]["val_psnr"]
    numbers = read(root / "metrics" / "train.json")
    assert (numbers["kept"]["epoch"], numbers["epochs"]) == (2, 2)
    evaluate.main(root)
    with (root / "metrics" / "hints.csv").open() as file:
        curve = list(csv.DictReader(file))
    assert float(curve[0]["psnr"]) == pytest.approx(
        read(root / "metrics" / "evaluate.json")["model_chosen"]["psnr"], rel=1e-3
    )
    assert curve[-1]["psnr"] != curve[0]["psnr"]


def test_a_critic_joins_the_last_epoch(prepared: Project) -> None:
    root = prepared(train={"adversarial": 0.5, "domains": ["grey", "lines"], "hints": 1})
    train.main(root)
    evaluate.main(root)
    with (root / "metrics" / "train.csv").open() as file:
        first, last, hints = csv.DictReader(file)
    assert list(first)[:6] == ["epoch", "loss", "divergence", "critic", "generator", "adversarial"]
    assert [float(first[name]) for name in ("critic", "generator", "adversarial")] == [0, 0, 0]
    assert 0.1 < float(last["critic"]) < 1 < 1 + float(last["generator"])
    assert float(last["adversarial"]) == 1
    assert [float(hints[name]) for name in ("epoch", "critic", "adversarial")] == [3, 0, 0]
    assert read(root / "metrics" / "evaluate.json")["model"]["psnr"] > 0


def test_resize_counts_every_picture_by_what_became_of_it(
    project: Project, tmp_path: Path, drawing: Callable[..., np.ndarray]
) -> None:
    art = tmp_path / "art"
    art.mkdir()
    for number in range(40):
        Image.fromarray(drawing(number)).save(art / f"{number}.png")
    Image.fromarray(drawing(0)).save(art / "again.webp", lossless=True)
    grey = cv2.cvtColor(drawing(41), cv2.COLOR_RGB2GRAY)
    Image.fromarray(grey).save(art / "grey.jpg")
    (art / "cut.png").write_bytes((art / "1.png").read_bytes()[:50])
    Image.new("RGB", (300, 300), "red").save(art / "wide.png")
    (art / "long.png").write_bytes(b"x" * 9000)
    frames = [Image.fromarray(drawing(n)) for n in (50, 51)]
    frames[0].save(art / "moving.webp", save_all=True, append_images=frames[1:])

    root = project(
        fetch={"source": "folder", "folder": str(art)},
        resize={"max_pixels": 80_000, "max_bytes": 8000},
    )
    fetch.main(root)
    resize.main(root)
    counts = read(root / "metrics" / "resize.json")
    assert counts["rejected"] == {
        "animated": 1,
        "changed": 0,
        "duplicate": 1,
        "grey": 1,
        "near_duplicate": 0,
        "too_many_bytes": 1,
        "too_many_pixels": 1,
        "unreadable": 1,
    }
    assert sum(counts["pictures"].values()) == 40


def test_adding_pictures_moves_none_between_the_splits(project: Project) -> None:
    def splits(count: int) -> dict[str, str]:
        root = project(fetch={"count": count})
        fetch.main(root)
        resize.main(root)
        with (root / "data" / "resized" / "index.csv").open() as file:
            return {row["id"]: row["split"] for row in csv.DictReader(file)}

    few, many = splits(48), splits(80)
    assert len(many) > len(few)
    assert few.items() <= many.items()


@pytest.mark.parametrize(
    ("stage", "first"),
    [(resize, "fetch"), (quantise, "resize"), (train, "resize"), (evaluate, "resize")],
)
def test_a_stage_without_its_input_says_which_one_to_run(
    project: Project, stage: Any, first: str
) -> None:
    with pytest.raises(DataError, match=f"run the {first} stage first"):
        stage.main(project())


def test_evaluate_without_a_model_says_how_to_get_one(prepared: Project) -> None:
    root = prepared()
    with pytest.raises(ColorizeError, match="make repro"):
        evaluate.main(root)


def test_a_set_that_is_all_grey_is_an_error(project: Project, tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    for level in range(20):
        pixels = np.full((64, 64), level * 10, np.uint8)
        pixels[:20] = 255 - level
        Image.fromarray(pixels).save(tmp_path / "art" / f"{level}.png")
    root = project(fetch={"source": "folder", "folder": str(tmp_path / "art")})
    fetch.main(root)
    with pytest.raises(DataError, match=r"none of 20 pictures is usable: .*'grey': 20"):
        resize.main(root)
    assert not (root / "data" / "resized").exists()


def test_too_few_pictures_for_a_split_is_an_error(project: Project) -> None:
    root = project(fetch={"count": 3})
    fetch.main(root)
    with pytest.raises(DataError, match="no picture for the"):
        resize.main(root)


def test_a_missing_folder_is_an_error(project: Project, tmp_path: Path) -> None:
    root = project(fetch={"source": "folder", "folder": str(tmp_path / "none")})
    with pytest.raises(SourceError, match="none"):
        fetch.main(root)
    assert not (root / "data" / "raw").exists()


@pytest.mark.parametrize("section", list(check.SECTIONS))
def test_a_users_mistake_is_one_line_soon_and_no_success(project: Project, section: str) -> None:
    root = project()
    stage = "train" if section == "inking" else section
    path = root / "params.yaml"
    path.write_text(path.read_text("utf-8").replace(f"{section}:\n", f"{section}:\n  typo: 1\n"))
    code = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print('torch' in sys.modules))\n"
        f"runpy.run_module('stages.{stage}', run_name='__main__', alter_sys=True)"
    )
    done = program(stage, root, code=code)
    assert done.returncode == 1
    assert done.stdout == "False\n"  # it was refused before torch was imported
    assert done.stderr.startswith(f"{stage}: params.yaml: unknown key '{section}.typo'; known: ")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_may_not_be_written_is_one_line(project: Project) -> None:
    root = project()
    (root / "data").write_text("a file where a folder should be")
    done = program("fetch", root)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Traceback" not in done.stderr


def test_an_interrupted_stage_leaves_nothing_half_done(project: Project) -> None:
    root = project(fetch={"count": 5000})
    process = fetching(root)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert not (root / "data" / "raw").exists()


def test_another_python_is_told_where_to_go() -> None:
    """`dvc repro` with a foreign `python` first on the path."""
    code = "import sys; sys.modules['pydantic'] = None; import stages"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "make repro" in done.stderr


def test_no_output_of_a_killed_stage_is_taken_for_whole(project: Project) -> None:
    root = project(fetch={"count": 5000})
    process = fetching(root)
    process.kill()
    process.communicate()
    assert not (root / "data" / "raw").exists()
    root = project()  # back to the small size
    fetch.main(root)
    assert sorted(path.name for path in (root / "data").iterdir()) == ["raw"]
    assert len(manifest.read(root / "data" / "raw")) == 48
