import math
from dataclasses import fields, replace
from typing import Any

import pytest

from colorize.errors import ParamsError
from colorize.inking.params import BOUNDS, InkingParams


def test_every_pair_has_bounds_and_every_knob_is_documented() -> None:
    names = {field.name for field in fields(InkingParams)}
    pairs = {name for name in names if isinstance(getattr(InkingParams(), name), tuple)}
    assert pairs == set(BOUNDS)
    assert all(f"        {name}: " in str(InkingParams.__doc__) for name in names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("white", -0.1),
        ("white", 1.1),
        ("white", math.nan),
        ("white", "much"),
        ("white", True),
        ("most_balloons", 0),
        ("most_balloons", 2.5),
        ("most_balloons", 100),
        ("solid_below", 101.0),
        ("tone", (0.6, 0.1)),
        ("tone", (0.0, 0.5)),
        ("tone", (0.1, math.nan)),
        ("tone", 0.5),
        ("tone", (0.1, 0.2, 0.3)),
        ("tone", ("a", "b")),
        ("pitch", (0.0, 5.0)),
        ("pitch", (1.0, math.inf)),
        ("jpeg", (0.0, 95.0)),
        ("paper", (235.0, 256.0)),
        ("ink", (-1.0, 30.0)),
        ("gamma", (0.0, 1.0)),
        ("blur", (0.2, 1e9)),
        ("noise", (0.0, 1000.0)),
    ],
)
def test_rejects(name: str, value: Any) -> None:
    with pytest.raises(ParamsError, match=f"'{name}' must be"):
        replace(InkingParams(), **{name: value})


def test_shares_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ParamsError, match="above 0"):
        InkingParams(white=0.0, solid=0.0, flat=0.0, wash=0.0)


@pytest.mark.parametrize("end", [0, 1])
def test_the_ends_of_all_ranges_are_taken(end: int) -> None:
    ends = {name: ((bounds.low, bounds.high)[end],) * 2 for name, bounds in BOUNDS.items()}
    taken = InkingParams(**ends)
    assert {name: getattr(taken, name) for name in ends} == ends
