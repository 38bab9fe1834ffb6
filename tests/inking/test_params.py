from pathlib import Path
from typing import Any

import pytest

from colorize.errors import ParamsError
from colorize.inking.params import InkingParams
from colorize.params import checked, load
from tests.imports import ROOT

DEFAULTS = InkingParams().model_dump()


def made(**changes: Any) -> InkingParams:
    return checked(InkingParams, {"inking": DEFAULTS | changes}, "inking")


@pytest.mark.parametrize("root", [ROOT, ROOT / "weights"], ids=["default", "weights"])
def test_the_project_s_params_are_the_defaults_that_judge(root: Path) -> None:
    assert load(InkingParams, root, "inking") == InkingParams()


def test_every_key_is_documented() -> None:
    for name in InkingParams.model_fields:
        assert f"\n        {name}: " in str(InkingParams.__doc__)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("white", -0.1, "at least 0"),
        ("white", 1.1, "at most 1"),
        ("white", float("nan"), "a finite number"),
        ("white", "much", "a number"),
        ("tone", [0.6, 0.1], "two rising numbers"),
        ("tone", [0.0, 0.5], "at least 0.03"),
        ("tone", [0.1, 0.98], "at most 0.97"),
        ("tone", [0.1, float("nan")], "a finite number"),
        ("tone", 0.5, "two rising numbers"),
        ("tone", [0.1], "two rising numbers"),
        ("tone", [0.1, 0.2, 0.3], "two rising numbers"),
        ("tone", ["a", "b"], "a number"),
        ("pitch", [0.0, 5.0], "at least 0.5"),
        ("pitch", [1.0, float("inf")], "a finite number"),
        ("pitch", [1.0, 1e9], "at most 64"),
        ("blend", [-0.1, 1.0], "at least 0"),
        ("blend", [0.5, 1.5], "at most 1"),
        ("scan_chance", True, "a number"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_key(name: str, value: Any, words: str) -> None:
    with pytest.raises(ParamsError, match=rf"'inking\.{name}' must be {words}") as caught:
        made(**{name: value})
    assert str(caught.value).isprintable()


def test_every_key_has_to_be_there_though_it_has_a_default() -> None:
    for name in DEFAULTS:
        values = {key: value for key, value in DEFAULTS.items() if key != name}
        with pytest.raises(ParamsError, match=rf"key 'inking\.{name}' is missing"):
            checked(InkingParams, {"inking": values}, "inking")


def test_weights_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ParamsError, match=r"'inking\.white', .* must be above 0"):
        made(white=0, flat=0, wash=0)


@pytest.mark.parametrize(
    "ends", [{"tone": (0.03, 0.97), "pitch": (0.5, 64), "blend": (0, 1)}, {"tone": (0.5, 0.5)}]
)
def test_the_ends_of_all_ranges_are_taken(ends: dict[str, tuple[float, float]]) -> None:
    taken = made(**ends)
    assert {name: getattr(taken, name) for name in ends} == ends
