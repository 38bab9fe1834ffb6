"""The statistics of the people's test, by simulated raters of known skill."""

import numpy as np
import pytest

from colorize.studio.fooled import interval, summary
from colorize.studio.sessions import Answer, new_session, plan

NAMES = [f"{number:03}" for number in range(80)]


def rated(
    *, skill: float, raters: int, seed: int, model: str = "m", attention: float = 1.0
) -> list[Answer]:
    """Answers of raters who see a painted picture with a probability, and else guess."""
    random = np.random.default_rng(seed)
    answers = []
    for _ in range(raters):
        session = random.bytes(16).hex()
        for number, trial in enumerate(plan(session, NAMES)):
            sees = random.random() < (attention if trial.kind == "catch" else skill)
            answers.append(
                Answer(
                    session=session,
                    trial=number,
                    kind=trial.kind,
                    model=model,
                    picture=trial.picture,
                    fooled=not sees and random.random() < 0.5,
                    ms=500,
                )
            )
    return answers


def test_the_share_is_that_of_the_raters_skill() -> None:
    answers = rated(skill=0.4, raters=30, seed=1) + rated(skill=0, raters=30, seed=2, model="n")
    found = summary(answers)
    assert set(found) == {"m", "n"}
    for model, truth in (("m", 0.3), ("n", 0.5)):
        row = found[model]
        assert row["fooled"] == pytest.approx(truth, abs=0.04)
        assert row["low"] < truth < row["high"]
        assert row["high"] - row["low"] < 0.15
        assert row["answers"] == 30 * 36
        assert row["sessions"] == 30
        assert row["caught"] == 1
    assert found["m"]["pictures"] <= len(NAMES)


def test_who_does_not_look_is_seen_by_the_catch_trials() -> None:
    found = summary(rated(skill=0.4, raters=60, seed=3, attention=0))["m"]
    assert found["caught"] == pytest.approx(0.5, abs=0.08)


def test_practice_does_not_count() -> None:
    answers = [answer for answer in rated(skill=1, raters=1, seed=0) if answer.kind == "practice"]
    assert len(answers) == 10
    assert summary(answers) == {}


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Raters and pictures differ by themselves, so answers are not independent."""
    random = np.random.default_rng(0)
    raters, pictures, truth, held = 25, 40, 0.3, 0
    rows, columns = (array.ravel() for array in np.indices((raters, pictures)))
    rounds = 60
    for number in range(rounds):
        chance = truth + 0.15 * random.standard_normal(raters)[rows]
        chance = (chance + 0.1 * random.standard_normal(pictures)[columns]).clip(0, 1)
        values = (random.random(len(rows)) < chance).astype(np.float64)
        low, high = interval(values, rows, columns, seed=number, resamples=400)
        held += low <= truth <= high
    assert held / rounds >= 0.88
    plain = 2 * 1.96 * np.sqrt(truth * (1 - truth) / len(rows))
    assert high - low > 1.5 * plain


def test_the_same_answers_give_the_same_numbers() -> None:
    answers = rated(skill=0.4, raters=4, seed=5)
    assert summary(answers) == summary(answers)


def test_a_session_is_laid_out_by_its_name() -> None:
    name = new_session(3)
    trials = plan(name, NAMES)
    assert trials == plan(name, NAMES)
    assert trials != plan(new_session(3), NAMES)
    assert [trial.kind for trial in trials[:10]] == ["practice"] * 10
    assert sum(trial.kind == "catch" for trial in trials[10:]) == 4
    assert len({trial.picture for trial in trials}) == 50
    assert all(trial.other != trial.picture for trial in trials)
    sides = [trial.painted for number in range(40) for trial in plan(f"{number}", NAMES)]
    assert sides.count("left") / len(sides) == pytest.approx(0.5, abs=0.03)
