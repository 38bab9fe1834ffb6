"""A server that is killed at any moment loses nothing that it had answered for."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from colorize.studio.project import Project
from tests.studio.conftest import Served, begin

Page = Callable[..., bytes]
HINT = {"x": 0.25, "y": 0.5, "color": "#c83232"}


@pytest.fixture(scope="module")
def start(serve: Callable[..., Served], model_path: Path) -> Callable[[Path], Served]:
    return lambda folder: serve("studio", "--folder", folder, "--model", model_path)


def test_all_is_there_after_a_kill(
    tmp_path: Path, start: Callable[[Path], Served], page: Page
) -> None:
    served = start(tmp_path)
    ids = [served.add(f"{number}.png", page(number)).json()[0] for number in range(3)]
    served.client.put("api/settings", json={"saturation": 1.5})
    answer = served.client.put(f"api/pages/{ids[1]}/hints", json={"hints": [HINT]})
    assert answer.status_code == 200
    served.kill()
    again = start(tmp_path)
    assert again.url != served.url
    project = again.project()
    assert [one["id"] for one in project["pages"]] == ids
    assert project["settings"]["saturation"] == 1.5
    (hint,) = project["pages"][1]["hints"]
    assert {name: hint[name] for name in HINT} == HINT
    assert again.client.get(f"api/pages/{ids[0]}/file/painted").status_code == 200


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.3])
def test_a_kill_amid_changes_leaves_one_of_them_whole(
    tmp_path: Path, start: Callable[[Path], Served], page: Page, delay: float
) -> None:
    served = start(tmp_path)
    (added,) = served.add("1.png", page()).json()
    last = 0
    for number in itertools.count(1):
        if number == 5:
            threading.Timer(delay, served.process.kill).start()
        hints = [{**HINT, "x": number / 1000}] * (number % 7 + 1)
        try:
            answer = served.client.put(f"api/pages/{added}/hints", json={"hints": hints})
        except httpx.TransportError:
            break
        assert answer.status_code == 200
        last = number
    served.process.wait()
    project = Project(tmp_path)
    (one,) = project.pages
    found = project.hints(one)
    assert len({hint.x for hint in found}) == 1
    assert round(found[0].x * 1000) in (last, last + 1)
    assert len(found) == round(found[0].x * 1000) % 7 + 1
    assert project.content(one) == page()


def test_what_was_painted_is_not_painted_again(
    tmp_path: Path, start: Callable[[Path], Served], page: Page
) -> None:
    served = start(tmp_path)
    (added,) = served.add("1.png", page()).json()
    before = served.client.get(f"api/pages/{added}/view/screen").content
    while served.project()["pages"][0]["state"] != "painted":
        pass
    served.kill()
    again = start(tmp_path)
    assert again.project()["pages"][0]["state"] == "painted"
    assert again.client.get(f"api/pages/{added}/view/screen").content == before


def colorize(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "colorize", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_two_studios_do_not_share_a_folder(
    tmp_path: Path, start: Callable[[Path], Served], model_path: Path
) -> None:
    served = start(tmp_path)
    done = colorize("studio", "--folder", tmp_path, "--model", model_path, "--no-browser")
    assert done.returncode == 2
    assert "another studio works in" in done.stderr
    taken = colorize(
        *("studio", "--folder", tmp_path / "b", "--model", model_path, "--no-browser"),
        *("--port", served.port),
    )
    assert taken.returncode == 2
    assert f"port {served.port} cannot be had" in taken.stderr
    assert (done.stderr + taken.stderr).count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "none.safetensors"], "no model at none.safetensors"),
        (["none.png"], "there is no such file or folder"),
        (["--port", "99999"], "no number from 0 to 65535"),
        (["--folder", ""], "an empty name"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, model_path: Path, arguments: list[str], words: str
) -> None:
    given = ["--folder", tmp_path / "w", "--model", model_path, "--no-browser", *arguments]
    done = colorize("studio", *given)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_well(tmp_path: Path, model_path: Path) -> None:
    import signal

    served = begin("studio", "--folder", tmp_path, "--model", model_path)
    with served.client.stream("GET", "api/events") as events:  # a window that stays open
        next(events.iter_lines())
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(30) == 0
    assert served.process.stderr is not None
    assert served.process.stderr.read() == ""
    served.end()
