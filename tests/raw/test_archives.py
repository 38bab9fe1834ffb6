import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorize.errors import ImageError
from colorize.raw import archives
from colorize.raw.manifest import Picture, Record, picture

COUNT = 2000


def drawn(number: int) -> Picture:
    content = np.random.default_rng(number).bytes(number % 1500)
    return picture(content, source="x", id=f"{number:04d}", suffix="png")


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return [drawn(number) for number in range(COUNT)]


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_tar_itself_finds_every_picture(tmp_path: Path, pictures: list[Picture]) -> None:
    list(archives.write(tmp_path, pictures))
    found = {}
    for path in tmp_path.iterdir():
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                held = archive.extractfile(member)
                assert held
                found[member.name] = held.read()
    assert found == {given.record.file: given.content for given in pictures}
    assert 2 <= len(contents(tmp_path)) <= 3 * COUNT / archives.PER_ARCHIVE


def test_each_is_found_by_its_record(tmp_path: Path, pictures: list[Picture]) -> None:
    records = list(archives.write(tmp_path, pictures))
    for record, given in zip(records, pictures, strict=True):
        assert archives.read(tmp_path, record, max_bytes=1500) == given.content
        assert replace(record, archive="", begin=0, size=0) == given.record


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path, pictures: list[Picture]) -> None:
    for name in ("a", "b"):
        list(archives.write(tmp_path / name, iter(pictures)))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("place", [0, 700, COUNT])
def test_a_new_picture_changes_one_archive(
    tmp_path: Path, pictures: list[Picture], place: int
) -> None:
    new = next(p for p in map(drawn, range(COUNT, 2 * COUNT)) if p.content)
    list(archives.write(tmp_path / "before", pictures))
    list(archives.write(tmp_path / "after", [*pictures[:place], new, *pictures[place:]]))
    before, after = (contents(tmp_path / name) for name in ("before", "after"))
    assert len(set(after) - set(before)) == 1
    assert len(before) > 2


def test_large_files_end_an_archive(
    tmp_path: Path, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
    records = list(archives.write(tmp_path, pictures[:100]))
    assert max(len(content) for content in contents(tmp_path)) < 10_000 + 1500 + 4 * 512
    for record, given in zip(records, pictures[:100], strict=True):
        assert archives.read(tmp_path, record, max_bytes=1500) == given.content


def test_none_leaves_nothing(tmp_path: Path) -> None:
    assert list(archives.write(tmp_path, [])) == []
    assert contents(tmp_path) == []


def test_an_interrupted_archive_is_not_there(tmp_path: Path, pictures: list[Picture]) -> None:
    writing = archives.write(tmp_path, pictures)
    next(writing)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    writing.close()
    assert contents(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": 1600}, "too_many_bytes"),
        ({"archive": "none.tar"}, "unreadable"),
        ({"begin": 0}, "changed"),
        ({"begin": 10**12}, "changed"),
        ({"begin": 10**30}, "changed"),
        ({"archive": "a\0b"}, "changed"),
        ({"size": 1}, "changed"),
    ],
)
def test_refuses(
    tmp_path: Path, pictures: list[Picture], change: dict[str, int | str], reason: str
) -> None:
    record: Record = list(archives.write(tmp_path, pictures[5:9]))[2]
    with pytest.raises(ImageError) as caught:
        archives.read(tmp_path, replace(record, **change), max_bytes=1500)  # type: ignore[arg-type]
    assert caught.value.reason == reason
