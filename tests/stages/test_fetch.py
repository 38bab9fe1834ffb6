"""The fetch stage as a program: a user's mistakes, a full disk, Ctrl-C, and what is left."""

import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from colorize.errors import ColorizeError, SourceError
from colorize.sources.boards.danbooru import Danbooru
from colorize.sources.boards.site import Site
from colorize.sources.boards.store import Store
from stages.fetch import SOURCES, Source, from_board, main
from tests.imports import ROOT
from tests.sources.double.art import gallery
from tests.sources.double.boards import DanbooruSite
from tests.sources.double.driver import clock

DRIVER = "tests.sources.double.driver"
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith(("COLORIZE_", "DANBOORU_"))},
    "COLORIZE_CONTACT": "tests@example.org",
    "PYTHONPATH": str(ROOT),
}
BOARD = {"source": "danbooru", "count": 5, "min_side": 64, "rate": 10.0}


def fetch_command(double: DanbooruSite, speed: float = 1.0) -> list[str]:
    origins = [double.origin("api"), double.origin("cdn")]
    return [sys.executable, "-m", DRIVER, *origins, str(double.ca), str(speed)]


def outputs(root: Path) -> dict[str, bytes]:
    """Everything that the stage declares as its output."""
    paths = [*(root / "data").rglob("*"), *(root / "metrics").rglob("*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture
def double(tmp_path: Path) -> Iterator[DanbooruSite]:
    folder = tmp_path / "site"
    folder.mkdir()
    with DanbooruSite(folder, gallery(8)) as site:
        yield site


@pytest.fixture
def rooted(project: Callable[..., Path]) -> Callable[..., Path]:
    def make(**changes: Any) -> Path:
        root = project(fetch={**BOARD, **changes})
        (root / "deny.txt").touch()
        return root

    return make


def fetch(
    root: Path, double: DanbooruSite, *, speed: float = 50.0, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        fetch_command(double, speed),
        cwd=root,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
    )


def test_writes_pictures_manifest_and_counts(
    double: DanbooruSite, rooted: Callable[..., Path]
) -> None:
    double.posts[6].changes = {"is_deleted": True}
    root = rooted()
    done = fetch(root, double)
    assert done.returncode == 0, done.stderr
    with tarfile.open(root / "data/raw/pictures-00000.tar") as archive:
        names = sorted(archive.getnames())
    assert names == [f"danbooru_{n}.jpg" for n in (3, 4, 5, 7, 8)]
    metrics = json.loads((root / "metrics/fetch.json").read_text())
    assert metrics["pictures"] == 5
    assert {k: v for k, v in metrics["skipped"].items() if v} == {"deleted": 1}
    first = outputs(root)
    asked = len(double.log)
    again = fetch(root, double)
    assert again.returncode == 0
    assert outputs(root) == first
    assert len(double.log) == asked


def test_the_site_itself_measures_the_gap(
    double: DanbooruSite, rooted: Callable[..., Path]
) -> None:
    """Real time, real connections, two processes one right after the other."""
    root = rooted()
    assert fetch(root, double, speed=1.0).returncode == 0
    fetch(rooted(count=8), double, speed=1.0)
    times = [seen.time for seen in double.log]
    assert len(times) == 10
    assert min(b - a for a, b in pairwise(times)) >= 0.1


@pytest.fixture
def refusal(
    double: DanbooruSite, rooted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Run the stage in this process, and give the words with which it refuses to."""

    def said(changes: dict[str, Any], environment: dict[str, str]) -> str:
        for name in os.environ.keys() - ENVIRONMENT.keys():
            monkeypatch.delenv(name)
        for name, value in (ENVIRONMENT | environment).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(rooted(**changes))
        with pytest.raises(ColorizeError) as caught:
            main(Path(), sources=sources(double))
        return str(caught.value)

    return said


def sources(double: DanbooruSite) -> Mapping[str, Source]:
    """Those of the stage, the board's being the double."""
    site = Site(
        name="danbooru",
        api=double.origin("api"),
        files=(double.origin("cdn"),),
        ca=double.ca,
        clock=clock(50.0),
        read_s=20.0,
        deadline_s=30.0,
    )
    return {**SOURCES, "danbooru": partial(from_board, Danbooru(site))}


WRONG_KEY = {"DANBOORU_LOGIN": "reader", "DANBOORU_API_KEY": "wr0ng"}


@pytest.mark.parametrize(
    ("changes", "environment", "words"),
    [
        ({}, WRONG_KEY, "401: access refused"),
        ({"tags": ["magic", "hat", "-bow"]}, {}, "fetch.tags has 3 terms"),
        ({"tags": ["nobody_has_this"]}, {}, "check fetch.tags"),
        ({"tags": ["holding staff"]}, {}, "fetch.tags: 'holding staff' is not one tag"),
        ({"tags": ["magic", "order:score"]}, {}, "'order:score' would change the order"),
        ({"tags": ["ordpool:7"]}, {}, "'ordpool:7' would change the order"),
        ({"exclude": ["spot color"]}, {}, "fetch.exclude: 'spot color' is not one tag"),
        ({"tags": []}, {}, "'fetch.tags' must be at least 1"),
        ({"tags": "magic"}, {}, "'fetch.tags' must be a list in [brackets]"),
        ({"rate": 0}, {}, "'fetch.rate' must be at least 0.001"),
        ({"rate": 11}, {}, "'fetch.rate' must be at most 10"),
        ({"rating": ["x"]}, {}, "'fetch.rating' must be one of g, s, q, e"),
        ({"policy": "best"}, {}, "'fetch.policy' must be one of"),
        ({"deny": "none.txt"}, {}, "deny-list 'none.txt' does not exist"),
        ({}, {"COLORIZE_CONTACT": ""}, "set COLORIZE_CONTACT"),
        ({}, {"DANBOORU_USER_ID": "me"}, "user id 'me' is no number"),
    ],
)
def test_a_mistake_is_one_line(
    refusal: Callable[..., str],
    changes: dict[str, Any],
    environment: dict[str, str],
    words: str,
) -> None:
    said = refusal(changes, environment)
    assert words in said
    assert len(said.splitlines()) == 1
    assert "wr0ng" not in said


def test_a_mistake_is_one_line_of_the_program(
    double: DanbooruSite, rooted: Callable[..., Path]
) -> None:
    done = fetch(rooted(), double, **WRONG_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "401: access refused" in done.stderr
    assert "wr0ng" not in done.stderr


SAMPLE = [sys.executable, "-m", "stages.fetch"]


def started(root: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(SAMPLE, cwd=root, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def parts(root: Path) -> list[Path]:
    """Unfinished files and folders, and locks."""
    return [path for path in (root / "data").rglob(".*") if path.name != ".gitignore"]


def test_a_second_fetch_leaves_the_folder_to_the_first(project: Callable[..., Path]) -> None:
    """Without DVC, which would lock its outputs; the first one is stopped in the midst of it."""
    root = project(fetch={"source": "characters"})
    first = started(root)
    try:
        deadline = time.monotonic() + 60
        while not (root / "data" / ".raw.part").exists():
            assert first.poll() is None, "it ended before it began"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(SAMPLE, cwd=root, env=ENVIRONMENT, capture_output=True, text=True)
        first.send_signal(signal.SIGCONT)
        _, said = first.communicate(timeout=120)
    finally:
        first.kill()
    assert (second.returncode, len(second.stderr.splitlines())) == (1, 1)
    assert "another process is writing" in second.stderr
    assert (first.returncode, said) == (0, "")
    assert parts(root) == []
    assert json.loads((root / "metrics/fetch.json").read_text())["pictures"] == 48


def test_fetches_at_once_end_well_or_in_a_line(project: Callable[..., Path]) -> None:
    root = project(fetch={"source": "characters"})
    runs = [started(root) for _ in range(2)]
    ended = [(run.communicate(timeout=120)[1], run.returncode) for run in runs]
    for said, status in ended:
        assert status in {0, 1}
        assert len(said.splitlines()) == status
        assert status == 0 or "another process is writing" in said
    assert 0 in {status for _, status in ended}
    assert parts(root) == []
    with tarfile.open(root / "data/raw/pictures-00000.tar") as archive:
        assert len(archive.getnames()) == 48


@pytest.mark.parametrize(("limit", "where"), [(6_000, "COLORIZE_SCRATCH"), (4_000, "data/.raw")])
def test_a_full_disk_is_one_line_and_keeps_the_state(
    double: DanbooruSite, rooted: Callable[..., Path], limit: int, where: str
) -> None:
    """No file may grow past a limit, as on a disk without room: the journal, or an archive."""
    double.posts |= {post.id: post for post in gallery(292, first=9)}
    for number in range(4, 299):
        double.posts[number].changes = {"is_deleted": True}
    root = rooted()
    done = subprocess.run(
        fetch_command(double, 50.0),
        cwd=root,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert "cannot write to" in line
    assert where in line
    assert not (root / "data" / "raw").exists()
    served = dict(double.served)
    assert served
    assert fetch(root, double).returncode == 0
    assert json.loads((root / "metrics/fetch.json").read_text())["pictures"] == 5
    assert sum(n - served.get(path, 0) for path, n in double.served.items()) == 5 - len(served)


def test_a_folder_that_cannot_be_written(
    double: DanbooruSite, rooted: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = fetch(rooted(), double, COLORIZE_SCRATCH=str(tmp_path / "file" / "x"))
    assert done.returncode == 1
    assert "cannot write to" in done.stderr
    assert double.log == []


def test_a_read_only_scratch_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # rights do not bind root
        with (
            pytest.raises(SourceError, match=r"cannot write to .*Permission denied"),
            Store(tmp_path / "fetch"),
        ):
            pass
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)


def test_one_fetch_at_a_time(double: DanbooruSite, rooted: Callable[..., Path]) -> None:
    root = rooted()
    with Store(root / ".scratch" / "fetch"):
        done = fetch(root, double)
    assert done.returncode == 1
    assert "another fetch is at work" in done.stderr


def test_ctrl_c_says_that_running_again_resumes(
    double: DanbooruSite, rooted: Callable[..., Path]
) -> None:
    root = rooted(rate=10.0)
    process = subprocess.Popen(
        fetch_command(double, 1.0), cwd=root, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not double.served and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "run it again to resume" in said
    assert "Traceback" not in said
    assert fetch(root, double).returncode == 0
    assert max(double.served.values()) <= 2  # the one in flight, at the most, came twice
    assert sum(double.served.values()) <= 6


def test_plan_asks_nothing(rooted: Callable[..., Path]) -> None:
    command = [sys.executable, "-m", "stages.plan"]
    settings: dict[str, Any] = {"cwd": rooted(count=10_000, rate=1.0), "env": ENVIRONMENT}
    said = subprocess.check_output(command, text=True, **settings)
    assert "magic rating:g status:active" in said
    assert "1 (of 2 without an account)" in said
    assert "10000 pictures and 50 lists" in said
    assert "2 h 48 min" in said
    settings["cwd"] = rooted(source="characters")
    done = subprocess.run(command, capture_output=True, text=True, **settings)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
