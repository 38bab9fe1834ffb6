"""What an ablation trains."""

import pytest

from colorize import params
from colorize.learn.params import TrainParams
from colorize.model.recipes import RECIPES
from stages import plans, variant
from tests.stages.test_stages import Project

BASES = (("unet", 0.0), ("unet", 0.3), ("eccv16", 0.3), ("pix2pix", 0.0))


@pytest.mark.parametrize("table", plans.TABLES)
def test_every_run_has_a_name_and_a_seed_of_its_own(project: Project, table: str) -> None:
    values = params.read(project(train={"seed": 5}))
    runs = plans.planned(table, values, 2)
    settings = {name: text for of_title in runs.values() for name, text in of_title.items()}
    assert len(settings) == 2 * len(runs)
    assert len(set(settings.values())) == len(settings)
    assert all(name.replace("-", "").isalnum() for name in settings)
    assert {text.rpartition("=")[2] for text in settings.values()} == {"5", "6"}


@pytest.mark.parametrize("table", plans.TABLES)
@pytest.mark.parametrize(("recipe", "share"), BASES)
@pytest.mark.parametrize("domains", [["grey"], ["grey", "ink"]])
@pytest.mark.parametrize("hints", [0, 2])
def test_every_run_has_params_that_the_stages_accept(
    project: Project, table: str, recipe: str, share: float, domains: list[str], hints: int
) -> None:
    hints *= RECIPES[recipe].takes_hints
    train = {"recipe": recipe, "adversarial": share, "domains": domains, "hints": hints}
    values = params.read(project(train=train))
    for runs in plans.planned(table, values, 1).values():
        for settings in runs.values():
            changed = variant.changed(values, settings.split())
            trained = params.checked(TrainParams, changed, "train")
            assert RECIPES[trained.recipe].takes_ink or domains == ["grey"]
            assert RECIPES[trained.recipe].takes_hints or not trained.hints, settings


def test_pix2pix_is_taken_apart(project: Project) -> None:
    values = params.read(project())
    found = {
        (train["gan"] > 0, train["l1"] > 0, train["patch"])
        for runs in plans.planned("critics", values, 1).values()
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


def test_no_variant_learns_hints(project: Project) -> None:
    values = params.read(project(train={"hints": 1}))
    for table in plans.TABLES:
        for runs in plans.planned(table, values, 1).values():
            assert variant.changed(values, " ".join(runs.values()).split())["train"]["hints"] == 0


def test_a_phase_against_a_critic_is_compared_with_none(project: Project) -> None:
    for share, other in ((0.0, 0.2), (0.3, 0.3)):
        values = params.read(project(train={"adversarial": share}))
        planned = plans.planned("critics", values, 1)
        shares = [
            variant.changed(values, " ".join(planned[title].values()).split())["train"][
                "adversarial"
            ]
            for title in ("classes", "classes, critic")
        ]
        assert shares == [0, other]


@pytest.mark.parametrize("recipe", ["unet", "eccv16", "pix2pix"])
@pytest.mark.parametrize("table", plans.TABLES)
def test_variants_train_for_equal_time(project: Project, table: str, recipe: str) -> None:
    values = params.read(project(train={"recipe": recipe, "epochs": 400}))
    wanted = 400 * plans.cost(values["train"])
    epochs = {}
    for title, runs in plans.planned(table, values, 1).items():
        train = variant.changed(values, " ".join(runs.values()).split())["train"]
        epochs[title] = train["epochs"]
        if title != plans.ONE_EPOCH:
            assert train["epochs"] * plans.cost(train) == pytest.approx(wanted, rel=0.03), title
    assert epochs.get(plans.ONE_EPOCH, 1) == 1
    assert len(set(epochs.values())) > 1
