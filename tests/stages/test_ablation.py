"""The plan and the table of an ablation; `test_dvc` runs one."""

from pathlib import Path
from typing import Any

import pytest

from colorize.errors import ColorizeError, ParamsError
from colorize.metrics.scores import SCORES
from stages import ablation
from tests.stages.test_stages import Project


def numbers(value: float) -> dict[str, Any]:
    """A metrics file in which the model scores one number everywhere, and grey 1."""
    rows = {"model": value, "model_mean": 50.0, "grey": 1.0, "ceiling_bins": 99.0}
    scores = {row: dict.fromkeys(SCORES, score) for row, score in rows.items()}
    return {
        **scores,
        "stderr": {row: dict.fromkeys(SCORES, 0.5) for row in rows} | {"classes": {}},
        "truth": {"colourfulness": 44.0},
        "pictures": 7,
    }


def test_every_variant_has_a_name_of_its_own(project: Project) -> None:
    root = project()
    first = ablation.planned(root, "sample", ["train.epochs=1"])
    assert list(first) == list(ablation.VARIANTS)
    assert len({name for name, _ in first.values()}) == len(ablation.VARIANTS)
    assert first["L2 regression"][1] == ["train.epochs=1", "train.recipe=unet_l2"]
    assert first == ablation.planned(root, "sample", ["train.epochs=1"])
    names = {name for name, _ in first.values()}
    other = ablation.planned(root, "sample", ["train.epochs=2"])
    assert names.isdisjoint(name for name, _ in other.values())
    changed = ablation.planned(project(train={"lr": 0.5}), "sample", ["train.epochs=1"])
    assert names.isdisjoint(name for name, _ in changed.values())


def test_a_users_mistake_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project()
    monkeypatch.chdir(root)
    Path("art").mkdir()
    for override, message in (
        ("train.epochs", "no KEY=VALUE"),
        ("fetch.folder=nowhere", "no folder nowhere"),
        ("fetch.folder=art", "absolute"),
    ):
        with pytest.raises(ParamsError, match=message):
            ablation.planned(root, "x", [override])


def test_table() -> None:
    lines = ablation.table({"low": numbers(2.0), "high": numbers(3.0)}).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:6]] == [
        "| low",
        "| high",
        "| grey",
        "| ceiling bins",
    ]
    heads, high, grey = (lines[n].split(" | ") for n in (0, 3, 4))
    for head, of_high, of_grey in zip(heads[1:], high[1:], grey[1:], strict=True):
        assert of_high.startswith("**3.000**") == ("↑" in head)
        assert of_grey.startswith("**1.000**") == ("↓" in head)
    assert lines[-1].startswith("7 test pictures")


def test_variants_of_other_pictures_are_not_compared() -> None:
    other = numbers(2.0) | {"grey": dict.fromkeys(SCORES, 5.0)}
    with pytest.raises(ColorizeError, match="different pictures"):
        ablation.table({"one": numbers(2.0), "other": other})
