"""The tables and pictures of an ablation; `test_dvc` runs one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize import params
from colorize.errors import ColorizeError, ParamsError
from colorize.metrics.scores import SCORES
from colorize.report import gallery
from stages import ablation, variant
from tests.models import ORANGE, of_one_colour, tiny_model
from tests.shards import lay_test_split
from tests.stages.test_stages import Project


def numbers(value: float) -> dict[str, Any]:
    """A metrics file in which the chosen model scores one number everywhere, and grey 1."""
    rows = {"model": 50.0, "model_chosen": value, "grey": 1.0, "ceiling_bins": 99.0}
    scores = {row: dict.fromkeys(SCORES, score) for row, score in rows.items()}
    return {
        **scores,
        "stderr": {row: dict.fromkeys(SCORES, 0.5) for row in rows} | {"classes": {}},
        "truth": {"colourfulness": 44.0},
        "pictures": 7,
    }


def test_settings_are_read_as_yaml(project: Project) -> None:
    values = params.read(project())
    settings = ["train.lr=1e-05", "fetch.tags=[a, b]", "train.seed=7"]
    changed = variant.changed(values, settings)
    assert (changed["train"]["lr"], changed["fetch"]["tags"]) == (1e-5, ["a", "b"])
    assert changed["train"]["seed"] == 7
    assert values["train"]["seed"] == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.epochs", "no section.key=value"),
        ("epochs=2", "no section.key=value"),
        ("train.epoch=2", "unknown key 'train.epoch'"),
        ("trian.epochs=2", "unknown key 'trian.epochs'"),
        ("train.epochs=[", "no YAML"),
    ],
)
def test_a_users_mistake_is_named(project: Project, setting: str, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        variant.changed(params.read(project()), [setting])


@pytest.mark.parametrize("arguments", [[], ["train.epochs=1"], ["../x"], [""], ["a b"]])
def test_a_name_is_wanted(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["ablation", *arguments])
    with pytest.raises(ParamsError, match="name the ablation"):
        ablation.main(project())


def test_table() -> None:
    runs = {"low": [numbers(2.0)] * 3, "high": [numbers(n) for n in (2.0, 3.0, 4.0)]}
    lines = ablation.report(runs).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:6]] == [
        "| low",
        "| high",
        "| grey",
        "| ceiling bins",
    ]
    heads, high, grey = (lines[n].split(" | ") for n in (0, 3, 4))
    for head, of_high, of_grey in zip(heads[1:], high[1:], grey[1:], strict=True):
        assert of_high.startswith("**3.000** ± 0.58") == ("↑" in head)
        assert of_grey.startswith("**1.000** ± 0.5") == ("↓" in head)
    assert lines[-1].startswith("7 test pictures")
    assert "over its 3 seeds" in lines[-1]


def test_a_table_of_one_seed_has_the_error_over_pictures() -> None:
    lines = ablation.report({"one": [numbers(2.0)]}).splitlines()
    assert "± 0.50" in lines[2]
    assert "seeds" not in lines[-1]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["x"], ("x", "losses", [])),
        (["x", "critics"], ("x", "critics", [])),
        (["x", "critics", "train.seed=1"], ("x", "critics", ["train.seed=1"])),
        (["x", "train.seed=1"], ("x", "losses", ["train.seed=1"])),
    ],
)
def test_a_table_may_be_named(given: list[str], found: tuple[str, str, list[str]]) -> None:
    assert ablation.arguments(given) == found


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(ParamsError, match="no table 'critic'; known: losses, critics"):
        ablation.arguments(["x", "critic"])


def test_no_variant_is_no_table() -> None:
    with pytest.raises(ColorizeError, match="no variant"):
        ablation.report({})


def test_variants_of_other_pictures_are_not_compared() -> None:
    other = numbers(2.0) | {"grey": dict.fromkeys(SCORES, 5.0)}
    with pytest.raises(ColorizeError, match="different pictures"):
        ablation.report({"one": [numbers(2.0)], "other": [other]})


def test_inked_pages_have_a_table_of_their_own() -> None:
    def run(value: float) -> dict[str, Any]:
        art = {"model_chosen": value, "page": 1.0, "ceiling_head": 99.0, "model": 50.0}
        scored = {row: dict.fromkeys(ablation.INKED, score) for row, score in art.items()}
        return numbers(2.0) | {"toned": {"art": scored, "paper": 1.0}}

    _, table, said = ablation.report({"one": [run(2.0), run(4.0)]}).split("\n\n")[-3:]
    rows = {line.split(" | ")[0]: line.split(" | ")[1] for line in table.splitlines()[2:]}
    assert rows == {"| one": "**3.000** ± 1.0", "| page": "1.000", "| ceiling head": "99.00"}
    assert "neither ink nor paper" in said


def test_what_regresses_is_shown_as_it_is() -> None:
    run = numbers(2.0)
    del run["model_chosen"], run["stderr"]["model_chosen"]
    assert "| one | **50.00** ± 0.50 |" in ablation.report({"one": [run]})


def test_pictures_stand_side_by_side(
    tmp_path: Path, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    lay_test_split(tmp_path, map(drawing, range(3)))
    runs = {"orange": tmp_path / "runs" / "orange", "inked": tmp_path / "runs" / "inked"}
    of_one_colour(tiny_model(), ORANGE).save(runs["orange"] / variant.MODEL)
    of_one_colour(tiny_model(domains=("grey", "ink")), (-40, -20)).save(
        runs["inked"] / variant.MODEL
    )
    ablation.draw(tmp_path, runs)
    side = gallery.SHOWN_SIDE
    widths = {}
    for name in ("grey", "toned"):
        sheet = cv2.imread(str(tmp_path / f"{name}.png")).astype(int)
        widths[name] = sheet.shape[1] // side
        assert sheet.shape[0] == gallery.HEADER + 3 * (side + gallery.GAP)
        page = sheet[gallery.HEADER : gallery.HEADER + side, :side]
        assert np.ptp(page, axis=-1).max() <= 1
    assert widths == {"grey": 4, "toned": 3}  # page, those that know such pages, truth
    _, orange, teal, _ = np.split(
        cv2.imread(str(tmp_path / "grey.png"))[gallery.HEADER :, : 4 * side].astype(int), 4, axis=1
    )
    assert (orange[..., 2] - orange[..., 0]).mean() > 20 > -5 > (teal[..., 2] - teal[..., 0]).mean()
