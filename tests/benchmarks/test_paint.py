import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import paint, recipes, snap
from benchmarks.processes import Measured
from colorize.colour.lab import rgb_to_lightness
from colorize.model.weights import Model


@pytest.fixture
def project(root: Path, orange_model: Model, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model and small pages to benchmark in this process."""
    orange_model.save(root / "models" / "colorizer.safetensors")
    monkeypatch.setattr(paint, "WIDTH", 192)
    monkeypatch.setattr(paint, "HEIGHT", 256)
    monkeypatch.setattr(paint, "ROUNDS", 1)
    monkeypatch.setattr(paint, "PAGES", 1)
    monkeypatch.setattr(paint, "REPEATS", 1)

    def here(_: str, root: str, way: str) -> Measured:
        return paint.measure(way, Path(root))

    monkeypatch.setattr(paint, "in_a_process", here)
    return root


@pytest.mark.parametrize("way", paint.WAYS)
def test_all_ways_paint_the_same_where_nothing_is_to_be_decided(
    way: str, orange_model: Model
) -> None:
    """A flat grey page under one colour: enlarging, decoding and converting agree."""
    page = np.full((256, 192, 3), 140, np.uint8)
    orange_model.network.eval()
    ours, theirs = (paint.WAYS[name](orange_model, page) for name in ("ours", way))
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.ptp(ours[0, 0].astype(int)) > 50


def test_pages(project: Path) -> None:
    pages = list(paint.pages(project))
    assert [page.shape for page in pages] == [(256, 192, 3)]
    assert np.abs(rgb_to_lightness(paint.grey(pages[0])) - rgb_to_lightness(pages[0])).max() < 0.3


def test_measure(project: Path) -> None:
    measured = paint.measure("default/ours", project)
    assert set(measured) == {"seconds", "gib", "psnr"}
    assert all(value > 0 for value in measured.values())
    assert math.isnan(paint.measure("eccv16/ours", project)["psnr"])


def test_the_section_of_painting(project: Path, results: Callable[[], str]) -> None:
    paint.main(project)
    assert "in shape only" in results()
    orange_model = paint.default_model(project)
    orange_model.save(recipes.model_path(project, "eccv16"))
    paint.main(project)
    assert "in shape only" not in results()
    assert "as with eccv16 and +0.00 dB" in results()


def test_the_section_of_regions(project: Path, results: Callable[[], str]) -> None:
    snap.main(project)
    assert "| painted with --snap | " in results()


def test_the_section_of_recipes(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(recipes.Training, width=0.125, crop=32, lr=1e-3)
    trainings = {"eccv16": small(tone=False, epochs=1), "unet": small(tone=True, epochs=2)}
    monkeypatch.setattr(recipes, "TRAININGS", trainings)
    for recipe, training in trainings.items():
        assert recipes.measure(recipe, root)["seconds"] > 0
        history = recipes.read(root, recipe)
        assert [row["epoch"] for row in history] == list(range(1, training.epochs + 1))
        assert Model.load(recipes.model_path(root, recipe)).recipe.name == recipe
    recipes.write(root)
    assert results().count("\n| unet | ") == 2


def test_equal_time_and_equal_score() -> None:
    history = [
        {"processor_seconds": 10.0 * number, "psnr": 20.0 + number} for number in range(1, 5)
    ]
    assert recipes.reached(history, "psnr", 22.5) == 30
    assert recipes.reached(history, "psnr", 24.5) is None
    assert [recipes.at(history, s)["psnr"] for s in (5, 10, 29, 100)] == [21, 21, 22, 24]
