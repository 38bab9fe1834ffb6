"""The people's test: pairs, sessions and answers, asked as its page asks."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ImageError, InputError
from colorize.studio.pairs import Pairs
from colorize.studio.sessions import Answers, plan
from tests.studio.conftest import Served

Drawing = Callable[..., NDArray[np.uint8]]


def fill(
    folder: Path, drawing: Drawing, *, count: int, models: tuple[str, ...] = ("ours",)
) -> Path:
    """Write pairs; a painted picture has the real one's values the other way round."""
    for name in ("real", *models):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        rgb = drawing(number, 300, 280)
        for name in ("real", *models):
            pixels = rgb if name == "real" else np.ascontiguousarray(rgb[..., ::-1])
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    return folder


@pytest.fixture(scope="module")
def start(serve: Callable[..., Served]) -> Callable[..., Served]:
    def begin(folder: Path, *options: object) -> Served:
        return serve("real-or-fake", "--pairs", folder, "--out", folder / "people.json", *options)

    return begin


@pytest.fixture(scope="module")
def asking(
    tmp_path_factory: pytest.TempPathFactory, start: Callable[..., Served]
) -> tuple[Served, Path]:
    """A server that asks five questions of one model, and its folder of pairs."""
    random = np.random.default_rng(0)
    folder = fill(
        tmp_path_factory.mktemp("few") / "pairs",
        lambda number, height, width: random.integers(0, 256, (height, width, 3), np.uint8),
        count=6,
    )
    return start(folder, "--practice", 1, "--trials", 4), folder


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def take(served: Served, pairs: Pairs, session: str, until: int, *, right: bool) -> Any:
    """Answer the trials up to one, knowing the truth by the real pictures."""
    told: Any = {}
    for number in range(until):
        stand = served.client.get(f"api/sessions/{session}").json()
        if stand["trial"] > number:
            continue
        sides = {
            side: pixels(served.client.get(f"api/sessions/{session}/{number}/{side}").content)
            for side in ("left", "right")
        }
        practice = stand["practice"]
        trials = stand["total"] - practice
        trial = plan(session, pairs.names, practice=practice, trials=trials)[number]
        real = pairs.real(trial.picture, trial.place)
        (painted,) = (side for side, rgb in sides.items() if not np.array_equal(rgb, real))
        other = {"left": "right", "right": "left"}[painted]
        answer = {"side": painted if right else other, "ms": 700}
        told = served.client.post(f"api/sessions/{session}/{number}", json=answer).json()
        assert told.get("painted") == (painted if number < practice else None)
    return told


def test_a_session_from_first_to_last_pair(
    tmp_path: Path, start: Callable[..., Served], drawing: Drawing
) -> None:
    folder = fill(tmp_path / "pairs", drawing, count=26)
    options = ("--practice", 4, "--trials", 20)
    served = start(folder, *options)
    pairs = Pairs(folder)
    session = served.client.post("api/sessions").json()["session"]
    take(served, pairs, session, 9, right=True)
    served.kill()
    served = start(folder, *options)
    assert served.client.get(f"api/sessions/{session}").json()["trial"] == 9
    assert not (folder / "people.json").exists()
    told = take(served, pairs, session, 24, right=True)
    assert told["trial"] == told["total"] == 24
    other = served.client.post("api/sessions").json()["session"]
    take(served, pairs, other, 24, right=False)
    found = json.loads((folder / "people.json").read_text("utf-8"))
    assert set(found) == {"ours"}
    row = found["ours"]
    assert (row["fooled"], row["caught"]) == (0.5, 0.5)
    assert (row["answers"], row["sessions"]) == (36, 2)
    assert 0 <= row["low"] <= 0.5 <= row["high"] <= 1


def test_answers_hold_no_name(asking: tuple[Served, Path]) -> None:
    served, folder = asking
    session = served.client.post("api/sessions").json()["session"]
    take(served, Pairs(folder), session, 5, right=True)
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert len([line for line in lines if line["session"] == session]) == 5
    keys = {"session", "trial", "kind", "model", "picture", "fooled", "ms"}
    assert all(set(line) == keys for line in lines)


def test_only_the_next_trial_can_be_asked_for_and_once(asking: tuple[Served, Path]) -> None:
    served, _ = asking
    session = served.client.post("api/sessions").json()["session"]
    one = f"api/sessions/{session}"
    for path in (f"{one}/1/left", f"{one}/0/middle", f"{one}/x/left", "api/sessions/../0/left"):
        assert served.client.get(path).status_code == 404, path
    for answer in ({}, [], {"side": "left"}, {"side": "up", "ms": 1}, {"side": "left", "ms": -1}):
        assert served.client.post(f"{one}/0", json=answer).status_code == 422
    assert served.client.post(f"{one}/0", json={"side": "left", "ms": 1}).status_code == 200
    assert served.client.post(f"{one}/0", json={"side": "left", "ms": 1}).status_code == 404


def test_sessions_take_the_models_in_turn(
    tmp_path: Path, start: Callable[..., Served], drawing: Drawing
) -> None:
    folder = fill(tmp_path / "pairs", drawing, count=6, models=("a", "b"))
    served = start(folder, "--practice", 1, "--trials", 4)
    for _ in range(4):
        session = served.client.post("api/sessions").json()["session"]
        served.client.post(f"api/sessions/{session}/0", json={"side": "left", "ms": 1})
    models = [answer.model for answer in Answers(folder / "answers.jsonl")]
    assert models == ["a", "b", "a", "b"]


def test_a_line_that_was_cut_short_costs_one_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    line = {
        "session": "s",
        "trial": 0,
        "kind": "test",
        "model": "m",
        "picture": "p",
        "fooled": True,
        "ms": 1,
    }
    path.write_text(json.dumps(line) + "\n" + json.dumps(line)[:30], "utf-8")
    answers = Answers(path)
    (known,) = answers
    answers.add(known)
    assert len(list(Answers(path))) == 2


def test_folders_without_pairs_are_told(tmp_path: Path, drawing: Drawing) -> None:
    with pytest.raises(InputError, match="holds no pairs"):
        Pairs(tmp_path)
    (tmp_path / "real").mkdir()
    with pytest.raises(InputError, match="no folder of painted pictures"):
        Pairs(tmp_path)
    with pytest.raises(InputError, match="there are 3 pairs, and a session takes 50"):
        plan("s", Pairs(fill(tmp_path / "few", drawing, count=3)).names)


def test_crops_show_the_same_place(tmp_path: Path, drawing: Drawing) -> None:
    pairs = Pairs(fill(tmp_path, drawing, count=2))
    real, painted = (
        pairs.real("000", (0.3, 0.9)),
        pairs.painted("ours", "000", (0.3, 0.9)),
    )
    assert real.shape == (256, 256, 3)
    assert np.array_equal(real[..., ::-1], painted)
    absurd = pairs.absurd("000", "001", (0.3, 0.9))
    assert absurd.shape == real.shape
    assert not np.array_equal(absurd, real)
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "ours" / "001.png")
    with pytest.raises(ImageError, match="not of the size"):
        pairs.painted("ours", "001", (0, 0))
