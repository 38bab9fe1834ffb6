import json
from pathlib import Path

import pytest

from colorize import files
from colorize.errors import DataError


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
