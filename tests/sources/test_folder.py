import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from colorize.errors import SourceError
from colorize.raw import manifest
from colorize.sources import folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that other users may read, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


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
    assert +counts == {"no_picture": 1, "same_file": 1}
    assert [p.record.name for p in found] == ["a/deep/er/x y.jpeg", "a/日本語.webp", "b.PNG"]
    assert folder.count(tmp_path) == 5


def test_renaming_a_file_does_not_change_its_identity(tmp_path: Path) -> None:
    one = filled(tmp_path / "one", {"a.png": b"1"})
    two = filled(tmp_path / "two", {"z/b.png": b"1"})
    first, second = (next(iter(folder.pictures(f, Counter()))).record for f in (one, two))
    assert (first.name, second.name) == ("a.png", "z/b.png")
    assert replace(first, name="") == replace(second, name="")


def test_a_copy_elsewhere_gives_way_to_a_picture_of_a_split(tmp_path: Path) -> None:
    names = ["a/1.png", "test/1.png", "train/2.png", "val/2.png", "train/3.png", "a/4.png"]
    filled(tmp_path, {name: name[-5:-4].encode() for name in names})
    found = [picture.record.name for picture in folder.pictures(tmp_path, Counter())]
    assert found == ["test/1.png", "val/2.png", "train/3.png", "a/4.png"]
    deeper = filled(tmp_path / "deeper", {"a/test/1.png": b"1", "a/b/1.png": b"1"})
    (kept,) = (picture.record.name for picture in folder.pictures(deeper, Counter()))
    assert kept == "a/b/1.png"  # below another folder, its name says nothing


@pytest.mark.parametrize("name", ["none", "file.png", "empty"])
def test_rejects(tmp_path: Path, name: str) -> None:
    filled(tmp_path, {"file.png": b"1", "empty/notes.txt": b"2"})
    with pytest.raises(SourceError, match=name):
        list(folder.pictures(tmp_path / name, Counter()))


def test_a_file_that_is_being_written_is_counted(tmp_path: Path) -> None:
    """A real writer goes on and on; its neighbour is read as ever."""
    filled(tmp_path, {"growing.png": b"0", "still.png": b"1"})
    with (tmp_path / "growing.png").open("ab") as large:
        large.truncate(150_000_000)  # takes far longer to read than to append to
    code = """if True:
        import sys, time
        file = open(sys.argv[1], "ab", 0)
        while True:
            file.write(b"x")
            time.sleep(0.001)
    """
    writer = subprocess.Popen([sys.executable, "-c", code, tmp_path / "growing.png"])
    try:
        while (tmp_path / "growing.png").stat().st_size < 150_000_003:
            time.sleep(0.01)
        counts: Counter[str] = Counter()
        found = [picture.content for picture in folder.pictures(tmp_path, counts)]
    finally:
        writer.kill()
        writer.wait(timeout=30)
    assert found == [b"1"]
    assert +counts == {"changing": 1}


def test_links_and_what_cannot_be_read_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    home = filled(tmp_path / "home", {"a.png": b"1", "in/b.png": b"2", "__MACOSX/c.png": b"3"})
    filled(tmp_path, {"secret.png": b"4", "elsewhere/d.png": b"5"})
    (home / "alias.png").symlink_to(home / "a.png")
    (home / "loop.png").symlink_to(home / "loop.png")
    (home / "out.png").symlink_to(tmp_path / "secret.png")
    (home / "folder.png").symlink_to(tmp_path / "elsewhere")
    (home / "dangling.png").symlink_to(home / "none.png")
    os.mkfifo(home / "pipe.png")
    counts: Counter[str] = Counter()
    assert [p.content for p in folder.pictures(home, counts)] == [b"1", b"2"]
    assert +counts == {"same_file": 1, "unreadable": 2, "link_outside": 2}


def test_without_rights_the_rest_is_read(
    open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = open_folder
    filled(home, {"a.png": b"1", "locked.png": b"2", "shut/c.png": b"3", "z.png": b"4"})
    (home / "locked.png").chmod(0)
    (home / "shut").chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # rights do not bind root
        counts: Counter[str] = Counter()
        assert [p.content for p in folder.pictures(home, counts)] == [b"1", b"4"]
    finally:
        os.seteuid(user)
        (home / "shut").chmod(0o700)
    assert +counts == {"unreadable": 2}
    assert "left out locked.png: unreadable: Permission denied" in caplog.text
    assert "left out shut: unreadable: Permission denied" in caplog.text


def test_folders_nested_deeper_than_a_path_can_be(tmp_path: Path) -> None:
    filled(tmp_path, {"z.png": b"1"})
    home = os.getcwd()  # noqa: PTH109
    os.chdir(tmp_path)
    try:
        for _ in range(1500):
            os.mkdir("deep")  # noqa: PTH102
            os.chdir("deep")
        counts: Counter[str] = Counter()
        assert [p.content for p in folder.pictures(tmp_path, counts)] == [b"1"]
        assert counts["unreadable"] == 1
    finally:
        os.chdir(home)
        subprocess.run(["rm", "-rf", tmp_path / "deep"], check=True)


def test_what_no_stage_decodes_is_counted_and_not_copied(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, {"a.png": b"1", "b.TIFF": b"2", "c.gif": b"3", "d.bmp": b"4", "e.jfif": b"5"})
    counts: Counter[str] = Counter()
    assert [p.content for p in folder.pictures(tmp_path, counts)] == [b"1", b"5"]
    assert +counts == {"unsupported": 3}
    assert "left out 3 files of formats that are not supported" in caplog.text


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    filled(tmp_path, {"a.png": b"1"})
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(3_000_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: Counter[str] = Counter()
    assert [p.content for p in folder.pictures(tmp_path, counts)] == [b"1"]
    assert +counts == {"too_many_bytes": 1}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


@pytest.mark.parametrize("odd", [b"a\nb\x1b[2J.png", "\u2028.png".encode(), b"\xff\xfe.png"])
def test_odd_names_come_back_and_are_printed_on_one_line(
    tmp_path: Path, odd: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / os.fsdecode(odd)).write_bytes(b"1")
    (home / os.fsdecode(b"z" + odd)).symlink_to(tmp_path)
    raw = tmp_path / "raw"
    raw.mkdir()
    written = [p.record for p in folder.pictures(home, Counter())]
    manifest.write(raw, (replace(r, archive="a.tar", begin=512, size=1) for r in written))
    assert os.fsencode(manifest.read(raw)[0].name) == odd
    assert all(record.getMessage().isprintable() for record in caplog.records)
    assert caplog.records
