import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from colorize import files
from colorize.errors import ColorizeError, DataError, SourceError
from tests.imports import ROOT

HOLD = """
import os, sys
from pathlib import Path
from colorize import files
os.chdir(sys.argv[1])
with {block}:
    print("held", flush=True)
    sys.stdin.read()
"""


def holding(folder: Path, block: str) -> "subprocess.Popen[str]":
    """Start a process that stays within a block until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(block=block), str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_atomic_keeps_the_old_content_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    files.write_bytes(path, b"old")
    with pytest.raises(RuntimeError), files.atomic(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_fresh_folder_keeps_the_old_content_when_filling_fails(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with files.fresh_folder(folder) as part:
        (part / "old").touch()
    with pytest.raises(RuntimeError), files.fresh_folder(folder) as part:
        (part / "new").touch()
        raise RuntimeError
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_the_umask_decides_who_may_read(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        files.write_bytes(tmp_path / "a.bin", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == mode


def test_names_as_long_as_a_disk_takes(tmp_path: Path) -> None:
    path = tmp_path / ("語" * 80 + ".cbz")
    with files.locked(path, "held"):
        files.write_bytes(path, b"1")
    with files.fresh_folder(tmp_path / ("f" * 255)) as folder:
        (folder / "a").touch()
    assert len(list(tmp_path.iterdir())) == 2


def test_sweep_removes_what_a_killed_process_left_and_nothing_else(tmp_path: Path) -> None:
    for name in (".download.part", "a.part", ".config"):
        (tmp_path / name).touch()
    expected = set(tmp_path.iterdir())
    process = holding(tmp_path, 'files.atomic(Path("page.png"))')
    process.kill()
    process.communicate()
    assert len(set(tmp_path.iterdir())) == len(expected) + 1
    files.sweep(tmp_path)
    assert set(tmp_path.iterdir()) == expected
    files.sweep(tmp_path / "none")


def test_a_folder_is_held_by_one_process_and_a_kill_lets_go(tmp_path: Path) -> None:
    process = holding(tmp_path, 'files.locked(Path("book.cbz"), "")')
    for kind in (DataError, SourceError):
        with (
            pytest.raises(kind, match=r"^it is in use$"),
            files.locked(tmp_path / "book.cbz", "it is in use", error=kind),
        ):
            pass
    with files.locked(tmp_path / "other.cbz", ""):
        pass
    process.kill()
    process.communicate()
    with files.locked(tmp_path / "book.cbz", ""):
        pass
    assert list(tmp_path.iterdir()) == []


def test_long_names_with_one_beginning_are_held_apart(tmp_path: Path) -> None:
    one, other = (tmp_path / ("x" * 60 + end) for end in "ab")
    with files.locked(one, ""), files.locked(other, ""):
        assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_is_filled_by_one_process_at_a_time(tmp_path: Path) -> None:
    process = holding(tmp_path, 'files.fresh_folder(Path("data"))')
    with (
        pytest.raises(ColorizeError, match=r"another process is writing .*data"),
        files.fresh_folder(tmp_path / "data"),
    ):
        pass
    process.communicate()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_killed_filling_leaves_the_old_folder_and_the_next_one_nothing_stray(
    tmp_path: Path,
) -> None:
    with files.fresh_folder(tmp_path / "data") as folder:
        (folder / "old").touch()
    process = holding(tmp_path, 'files.fresh_folder(Path("data"))')
    process.kill()
    process.communicate()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["old"]
    with files.fresh_folder(tmp_path / "data") as folder:
        (folder / "new").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_kill_between_the_renames_loses_nothing(
    tmp_path: Path,
) -> None:
    """At each rename and removal in turn the process ends; the next call finds the old or new."""
    data = tmp_path / "data"
    code = """
import os, sys
from pathlib import Path
from colorize import files
left = int(sys.argv[2])
def dying(call):
    def die_or_call(*arguments):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return call(*arguments)
    return die_or_call
os.replace, os.rename = dying(os.replace), dying(os.rename)
files.remove_folder = dying(files.remove_folder)
with files.fresh_folder(Path(sys.argv[1])) as folder:
    (folder / "new").touch()
"""
    statuses = []
    for step in range(1, 9):
        files.remove_folder(data)
        with files.fresh_folder(data) as folder:
            (folder / "old").touch()
        done = subprocess.run([sys.executable, "-c", code, str(data), str(step)], cwd=ROOT)
        statuses.append(done.returncode)
        with pytest.raises(RuntimeError), files.fresh_folder(data):
            raise RuntimeError
        (found,) = (path.name for path in data.iterdir())
        assert found in {"old", "new"}
        assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert statuses.count(9) >= 5
    assert statuses[-1] == 0


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_an_output_folder_may_be_a_link(tmp_path: Path) -> None:
    disk = tmp_path / "big" / "raw"
    disk.mkdir(parents=True)
    link = tmp_path / "raw"
    link.symlink_to(disk, target_is_directory=True)
    for name in ("one", "two"):
        with files.fresh_folder(link) as folder:
            (folder / name).touch()
        assert link.is_symlink()
        assert [path.name for path in link.iterdir()] == [name]
    assert [path.name for path in (tmp_path / "big").iterdir()] == ["raw"]
    files.remove_folder(link)
    assert disk.is_dir()


def test_fresh_folder_leaves_nothing_stale(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with files.fresh_folder(tmp_path / "data") as part:
            (part / name).touch()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_metrics_are_sorted_and_short(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    files.write_metrics(path, {"b": 1 / 3, "a": {"n": 2, "tiny": 1.23456789e-9}})
    text = path.read_text()
    assert json.loads(text) == {"a": {"n": 2, "tiny": 1.23457e-9}, "b": 0.333333}
    assert text.index('"a"') < text.index('"b"')
    assert text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_metrics_reject(tmp_path: Path, value: float) -> None:
    with pytest.raises(DataError, match=r"m\.deep\.key"):
        files.write_metrics(tmp_path / "m.json", {"deep": {"key": value}})
    assert not (tmp_path / "m.json").exists()


def test_table(tmp_path: Path) -> None:
    files.write_table(tmp_path / "t.csv", [{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 0.05}])
    assert (tmp_path / "t.csv").read_bytes() == b"epoch,loss\n1,0.1\n2,0.05\n"
