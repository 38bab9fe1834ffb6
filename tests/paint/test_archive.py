"""Books made to do harm, byte by byte where a ZIP library refuses to write them."""

import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from colorize.errors import ArchiveError, ImageError
from colorize.paint import archive
from colorize.paint.archive import Archive

Member = tuple[str | zipfile.ZipInfo, bytes]


def zipped(path: Path, *members: Member, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content, compression)
    return path


def member(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.filename = name  # as it is, where ZipInfo would have cleaned it
    info.external_attr = mode << 16
    return info


def patched(path: Path, signature: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes of every record of a kind."""
    content = bytearray(path.read_bytes())
    at = content.find(signature)
    while at >= 0:
        content[at + offset : at + offset + len(value)] = value
        at = content.find(signature, at + 4)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../001.png", "leads out"),
        ("a/../../001.png", "leads out"),
        ("a\\..\\..\\001.png", "leads out"),
        ("/etc/001.png", "absolute"),
        ("\\001.png", "absolute"),
        ("C:\\001.png", "absolute"),
        ("c:001.png", "absolute"),
        ("a\0/001.png", "unprintable"),
    ],
)
def test_rejects_names_that_lead_elsewhere(tmp_path: Path, name: str, fault: str) -> None:
    path = zipped(tmp_path / "b.cbz", (member(name), b"x"))
    with pytest.raises(ArchiveError, match=fault):
        Archive(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_rejects_links_and_devices(tmp_path: Path, kind: int) -> None:
    info = member("001.png", kind | 0o777)
    path = zipped(tmp_path / "b.cbz", (info, b"/etc/passwd"))
    with pytest.raises(ArchiveError, match="no plain file"):
        Archive(path)


@pytest.mark.parametrize("flag", [0x01, 0x41])
def test_rejects_encrypted_members(tmp_path: Path, flag: int) -> None:
    path = zipped(tmp_path / "b.cbz", ("001.png", b"x"))
    patched(path, b"PK\1\2", 8, struct.pack("<H", flag))
    with pytest.raises(ArchiveError, match="encrypted"):
        Archive(path)


def test_rejects_compression_that_takes_memory(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "b.cbz",
        ("001.png", b"x"),
        compression=zipfile.ZIP_LZMA,
    )
    with pytest.raises(ArchiveError, match="compressed in a way"):
        Archive(path)


def test_rejects_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "b.cbz", *((f"{number}.png", b"") for number in range(20)))
    with Archive(path) as book:
        assert len(book.members) == 20
    monkeypatch.setattr(archive, "MAX_MEMBERS", 19)
    with pytest.raises(ArchiveError, match="20 members"):
        Archive(path)


def test_rejects_a_list_of_members_too_long_to_read(tmp_path: Path) -> None:
    """22,000 names of 150 letters, a list of the form beyond 65,535 members, and two lists."""
    long = zipped(tmp_path / "long.cbz", *((f"{number:0150}", b"") for number in range(22_000)))
    with pytest.raises(ArchiveError, match="too many members"):
        Archive(long)
    small = zipped(tmp_path / "small.cbz", ("001.png", b"")).read_bytes()
    end = small.index(b"PK\5\6")
    beyond = tmp_path / "beyond.cbz"
    beyond.write_bytes(small[:end] + b"PK\6\7" + bytes(16) + small[end:])
    with pytest.raises(ArchiveError, match="too many members"):
        Archive(beyond)
    beyond.write_bytes(small + small[end:])
    with pytest.raises(ArchiveError, match="more than one"):
        Archive(beyond)


def test_rejects_bombs_before_decompressing_them(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "b.cbz",
        ("001.png", bytes(2_000_000)),
        compression=zipfile.ZIP_DEFLATED,
    )
    with pytest.raises(ArchiveError, match="bomb"):
        Archive(path)


def test_rejects_members_that_announce_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "b.cbz", *((f"{number}.png", bytes(1000)) for number in range(3)))
    monkeypatch.setattr(archive, "MAX_BYTES", 2999)
    with pytest.raises(ArchiveError, match="3000 bytes"):
        Archive(path)
    patched(path, b"PK\1\2", 24, struct.pack("<L", archive.MAX_MEMBER_BYTES + 1))
    monkeypatch.setattr(archive, "MAX_BYTES", 10**12)
    with pytest.raises(ArchiveError, match="larger than"):
        Archive(path)


def test_a_member_gives_no_more_than_it_announces(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "b.cbz",
        ("001.png", bytes(900_000)),
        compression=zipfile.ZIP_DEFLATED,
    )
    patched(path, b"PK\1\2", 24, struct.pack("<L", 10))  # a lie about the size
    with Archive(path) as book:
        assert len(book.salvage(book.members[0])) == 10
        with pytest.raises(ImageError, match="unreadable"):
            book.read(book.members[0])


def test_rejects_two_members_of_one_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.cbz", ("1.png", b""), ("2.png", b""))
    path.write_bytes(path.read_bytes().replace(b"2.png", b"1.png"))
    with pytest.raises(ArchiveError, match="twice"):
        Archive(path)


@pytest.mark.parametrize("content", [b"", b"Rar!\x1a\x07\x00", bytes(1000), b"PK\5\6"])
def test_rejects_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "b.cbz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="no readable book"):
        Archive(path)


def test_rejects_a_book_cut_short(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.cbz", ("001.png", bytes(5000)))
    for length in (100, 4000, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(ArchiveError, match="no readable book"):
            Archive(path)


def test_damage_is_told_and_what_is_left_is_given(tmp_path: Path) -> None:
    page = bytes(range(256)) * 500
    path = zipped(tmp_path / "b.cbz", ("001.png", page))
    content = bytearray(path.read_bytes())
    content[1000] ^= 0xFF
    path.write_bytes(content)
    with Archive(path) as book:
        with pytest.raises(ImageError, match="CRC"):
            book.read(book.members[0])
        left = book.salvage(book.members[0])
    assert len(left) == len(page)
    assert sum(a != b for a, b in zip(left, page, strict=True)) == 1


def test_no_damage_is_an_error_of_another_kind(tmp_path: Path, rng: np.random.Generator) -> None:
    """A few bytes changed at random, 1000 times over: refused, or told page by page."""
    path = zipped(
        tmp_path / "b.cbz",
        *(("章/1.png", b"a" * 3000), ("2.png", bytes(range(256)) * 2), ("3.xml", b"x")),
        compression=zipfile.ZIP_DEFLATED,
    )
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = damaged = 0
    for _ in range(1000):
        content = whole.copy()
        places = rng.integers(0, len(content), rng.integers(1, 4))
        content[places] = rng.integers(0, 256, len(places))
        path.write_bytes(content.tobytes())
        try:
            with Archive(path) as book:
                for info in book.members:
                    book.salvage(info)
                    try:
                        book.read(info)
                    except ImageError:
                        damaged += 1
        except ArchiveError:
            refused += 1
    assert refused > 50
    assert damaged > 50


def test_a_colon_in_a_title_is_no_drive(tmp_path: Path) -> None:
    with Archive(zipped(tmp_path / "b.cbz", ("Title: Part/001.png", b""))) as book:
        assert len(book.members) == 1


def test_round_trip(tmp_path: Path) -> None:
    """Folders, Unicode, an empty file and the comment: all that a good book may have."""
    path = zipped(tmp_path / "b.cbz", ("章/", b""), ("章/001.png", b"page"), ("empty.txt", b""))
    with zipfile.ZipFile(path, "a") as file:
        file.comment = "第一巻".encode()
    with Archive(path) as book:
        assert [member.filename for member in book.members] == ["章/", "章/001.png", "empty.txt"]
        assert book.comment.decode() == "第一巻"
        assert [book.read(member) for member in book.members] == [b"", b"page", b""]
        assert [book.salvage(member) for member in book.members] == [b"", b"page", b""]
