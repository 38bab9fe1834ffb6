"""The plan and the table of an ablation; `test_dvc` runs one."""

from typing import Any

import pytest

from colorize import params
from colorize.errors import ColorizeError, ParamsError
from colorize.metrics.scores import SCORES
from colorize.model.recipes import RECIPES
from stages import ablation, variant
from stages.train import TrainParams
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


def test_every_run_has_a_name_and_a_seed_of_its_own(project: Project) -> None:
    values = params.read(project(train={"seed": 5}))
    runs = ablation.planned(values, 2)
    assert set(ablation.VARIANTS) <= set(runs)
    settings = {name: text for of_title in runs.values() for name, text in of_title.items()}
    assert len(settings) == 2 * len(runs)
    assert len(set(settings.values())) == len(settings)
    assert list(runs["L2 regression"].values()) == [
        "train.recipe=unet_l2 train.seed=5",
        "train.recipe=unet_l2 train.seed=6",
    ]


def test_every_run_has_params_that_the_stages_accept(project: Project) -> None:
    for recipe, share in (("unet", 0.0), ("unet", 0.3), ("eccv16", 0.3), ("pix2pix", 0.0)):
        values = params.read(project(train={"recipe": recipe, "adversarial": share}))
        for runs in ablation.planned(values, 1).values():
            for settings in runs.values():
                changed = variant.changed(values, settings.split())
                train = params.checked(TrainParams, changed, "train")
                assert train.recipe in RECIPES


def test_pix2pix_is_taken_apart(project: Project) -> None:
    values = params.read(project())
    found = {
        (train["gan"] > 0, train["l1"] > 0, train["patch"])
        for runs in ablation.planned(values, 1).values()
        for train in [variant.changed(values, " ".join(runs.values()).split())["train"]]
        if train["recipe"] == "pix2pix"
    }
    assert found == {
        (True, True, 70),
        (True, True, 16),
        (True, True, 1),
        (True, False, 70),
        (False, True, 70),
    }
    hinted = ablation.planned(params.read(project(train={"hints": True})), 1)
    assert not any("pix2pix" in title for title in hinted)  # takes none


def test_a_phase_against_a_critic_is_compared_with_none(project: Project) -> None:
    for share, other in ((0.0, 0.2), (0.3, 0.0)):
        values = params.read(project(train={"adversarial": share, "seed": 4}))
        planned = [
            variant.changed(values, settings.split())["train"]
            for runs in ablation.planned(values, 1).values()
            for settings in runs.values()
        ]
        assert values["train"] | {"adversarial": other} in planned


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
    lines = ablation.table(runs).splitlines()
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
    lines = ablation.table({"one": [numbers(2.0)]}).splitlines()
    assert "± 0.50" in lines[2]
    assert "seeds" not in lines[-1]


def test_no_variant_is_no_table() -> None:
    with pytest.raises(ColorizeError, match="no variant"):
        ablation.table({})


def test_variants_of_other_pictures_are_not_compared() -> None:
    other = numbers(2.0) | {"grey": dict.fromkeys(SCORES, 5.0)}
    with pytest.raises(ColorizeError, match="different pictures"):
        ablation.table({"one": [numbers(2.0)], "other": [other]})
