"""The long proofs: random kills, memory, the whole pipeline, and a client from outside."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml

from colorize.raw import manifest
from tests.sources.double.art import Art, gallery
from tests.sources.double.boards import DanbooruSite
from tests.sources.double.server import page
from tests.stages.test_fetch import BOARD, ENVIRONMENT, fetch, fetch_command, outputs
from tests.test_dvc import Repository, clone

KILLS = 20


@pytest.fixture
def double(tmp_path: Path) -> Iterator[DanbooruSite]:
    folder = tmp_path / "site"
    folder.mkdir()
    with DanbooruSite(folder) as site:
        yield site


def fill(double: DanbooruSite, posts: list[Art]) -> None:
    double.posts = {post.id: post for post in posts}


@pytest.fixture
def rooted(project: Callable[..., Path], tmp_path: Path) -> Callable[[str, int], Path]:
    """Lay down projects of their own, which share nothing."""

    def make(name: str, count: int) -> Path:
        root = tmp_path / name
        root.mkdir()
        shutil.copy(project(fetch={**BOARD, "count": count}) / "params.yaml", root)
        (root / "deny.txt").touch()
        return root

    return make


def journalled(root: Path) -> set[str]:
    """Paths of the files that the journal calls done."""
    journals = list((root / ".scratch" / "fetch").glob("*.jsonl"))
    lines = [
        line for journal in journals for line in journal.read_bytes().splitlines(keepends=True)
    ]
    entries = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return {urlsplit(e["record"]["url"]).path for e in entries if "record" in e}


@pytest.mark.slow
def test_row_27_killed_at_20_random_moments(
    double: DanbooruSite, rooted: Callable[[str, int], Path]
) -> None:
    chance = np.random.default_rng(3)
    fill(double, [*gallery(100), Art(id=101, tags="magic sketch"), *gallery(105, first=102)])
    for number in (30, 90, 150):
        path = urlsplit(double.url(double.posts[number], "180x180")).path
        double.fault(path, page(404))
    unbroken = rooted("unbroken", 200)
    assert fetch(unbroken, double).returncode == 0

    root = rooted("killed", 200)
    done: list[tuple[set[str], int]] = []
    for _ in range(KILLS):
        start = len(double.log)
        after = chance.integers(0, 17)
        process = subprocess.Popen(fetch_command(double, 50.0), cwd=root, env=ENVIRONMENT)
        while len(double.log) - start < after and process.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        assert process.wait() == -signal.SIGKILL
        done.append((journalled(root), len(double.log)))
    assert 50 < len(done[-1][0]) < 200
    assert not (root / "data" / "raw").exists()
    assert fetch(root, double).returncode == 0
    for paths, mark in done:
        assert paths.isdisjoint(seen.path for seen in double.log[mark:])
    assert outputs(root) == outputs(unbroken)
    assert len(manifest.read(root / "data" / "raw")) == 200


@pytest.mark.slow
def test_memory_stays_flat(double: DanbooruSite, rooted: Callable[[str, int], Path]) -> None:
    fill(double, gallery(5000))
    peaks_kib = {}
    for count in (200, 5000):
        done = fetch(rooted(str(count), count), double, speed=1000.0)
        assert done.returncode == 0, done.stderr
        found = re.search(r"VmHWM:\s*(\d+) kB", done.stderr)
        assert found
        peaks_kib[count] = int(found[1])
    print(f"peak RSS in KiB, by number of posts: {peaks_kib}")
    assert peaks_kib[5000] < 1.15 * peaks_kib[200]


@pytest.mark.slow
def test_the_whole_pipeline_on_fetched_pictures(double: DanbooruSite, tmp_path: Path) -> None:
    fill(double, gallery(60, width=90, height=120))
    repository: Repository = clone(tmp_path / "clone")
    path = repository.root / "dvc.yaml"
    pipeline = yaml.safe_load(path.read_text("utf-8"))
    pipeline["stages"]["fetch"]["cmd"] = " ".join(["python", *fetch_command(double, 50.0)[1:]])
    path.write_text(yaml.safe_dump(pipeline), "utf-8")
    repository.env |= ENVIRONMENT | {"PATH": repository.env["PATH"]}
    repository.run("git init -q -b main")
    repository.run("dvc init -q")
    repository.commit("first")
    changes = "-S fetch.source=danbooru -S fetch.min_side=64 -S fetch.tags=[magic]"
    repository.run(f"dvc exp run {changes}")
    fetched = json.loads((repository.root / "metrics" / "fetch.json").read_text())
    assert fetched["pictures"] == 48
    assert repository.scores()
    assert (repository.root / "models" / "colorizer.safetensors").exists()
    assert len(double.served) == 48
    assert "didn't change" in repository.run("dvc repro")


@pytest.mark.slow
def test_gallery_dl_crawls_the_double(double: DanbooruSite, tmp_path: Path) -> None:
    """A client that knows the real site finds nothing odd about the double."""
    fill(double, [*gallery(430), Art(id=431, flags=frozenset({"restricted"}))])
    settings = {
        "extractor": {
            "base-directory": str(tmp_path / "found"),
            "verify": str(double.ca),
            "sleep-request": 0,
            "directory": [],
        }
    }
    config = tmp_path / "gallery-dl.json"
    config.write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "gallery_dl", "-q", "--config-ignore", "-c", str(config)]
    url = f"Danbooru:{double.origin('api')}/posts?tags=magic"
    subprocess.run(
        [*command, url], check=True, cwd=tmp_path, env={**os.environ, "HOME": "/nonexistent"}
    )
    found = {path.read_bytes() for path in (tmp_path / "found").rglob("*") if path.is_file()}
    assert found == {post.file("original") for post in double.posts.values() if post.id != 431}
