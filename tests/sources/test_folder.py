import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from colorize.errors import SourceError
from colorize.sources import folder


def filled(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_every_picture_at_any_depth(tmp_path: Path) -> None:
    filled(
        tmp_path,
        {
            "b.PNG": b"1",
            "a/deep/er/x y.jpeg": b"2",
            "a/日本語.webp": b"3",
            "notes.txt": b"4",
            "same.png": b"1",
            ".hidden.png": b"5",
            ".git/x.png": b"6",
        },
    )
    counts: Counter[str] = Counter()
    found = list(folder.pictures(tmp_path, counts))
    assert [picture.content for picture in found] == [b"2", b"3", b"1"]
    assert [picture.record.file.rsplit(".")[-1] for picture in found] == ["jpeg", "webp", "png"]
    assert counts == {"no_picture": 1, "same_file": 1}
    assert folder.count(tmp_path) == 5


def test_renaming_a_file_does_not_change_its_identity(tmp_path: Path) -> None:
    one = filled(tmp_path / "one", {"a.png": b"1"})
    two = filled(tmp_path / "two", {"z/b.png": b"1"})
    first, second = (next(iter(folder.pictures(f, Counter()))).record for f in (one, two))
    assert first == second


@pytest.mark.parametrize("name", ["none", "file.png", "empty"])
def test_rejects(tmp_path: Path, name: str) -> None:
    filled(tmp_path, {"file.png": b"1", "empty/notes.txt": b"2"})
    with pytest.raises(SourceError, match=name):
        list(folder.pictures(tmp_path / name, Counter()))


def test_a_file_that_is_being_written_is_counted(tmp_path: Path) -> None:
    """A real writer goes on and on; its neighbour is read as ever."""
    filled(tmp_path, {"growing.png": b"0", "still.png": b"1"})
    with (tmp_path / "growing.png").open("ab") as large:
        large.truncate(200_000_000)  # takes far longer to read than to append to
    code = """if True:
        import sys, time
        file = open(sys.argv[1], "ab", 0)
        while True:
            file.write(b"x")
            time.sleep(0.001)
    """
    writer = subprocess.Popen([sys.executable, "-c", code, tmp_path / "growing.png"])
    try:
        while (tmp_path / "growing.png").stat().st_size < 200_000_003:
            time.sleep(0.01)
        counts: Counter[str] = Counter()
        found = [picture.content for picture in folder.pictures(tmp_path, counts)]
    finally:
        writer.kill()
        writer.wait(timeout=30)
    assert found == [b"1"]
    assert counts == {"changing": 1}
