"""Resize as a process: killed, short of room, spread over workers; and what it leaves alone."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.data.index import picture_of
from colorize.data.shards import ShardReader
from colorize.errors import DataError
from colorize.ingest.framing import squares
from colorize.raw import archives, manifest
from stages import quantise, resize
from tests.dask import Cluster
from tests.imports import ROOT

Draw = Callable[..., NDArray[np.uint8]]
Make = Callable[..., Path]
TIMEOUT_S = 120


def png(rgb: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.fixture
def made(project: Callable[..., Path]) -> Make:
    """Lay down what fetch would leave: pictures under ids, perhaps in groups."""

    def make(pictures: dict[str, bytes], groups: dict[str, str] | None = None) -> Path:
        root = project(resize={"per_shard": 8, "min_chroma": 0.5})
        raw = root / "data" / "raw"
        fetched = (
            manifest.picture(
                content, source="test", id=name, suffix="png", group=(groups or {}).get(name, "")
            )
            for name, content in pictures.items()
        )
        manifest.write(raw, archives.write(raw, fetched))
        return root

    return make


@pytest.fixture(scope="module")
def noisy() -> dict[str, bytes]:
    """120 pictures of coarse noise, in 15 shards."""
    rng = np.random.default_rng(0)

    def one() -> NDArray[np.uint8]:
        small = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        return cv2.resize(small, (200, 200), interpolation=cv2.INTER_CUBIC)

    return {f"n{number}": png(one()) for number in range(120)}


def outputs(root: Path) -> dict[str, bytes]:
    files = [*(root / "data/resized").iterdir(), root / "metrics/resize.json"]
    return {path.name: path.read_bytes() for path in files}


def forget(root: Path) -> None:
    """Remove the outputs, as DVC does, and the scratch."""
    subprocess.run(["rm", "-rf", "data/resized", ".scratch"], cwd=root, check=True)


def start(root: Path, *, limit: int = 0, **environment: str) -> subprocess.Popen[str]:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return subprocess.Popen(
        [sys.executable, "-m", "stages.resize"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=small_disk if limit else None,
    )


def finished(process: subprocess.Popen[str]) -> str:
    try:
        return process.communicate(timeout=TIMEOUT_S)[1]
    finally:
        process.kill()


def markers(root: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in (root / ".scratch").rglob("*.json")}


def await_markers(root: Path, process: subprocess.Popen[str], count: int) -> None:
    while process.poll() is None and len(markers(root)) < count:
        time.sleep(0.002)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text("utf-8").rpartition(")")[2].split()[1])
            command = status.with_name("cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if parent == process.pid and b"popen_loky" in command:
            found.append(int(status.parent.name))
    return found


def test_the_same_bytes_from_any_number_of_workers(made: Make, noisy: dict[str, bytes]) -> None:
    same_bytes(made(noisy), [{}, {"COLORIZE_WORKERS": "2"}])


@pytest.mark.slow
def test_the_same_bytes_from_a_cluster(made: Make, noisy: dict[str, bytes], tmp_path: Path) -> None:
    with Cluster(tmp_path, workers=2) as cluster:
        same_bytes(made(noisy), [{}, cluster.environment])


def same_bytes(root: Path, environments: list[dict[str, str]]) -> None:
    found = []
    for environment in environments:
        forget(root)
        resize.main(root, environment=environment)
        quantise.main(root, environment=environment)
        quantised = (root / "data/quantiser.npz").read_bytes()
        found.append(outputs(root) | {"quantiser": quantised})
    assert found[0] == found[1]
    assert sum(name.endswith(".npy") for name in found[0]) > 10


def test_a_killed_run_goes_on_with_the_shards_that_it_lacks(
    made: Make, noisy: dict[str, bytes]
) -> None:
    root = made(noisy)
    resize.main(root, environment={})
    whole = outputs(root)
    forget(root)
    process = start(root)
    await_markers(root, process, 4)
    process.kill()
    finished(process)
    assert process.returncode == -signal.SIGKILL
    assert not (root / "data/resized").exists()
    done = markers(root)
    assert len(done) >= 4
    resize.main(root, environment={})
    assert outputs(root) == whole
    assert done.items() <= markers(root).items()  # none of them was made again
    assert not list((root / ".scratch").rglob("*.part"))


def test_a_killed_worker_is_one_line_and_a_rerun_finishes(
    made: Make, noisy: dict[str, bytes]
) -> None:
    root = made(noisy)
    resize.main(root, environment={})
    whole = outputs(root)
    forget(root)
    process = start(root, COLORIZE_WORKERS="2")
    await_markers(root, process, 2)
    process.send_signal(signal.SIGSTOP)  # it has more work to give
    os.kill(workers_of(process)[0], signal.SIGKILL)
    process.send_signal(signal.SIGCONT)
    errors = finished(process)
    assert process.returncode == 1
    assert errors.startswith("resize: a worker died")
    assert errors.count("\n") == 1
    assert not (root / "data/resized").exists()
    process = start(root, COLORIZE_WORKERS="2")
    assert finished(process) == ""
    assert outputs(root) == whole


def test_a_full_disk_is_one_line_and_a_rerun_finishes(made: Make, noisy: dict[str, bytes]) -> None:
    root = made(noisy)
    process = start(root, limit=50_000)  # bytes that a file may have; a shard has 98,432
    errors = finished(process)
    assert process.returncode == 1
    assert errors.startswith("resize: [Errno 27] File too large")
    assert errors.count("\n") == 1
    assert not (root / "data/resized").exists()
    assert not markers(root)
    resize.main(root, environment={})


def test_added_pictures_rewrite_only_the_shards_they_touch(
    made: Make, noisy: dict[str, bytes], drawing: Draw
) -> None:
    root = made(noisy)
    resize.main(root, environment={})
    before, done = outputs(root), markers(root)
    resize.main(made(noisy | {"new": png(drawing(1))}), environment={})
    after = outputs(root)
    changed = {n for n in before | after if n.endswith(".npy") and before.get(n) != after.get(n)}
    assert 1 <= len(changed) <= 2
    assert sum(time != done.get(name) for name, time in markers(root).items()) == len(changed)


def test_removed_pictures_leave_nothing_behind(made: Make, noisy: dict[str, bytes]) -> None:
    fewer = dict(list(noisy.items())[:60])
    root = made(fewer)
    resize.main(root, environment={})
    expected, scratch = outputs(root), set(markers(root))
    resize.main(made(noisy), environment={})
    resize.main(made(fewer), environment={})
    assert outputs(root) == expected
    assert set(markers(root)) == scratch


@pytest.mark.parametrize("damage", ["cut", "gone", "touched", "marker"])
def test_a_damaged_prepared_shard_is_made_again(
    made: Make, noisy: dict[str, bytes], damage: str
) -> None:
    root = made(dict(list(noisy.items())[:60]))
    resize.main(root, environment={})
    whole = outputs(root)
    path = min((root / ".scratch").rglob("train-*.npy"))
    content = path.read_bytes()
    if damage == "marker":
        path.with_suffix(".json").write_text('{"state": [1')
    elif damage == "touched":
        with path.open("r+b") as file:  # in place: the linked output as well
            file.seek(1000)
            file.write(b"damage")
    else:
        path.unlink()
        if damage == "cut":
            path.write_bytes(content[:-1])
    resize.main(root, environment={})
    assert outputs(root) == whole


def test_two_at_once_are_refused(made: Make, noisy: dict[str, bytes]) -> None:
    root = made(noisy)
    process = start(root)
    try:
        await_markers(root, process, 1)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(DataError, match="another resize is at work"):
            resize.main(root, environment={})
    finally:
        process.kill()
        process.communicate()


def test_a_picture_that_changed_since_fetch_is_counted(made: Make, noisy: dict[str, bytes]) -> None:
    raw = made(noisy) / "data" / "raw"
    third, fourth, *rest = manifest.read(raw)
    with (raw / third.archive).open("r+b") as file:
        file.seek(third.begin + third.size // 2)
        file.write(b"other bytes")
    manifest.write(raw, [third, replace(fourth, archive="none.tar"), *rest])
    resize.main(raw.parent.parent, environment={})
    rejected = json.loads((raw.parents[1] / "metrics/resize.json").read_text())["rejected"]
    assert (rejected["changed"], rejected["unreadable"]) == (1, 1)


def test_the_index_names_every_row(made: Make, noisy: dict[str, bytes]) -> None:
    root = made(noisy)
    resize.main(root, environment={})
    with (root / "data/resized/index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == {f"test_{name}" for name in noisy}
    for row in rows[::7]:
        shard = np.load(root / "data/resized" / row["shard"])
        name = row["id"].removeprefix("test_")
        full = np.asarray(Image.open(io.BytesIO(noisy[name])))
        expected = cv2.resize(full, (64, 64), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(shard[int(row["row"])], expected)
        assert row["shard"].startswith(row["split"])


def split_of(root: Path) -> dict[str, str]:
    with (root / "data/resized/index.csv").open() as file:
        return {row["id"].removeprefix("test_"): row["split"] for row in csv.DictReader(file)}


def test_copies_never_stand_in_two_splits(made: Make, noisy: dict[str, bytes]) -> None:
    noisy = dict(list(noisy.items())[:60])
    root = made(noisy)
    resize.main(root, environment={})
    before = split_of(root)

    def changed(content: bytes, kind: str) -> bytes:
        rgb = np.asarray(Image.open(io.BytesIO(content)))
        if kind == "same":
            return content + b"\0"  # other bytes, the same pixels
        if kind == "smaller":
            return png(cv2.resize(rgb, (125, 125), interpolation=cv2.INTER_AREA))
        return png(rgb[2:, 1:-3])

    copied = {f"{k}-{kind}": changed(v, kind) for k, v in noisy.items() for kind in KINDS}
    resize.main(made(noisy | copied), environment={})
    after = split_of(root)
    for name in noisy:
        here = {after[other] for other in (name, *(f"{name}-{k}" for k in KINDS)) if other in after}
        assert len(here) == 1, name
    counts: dict[str, Any] = json.loads((root / "metrics/resize.json").read_text())
    assert sum(counts["pictures"].values()) == len(after)
    assert counts["rejected"]["duplicate"] == len(noisy)
    assert counts["rejected"]["near_duplicate"] > 10
    moved = {name for name in before if name in after and after[name] != before[name]}
    assert not moved
    kept = {name for name, split in before.items() if split == "test"} & set(after)
    assert len(ShardReader(root / "data/resized", "test")) >= len(kept) > 0


KINDS = ("same", "smaller", "cropped")


def page(number: int) -> NDArray[np.uint8]:
    """A page of three panels of coarse noise between white gutters."""
    rng = np.random.default_rng(number)
    rgb = np.full((420, 300, 3), 255, np.uint8)
    for rows, columns in ((np.s_[10:200], np.s_[10:290]), (np.s_[215:410], np.s_[10:145]),
                          (np.s_[215:410], np.s_[160:290])):  # fmt: skip
        height, width = rows.stop - rows.start, columns.stop - columns.start
        small = rng.integers(0, 220, (8, 8, 3), dtype=np.uint8)
        rgb[rows, columns] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return rgb


def test_squares_of_a_page_stay_together_and_name_it(made: Make) -> None:
    pages = {f"p{number}": png(page(number)) for number in range(40)}
    small = {"small": png(page(99)[20:90, 20:90])}
    grey = page(98)
    grey[:, 150:] = grey[:, 150:].mean(-1, keepdims=True)  # one of its panels, whole
    root = made(pages | small | {"grey": png(grey)})
    params = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(params.replace("framing: crop", "framing: panels"))
    resize.main(root, environment={})
    before = outputs(root)
    counts = json.loads((root / "metrics/resize.json").read_text())
    assert counts["cut"] == {"whole": 1, "panels": 41, "overlap": 0}
    assert counts["rejected"]["grey"] >= 1
    with (root / "data/resized/index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(counts["pictures"].values()) > 3 * 40
    assert len({row["id"] for row in rows}) == len(rows)
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(picture_of(row["id"]), set()).add(row["split"])
    assert splits.keys() == {f"test_{name}" for name in (*pages, "small", "grey")}
    assert {len(found) for found in splits.values()} == {1}
    assert set().union(*splits.values()) == {"train", "val", "test"}
    for row in rows[::11]:
        name, _, number = row["id"].removeprefix("test_").partition("~")
        if number and name != "grey":
            _, expected = squares(page(int(name[1:])), side=64, framing="panels")
            shard = np.load(root / "data/resized" / row["shard"])
            np.testing.assert_array_equal(shard[int(row["row"])], expected[int(number)])
    forget(root)
    resize.main(root, environment={"COLORIZE_WORKERS": "2"})
    assert outputs(root) == before
