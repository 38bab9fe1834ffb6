"""The stage before the stages: what it refuses, and that Git then sees what DVC has changed."""

import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colorize.errors import ParamsError
from colorize.learn.params import CLASSIFYING, HINTED, INKING, MULTIPLES
from colorize.model.recipes import RECIPES
from stages import check

Project = Callable[..., Path]
COMMITTED_NS = 1_700_000_000_500_000_000
"""When the file was written that Git's index knows."""


def made(root: Path) -> Path:
    """Add what the params name."""
    (root / "pictures").mkdir(exist_ok=True)
    (root / "deny.txt").touch()
    return root


def test_every_section_is_read(project: Project) -> None:
    root = made(project())
    check.main(root)
    assert (root / "check" / "passed").read_bytes() == b"passed\n"
    with pytest.raises(ParamsError, match=r"'train\.lr' must be above 0"):
        check.main(project(train={"lr": 0.0}))
    path = project() / "params.yaml"
    path.write_text(path.read_text("utf-8") + "\ntrian: {}\n")
    with pytest.raises(ParamsError, match="unknown section 'trian'"):
        check.main(path.parent)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"patch": 71}, r"'train\.patch' must be one of 1, 16, 70, 286, not 71"),
        ({"gan": 0, "l1": 0}, r"'train\.gan' or 'train\.l1' must be above 0"),
        ({"patch": 286}, r"'train\.crop' must be at least 96 for a patch of 286, not 64"),
        ({"gan": -1}, r"'train\.gan' must be at least 0"),
    ],
)
def test_a_critic_that_cannot_judge_is_refused(
    project: Project, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        check.main(made(project(train={"recipe": "pix2pix"} | values)))


@pytest.mark.parametrize("recipe", ["eccv16", "eccv16_l2", "pix2pix"])
def test_dropout_where_no_layer_has_it_is_refused(project: Project, recipe: str) -> None:
    message = f"'train\\.dropout' must be 0 for recipe {recipe}, not 0\\.2: only unet and unet_l2"
    with pytest.raises(ParamsError, match=message):
        check.main(made(project(train={"recipe": recipe, "dropout": 0.2})))
    check.main(made(project(train={"recipe": "unet_l2", "dropout": 0.2})))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"recipe": "pix2pix", "adversarial": 0.2},
            r"'train\.adversarial' must be 0 for recipe pix2pix, not 0\.2: only unet and eccv16",
        ),
        (
            {"recipe": "unet_l2", "adversarial": 1},
            r"'train\.adversarial' must be 0 for recipe unet",
        ),
        (
            {"adversarial": 0.2, "gan": 0},
            r"'train\.gan' must be above 0 for 'train\.adversarial'",
        ),
        (
            {"adversarial": 0.2, "patch": 286},
            r"'train\.crop' must be at least 96 for a patch of 286, not 64",
        ),
        ({"adversarial": 1.1}, r"'train\.adversarial' must be at most 1"),
    ],
)
def test_a_phase_that_cannot_be_is_refused(
    project: Project, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        check.main(made(project(train=values)))


def test_a_phase_needs_no_l1(project: Project) -> None:
    root = made(project(train={"adversarial": 0.2, "l1": 0}))
    check.main(root)
    assert (root / "check" / "passed").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"recipe": "unet_l2", "domains": ["grey", "ink"]},
            r"'train\.domains' must be \[grey\] for recipe unet_l2",
        ),
        (
            {"recipe": "eccv16_l2", "domains": ["lines"]},
            r"'train\.domains' must be \[grey\] for recipe eccv16_l2",
        ),
        (
            {"hints": True},
            r"'train\.hints' must be a whole number, not true",
        ),
        (
            {"recipe": "pix2pix", "hints": 1},
            r"'train\.hints' must be 0 for recipe pix2pix: only unet and unet_l2",
        ),
    ],
)
def test_what_a_recipe_cannot_learn_is_refused(
    project: Project, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        check.main(made(project(train=values)))


@pytest.mark.parametrize(("key", "what"), [("folder", "folder"), ("deny", "file")])
def test_what_the_params_name_must_be_there(project: Project, key: str, what: str) -> None:
    with pytest.raises(ParamsError, match=rf"'fetch\.{key}': there is no {what} 'nowhere'"):
        check.main(made(project(fetch={key: "nowhere"})))


def test_what_recipes_can_learn_is_what_is_known_of_them() -> None:
    assert set(INKING) == {name for name, recipe in RECIPES.items() if recipe.takes_ink}
    assert set(HINTED) == {name for name, recipe in RECIPES.items() if recipe.takes_hints}


def test_the_recipes_that_can_have_a_phase_classify() -> None:
    assert set(CLASSIFYING) == {name for name, recipe in RECIPES.items() if recipe.classifies}


def test_other_recipes_have_no_critic(project: Project) -> None:
    root = made(project(train={"gan": 0, "l1": 0, "patch": 286}))
    check.main(root)
    assert (root / "check" / "passed").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"train": {"recipe": "unet", "crop": 56}},
            r"'train\.crop' must be a multiple of 32 for recipe unet, not 56",
        ),
        (
            {"train": {"recipe": "unet", "crop": 32}, "resize": {"side": 72}},
            r"'resize\.side' must be a multiple of 32 for recipe unet, not 72",
        ),
    ],
)
def test_sides_that_the_network_cannot_halve_are_refused(
    project: Project, changed: dict[str, dict[str, Any]], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        check.main(made(project(**changed)))


def test_the_multiples_are_those_of_the_recipes() -> None:
    for name, recipe in RECIPES.items():
        least = math.lcm(8, recipe.side_multiple)
        assert MULTIPLES.get(name, 8) == least, name


def git(root: Path, *words: str) -> str:
    # Of the times, that of the content alone: no program can set the others.
    command = ["git", "-c", "core.trustctime=false", *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        command, cwd=root, env=kept, capture_output=True, text=True, check=True
    ).stdout


def dated(path: Path, *, ns: int) -> None:
    os.utime(path, ns=(ns, ns))


@pytest.mark.parametrize("fraction_ns", [100, 400_000_000])
@pytest.mark.parametrize(
    ("good", "other", "refused"),
    [({"side": 64}, {"side": 31}, True), ({"val_share": 0.2}, {"val_share": 0.3}, False)],
)
def test_git_sees_a_value_that_was_changed_within_a_second(
    project: Project, good: dict[str, Any], other: dict[str, Any], refused: bool, fraction_ns: int
) -> None:
    root = made(project(resize=good))
    path = root / "params.yaml"
    committed = path.read_bytes()
    dated(path, ns=COMMITTED_NS)
    git(root, "init", "-q")
    git(root, "add", "params.yaml")
    project(resize=other)
    assert len(path.read_bytes()) == len(committed)
    dated(path, ns=COMMITTED_NS + fraction_ns)
    if refused:
        with pytest.raises(ParamsError, match=r"'resize\.side' must be a multiple of 8, not 31"):
            check.main(root)
    else:
        check.main(root)
    assert git(root, "diff", "--name-status") == "M\tparams.yaml\n"
    git(root, "restore", ".")
    assert path.read_bytes() == committed
