import json
from dataclasses import replace
from pathlib import Path

import pytest

from colorize.errors import DataError
from colorize.raw import manifest


def placed(content: bytes, **given: str) -> manifest.Record:
    """A record as an archive's: only such ones may be read again."""
    record = manifest.picture(content, source="x", **given).record
    return replace(record, archive="a.tar", begin=512, size=len(content))


def test_round_trip(tmp_path: Path) -> None:
    records = [
        placed(b"1", id="1", suffix="png", artist="高橋 \n 🎨"),
        placed(b"2", id="2", suffix="jpg", group="x_1"),
    ]
    manifest.write(tmp_path, records)
    assert manifest.read(tmp_path) == records
    assert len((tmp_path / manifest.FILE_NAME).read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("odd", ["a\nb", "a\r\nb", "a\u2028b", "a\udcffb", "a\0b", "\x1b[2J"])
def test_odd_characters_come_back_as_they_were(tmp_path: Path, odd: str) -> None:
    records = [placed(b"2", id="2", suffix="png", origin=odd)]
    if not set(odd) & {"\0", "\udcff"}:  # which no name of a file in an archive can hold
        records.append(placed(b"1", id=odd, suffix="png"))
    manifest.write(tmp_path, records)
    assert manifest.read(tmp_path) == records


def test_a_picture_is_its_own_group_unless_it_has_one() -> None:
    make = manifest.picture
    assert make(b"", source="x", id="1", suffix="png").record.group == "x_1"
    assert make(b"", source="x", id="2", suffix="png", group="x_1").record.group == "x_1"


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../../etc/passwd"},
        {"archive": "../../etc/passwd"},
        {"archive": ""},
        {"begin": -1},
        {"size": -1},
        {"width": "12"},
        {"id": None},
        {"extra": 1},
    ],
)
def test_rejects_a_line(tmp_path: Path, change: dict[str, object]) -> None:
    manifest.write(tmp_path, [placed(b"", id="1", suffix="png")])
    path = tmp_path / manifest.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(DataError, match=r"manifest\.jsonl:1"):
        manifest.read(tmp_path)


def test_rejects_a_torn_line_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run the fetch stage"):
        manifest.read(tmp_path)
    (tmp_path / manifest.FILE_NAME).write_text('{"source": "x", "i')
    with pytest.raises(DataError, match="no manifest line"):
        manifest.read(tmp_path)
