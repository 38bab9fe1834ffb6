"""A server that is killed at any moment loses nothing that it had answered for."""

import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from colorize.__main__ import main
from colorize.commands import studio
from colorize.studio.project import Project
from tests.models import tiny_model
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
    before = served.client.get(f"api/pages/{ids[0]}/view/painted-0").content
    while served.project()["pages"][0]["state"] != "painted":
        time.sleep(0.02)
    served.kill()
    again = start(tmp_path)
    assert again.url != served.url
    project = again.project()
    assert [one["id"] for one in project["pages"]] == ids
    assert project["pages"][0]["state"] == "painted"  # it is not painted again
    assert again.client.get(f"api/pages/{ids[0]}/view/painted-0").content == before
    assert project["settings"]["saturation"] == 1.5
    (hint,) = project["pages"][1]["hints"]
    assert {name: hint[name] for name in HINT} == HINT
    assert again.client.get(f"api/pages/{ids[0]}/file/painted").status_code == 200


def test_a_kind_of_pages_that_another_model_has_not_learned_is_looked_for(
    tmp_path: Path, serve: Callable[..., Served], start: Callable[[Path], Served]
) -> None:
    inking = tmp_path / "inking.safetensors"
    tiny_model("unet", domains=("grey", "ink")).save(inking)
    served = serve("studio", "--folder", tmp_path / "work", "--model", inking)
    assert served.client.put("api/settings", json={"domain": "ink"}).status_code == 200
    served.end()
    again = start(tmp_path / "work")
    assert again.project()["settings"]["domain"] == "auto"
    assert again.client.put("api/settings", json={"saturation": 1.5}).status_code == 200


@pytest.mark.parametrize(
    "delay", [0.1, *(pytest.param(delay, marks=pytest.mark.slow) for delay in (0.02, 0.3))]
)
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


def test_two_studios_do_not_share_a_folder(
    tmp_path: Path,
    start: Callable[[Path], Served],
    model_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    served = start(tmp_path)
    others = ["--model", str(model_path), "--no-browser"]
    assert main(["studio", "--folder", str(tmp_path), *others]) == 2
    told = capsys.readouterr().err
    assert "another studio works in" in told
    assert told.count("\n") == 1
    port = str(served.port)
    assert main(["studio", "--folder", str(tmp_path / "b"), *others, "--port", port]) == 2
    told = capsys.readouterr().err
    assert f"port {served.port} cannot be had" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "none.safetensors"], "no model at none.safetensors"),
        (["none.png"], "there is no such file or folder"),
        (["--port", "99999"], "no whole number from 0 to 65535"),
        (["--folder", ""], "an empty name"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    model_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    given = ["--folder", str(tmp_path / "w"), "--model", str(model_path), "--no-browser"]
    try:
        status: object = main(["studio", *given, *arguments])
    except SystemExit as ended:  # of the parser
        status = ended.code
    assert status == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_ends_it_well(tmp_path: Path, model_path: Path, page: Page) -> None:
    served = begin("studio", "--folder", tmp_path, "--model", model_path)
    large = [page(number, height=1700, width=1200) for number in range(12)]
    added = [served.add(f"{number}.png", content).json()[0] for number, content in enumerate(large)]
    told: list[int] = []

    def look(one: str) -> None:
        told.append(served.client.get(f"api/pages/{one}/view/painted-2").status_code)

    waiting = [threading.Thread(target=look, args=[one]) for one in added]
    with served.client.stream("GET", "api/events") as events:  # a window that stays open
        next(events.iter_lines())
        for thread in waiting:
            thread.start()
        while not told:
            pass
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(30) == 0
    for thread in waiting:
        thread.join()
    assert set(told) == {200, 503}
    assert served.process.stderr is not None
    assert served.process.stderr.read() == ""
    served.end()


def test_an_upload_that_breaks_off_leaves_nothing(
    tmp_path: Path, model_path: Path, page: Page
) -> None:
    served = begin("studio", "--folder", tmp_path, "--model", model_path)
    for name in ("1.png", "b.cbz"):
        path = served.url.removeprefix(served.origin)
        head = (
            f"POST {path}api/pages HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
            f"Origin: {served.origin}\r\nX-Name: {name}\r\nContent-Length: 100000\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(head.encode() + b"P" * 1000)
            time.sleep(0.3)
    assert served.add("2.png", page()).status_code == 201
    assert [one["name"] for one in served.project()["pages"]] == ["2.png"]
    assert len(list((tmp_path / "sources").iterdir())) == 1
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(30)
    assert served.process.stderr is not None
    assert served.process.stderr.read() == ""
    served.end()


def test_the_same_inputs_find_the_same_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path))
    one, other = tmp_path / "a" / "1.png", tmp_path / "b" / "2.png"
    assert studio._folder([]) == tmp_path / "studio" / "desk"
    assert studio._folder([one, other]) == studio._folder([other, one]) != studio._folder([one])
