"""Books made to do harm, byte by byte where a ZIP library refuses to write them."""

import io
import re
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from colorize.errors import ArchiveError, ImageError
from colorize.paint import archive, directory
from colorize.paint.archive import Archive, Binder
from tests.paint.zips import Item, packed, write

PAGE = bytes(range(256)) * 20


def patched(path: Path, signature: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes of every record of a kind."""
    content = bytearray(path.read_bytes())
    at = content.find(signature)
    while at >= 0:
        content[at + offset : at + offset + len(value)] = value
        at = content.find(signature, at + 4)
    path.write_bytes(content)


def bound(path: Path) -> bytes:
    """Bind a book anew, all members as they are."""
    out = io.BytesIO()
    binder = Binder(out)
    with Archive(path) as book:
        for member in book.members:
            binder.copy(book, member)
        binder.finish(book.comment)
    return out.getvalue()


def faults(path: Path) -> list[str]:
    with Archive(path) as book:
        return [member.fault for member in book.members]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (b"../001.png", "leads out"),
        (b"a/../../001.png", "leads out"),
        (b"a\\..\\..\\001.png", "leads out"),
        (b"C:\\001.png", "leads out"),
        (b"c:001.png", "leads out"),
        (b"a\0/001.png", "zero byte"),
        (b"/001.png", ""),
        (b"/etc/001.png", ""),
        (b"./001.png", ""),
        (b"Title: Part/001.png", ""),
    ],
)
def test_a_name_that_leads_elsewhere_fails_alone(tmp_path: Path, name: bytes, fault: str) -> None:
    path = write(tmp_path / "b.cbz", Item(b"0.png", PAGE), Item(name, PAGE))
    with Archive(path) as book:
        first, second = book.members
        assert book.read(first) == PAGE
        assert first.is_page
        assert second.is_page
        if fault:
            with pytest.raises(ImageError, match=fault):
                book.read(second)
        else:
            assert book.read(second) == PAGE
    with zipfile.ZipFile(io.BytesIO(bound(path))) as file:
        assert file.infolist()[1].orig_filename == name.decode()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_fail_alone(tmp_path: Path, kind: int) -> None:
    link = Item(b"001.png", b"/etc/passwd", attributes=(kind | 0o777) << 16)
    good, bad = faults(write(tmp_path / "b.cbz", Item(b"0.png", PAGE), link))
    assert (good, bad) == ("", "is no plain file")


@pytest.mark.parametrize("flag", [0x01, 0x41])
def test_encrypted_members_fail_alone(tmp_path: Path, flag: int) -> None:
    path = write(tmp_path / "b.cbz", Item(b"001.png", PAGE), Item(b"2.png", PAGE))
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, content.rindex(b"PK\1\2") + 8, flag)
    path.write_bytes(content)
    assert faults(path) == ["", "is encrypted"]


def test_compression_that_takes_memory_fails_alone(tmp_path: Path) -> None:
    lzma = Item(b"2.png", PAGE, method=zipfile.ZIP_LZMA)
    path = write(tmp_path / "b.cbz", Item(b"001.png", PAGE), lzma)
    assert faults(path) == ["", "is compressed in a way that books are not"]
    with zipfile.ZipFile(io.BytesIO(bound(path))) as file:
        assert file.read("2.png") == PAGE


def test_rejects_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "b.cbz", *(Item(b"%d.png" % number, b"") for number in range(20)))
    assert faults(path) == [""] * 20
    monkeypatch.setattr(archive, "MAX_MEMBERS", 19)
    with pytest.raises(ArchiveError, match="more than 19 members"):
        Archive(path)


def test_rejects_a_list_of_members_too_long_to_read(tmp_path: Path) -> None:
    """22,000 names of 150 letters."""
    items = (Item(b"%0150d" % number, b"") for number in range(22_000))
    with pytest.raises(ArchiveError, match="too many members"):
        Archive(write(tmp_path / "long.cbz", *items))


def test_a_blank_picture_is_no_bomb(tmp_path: Path) -> None:
    """Deflated 1000-fold, and nothing beyond the caps."""
    blank = Item(b"1.png", bytes(2_000_000), method=zipfile.ZIP_DEFLATED)
    with Archive(write(tmp_path / "b.cbz", blank)) as book:
        assert book.read(book.members[0]) == bytes(2_000_000)


def test_bombs_count_by_what_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [
        Item(b"%d.png" % number, bytes(100_000), method=zipfile.ZIP_DEFLATED) for number in range(3)
    ]
    path = write(tmp_path / "b.cbz", *items, Item(b"notes.txt", bytes(100_000)))
    monkeypatch.setattr(archive, "MAX_BYTES", 300_000)
    assert faults(path) == [""] * 4
    monkeypatch.setattr(archive, "MAX_BYTES", 299_999)
    with pytest.raises(ArchiveError, match="300000 bytes"):
        Archive(path)
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 99_999)
    assert faults(path) == ["is larger than 99999 bytes"] * 4


def test_a_member_gives_no_more_than_it_announces(tmp_path: Path) -> None:
    path = write(tmp_path / "b.cbz", Item(b"001.png", bytes(900_000), method=zipfile.ZIP_DEFLATED))
    patched(path, b"PK\1\2", 24, struct.pack("<L", 10))  # a lie about the size
    with Archive(path) as book, pytest.raises(ImageError, match="unreadable"):
        book.read(book.members[0])


def test_members_that_share_bytes_fail_and_are_bound_once(tmp_path: Path) -> None:
    """400 stored members that each run to the end of the file, and 400 at one place."""
    entries = [Item(b"%03d.png" % number, b"") for number in range(400)]
    content = bytearray(packed([*entries, Item(b"z.png", bytes(200_000))]))
    (start,) = struct.unpack_from("<L", content, content.rindex(b"PK\5\6") + 16)
    for overlap in ("nested", "same"):
        changed, at = bytearray(content), start
        for _ in range(400):
            (place,) = struct.unpack_from("<L", changed, at + 42)
            size = start - place - 37
            struct.pack_into("<LL", changed, at + 20, size, size)
            if overlap == "same":
                struct.pack_into("<L", changed, at + 42, 0)
            at = changed.index(b"PK\1\2", at + 4)
        path = tmp_path / f"{overlap}.cbz"
        path.write_bytes(changed)
        *bad, _ = faults(path)
        assert set(bad) == {"overlaps another member"}
        assert len(bound(path)) < len(changed) + 400 * 30


def test_a_member_without_room_for_its_wide_sizes_is_refused(tmp_path: Path) -> None:
    """A size of 4 GiB that needs a field of its own, beside as many others as may be."""
    extra = struct.pack("<HH", 0x9999, 65_520) + bytes(65_520)
    path = write(tmp_path / "b.cbz", Item(b"001.txt", b"", extra=extra), Item(b"002.png", b"x"))
    patched(path, b"PK\1\2", 24, struct.pack("<L", 0xFFFFFFFF))
    with pytest.raises(ArchiveError, match="damaged"):
        bound(path)


def test_two_members_of_one_name_are_both_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "b.cbz", Item(b"1.png", b"one"), Item(b"1.png", b"two"))
    with Archive(path) as book:
        assert [book.read(member) for member in book.members] == [b"one", b"two"]
    with zipfile.ZipFile(io.BytesIO(bound(path))) as file:
        assert [file.read(info) for info in file.infolist()] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"Rar!\x1a\x07\x01\0" + bytes(200), "it is a RAR archive; unpack it"),
        (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(200), "it is a 7z archive; unpack it"),
        (b"%PDF-1.7\n", "it is a PDF; take its pages out"),
        (bytes(257) + b"ustar" + bytes(250), "it is a TAR archive"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><title>404</title>", "it is a web page"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG picture"),
        (bytes(1000), "it holds zeros alone"),
        (b"PK\5\6", "it is cut short"),
        (b"what is this", "it is no ZIP archive"),
    ],
)
def test_says_what_a_file_is(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "b.cbz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=f"^is no readable book: {what}") as caught:
        Archive(path)
    assert str(path) not in str(caught.value)


def test_rejects_a_book_cut_short(tmp_path: Path) -> None:
    path = write(tmp_path / "b.cbz", Item(b"001.png", bytes(5000)))
    for length in (100, 4000, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(ArchiveError, match="cut short"):
            Archive(path)


def test_damage_is_told_and_kept_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "b.cbz", Item(b"001.png", PAGE), Item(b"2.png", PAGE))
    content = bytearray(path.read_bytes())
    content[1000] ^= 0xFF
    path.write_bytes(content)
    with Archive(path) as book:
        with pytest.raises(ImageError, match="CRC"):
            book.read(book.members[0])
        assert book.read(book.members[1]) == PAGE
    assert bound(path) == bytes(content)


def inner() -> bytes:
    return packed([Item(b"note.txt", b"bonus")])


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda book: book,
    "70 kB of zeros behind": lambda book: book + bytes(70_000),
    "10 bytes behind": lambda book: book + bytes(10),
    "something before": lambda book: b"MZ" + bytes(1000) + book,
    "an end record that is none behind": lambda book: book + b"PK\5\6" + b"\xff" * 18,
    "an end record cut short behind": lambda book: book + b"PK\5\6",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_end_record_is_found_whatever_is_around(tmp_path: Path, shape: str) -> None:
    """Among others that are not: of a ZIP archive inside, and bytes that look like one."""
    items = [
        *(Item(b"1.png", PAGE), Item(b"2.png", b"PK\5\6" * 20)),
        *(Item(b"3.zip", inner()), Item(b"4.cbz", inner())),
    ]
    path = tmp_path / "b.cbz"
    path.write_bytes(SHAPES[shape](packed(items, b"a comment")))
    with Archive(path) as book:
        assert [member.name for member in book.members] == ["1.png", "2.png", "3.zip", "4.cbz"]
        assert [book.read(member) for member in book.members] == [item.content for item in items]
        assert book.comment == b"a comment"
    assert bound(path) == packed(items, b"a comment")


def test_wide_records_are_read(tmp_path: Path) -> None:
    """As packers write them that do not know the size beforehand."""
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(PAGE)
    for options in (["-fz", "wide.cbz", "0.png", "1.png"], ["-r", "-", "0.png", "1.png"]):
        done = subprocess.run(
            ["zip", "-q", *options], cwd=tmp_path, capture_output=True, check=True
        )
        path = tmp_path / "wide.cbz"
        if done.stdout:
            path.write_bytes(done.stdout)
        with Archive(path) as book:
            assert [book.read(member) for member in book.members] == [PAGE, PAGE]
            assert [member.fault for member in book.members] == ["", ""]
        again = tmp_path / "again.cbz"
        again.write_bytes(bound(path))
        subprocess.run(["unzip", "-tqq", again], check=True)
        with zipfile.ZipFile(again) as file:
            assert file.testzip() is None


def test_a_wide_end_record_is_written_where_it_must_be() -> None:
    end = directory.pack_end(count=2, start=5_000_000_000, size=100, comment=b"c")
    assert end.startswith(b"PK\6\6")
    assert struct.unpack_from("<4Q", end, 24) == (2, 2, 100, 5_000_000_000)
    assert end.endswith(b"c")


NAMES = {
    "表紙.png": "表紙.png".encode("cp932"),
    "ソ連.png": "ソ連.png".encode("cp932"),  # its second byte is that of a backslash
    "頁/é.png": "頁/é.png".encode(),
    "Ä.png": b"\x8e.png",
}


@pytest.mark.parametrize("name", NAMES)
def test_unmarked_names_are_read_as_people_would(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "b.cbz", Item(NAMES[name], PAGE))
    with Archive(path) as book:
        (member,) = book.members
        assert (member.name, member.fault, member.is_page) == (name, "", True)
        assert member.entry.name == NAMES[name]


def test_names_that_the_finder_adds_are_no_pages(tmp_path: Path) -> None:
    names = [b"Vol 1/1.png", b"__MACOSX/Vol 1/._1.png", b"Vol 1/._1.jpg", b"Vol 1/.DS_Store"]
    with Archive(write(tmp_path / "b.cbz", *(Item(name, PAGE) for name in names))) as book:
        assert [member.is_page for member in book.members] == [True, False, False, False]


def random_item(rng: np.random.Generator, number: int) -> Item:
    name, utf8 = [
        (f"章/{number}.txt".encode(), True),
        (f"章/{number}.txt".encode(), False),
        (f"第{number}.txt".encode("cp932"), False),
        (b"\x8e%d.dat" % number, False),
        (b"folder%d/" % number, False),
    ][rng.integers(5)]
    extras = [b"", b"UT\5\0\3abcd", struct.pack("<HHBL", 0x7075, 10, 1, 0) + b"abcde", b"\xff"]
    return Item(
        name,
        b"" if name.endswith(b"/") else rng.bytes(int(rng.integers(300))),
        utf8=utf8,
        system=int(rng.choice([0, 3, 7, 10, 11, 19])),
        attributes=int(rng.choice([0, 0x10, 0x20, 0o100644 << 16, 0o100755 << 16])),
        extra=extras[rng.integers(len(extras))],
        comment=[b"", "作者".encode("cp932")][rng.integers(2)],
        method=int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])),
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_members_come_through_byte_for_byte(
    tmp_path: Path, rng: np.random.Generator, streamed: bool
) -> None:
    """100 books of members of every kind: bound anew they are the very same file."""
    path = tmp_path / "b.cbz"
    for _ in range(50):
        items = [random_item(rng, number) for number in range(rng.integers(1, 8))]
        content = packed(items, b"PK comment"[: rng.integers(10)], streamed=streamed)
        path.write_bytes(content)
        assert bound(path) == content


def test_a_new_content_keeps_all_else_that_is_known_of_a_page(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    kept = ("create_system", "create_version", "external_attr", "internal_attr", "comment")
    for streamed in (False, True):
        items = [random_item(rng, number) for number in range(40)]
        path = tmp_path / "b.cbz"
        path.write_bytes(packed(items, streamed=streamed))
        out = io.BytesIO()
        binder = Binder(out)
        with Archive(path) as book:
            for member in book.members:
                binder.write(member, b"new", name=member.entry.name)
            binder.finish(b"")
        with zipfile.ZipFile(path) as before, zipfile.ZipFile(out) as after:
            assert after.testzip() is None
            for old, new in zip(before.infolist(), after.infolist(), strict=True):
                assert new.orig_filename == old.orig_filename
                assert new.flag_bits & 0x800 == old.flag_bits & 0x800
                assert new.date_time == old.date_time
                assert new.extra == old.extra
                assert after.read(new) == b"new"
                for attribute in kept:
                    assert getattr(new, attribute) == getattr(old, attribute)


def test_other_tools_see_the_same_members(tmp_path: Path) -> None:
    """`unzip -Z` lists systems, modes, sizes and dates."""
    items = [
        Item(b"1.png", PAGE, system=0, attributes=0x20),
        Item(b"extra/", b"", system=0, attributes=0x10),
        Item(b"a.txt", PAGE, attributes=0o100600 << 16, method=zipfile.ZIP_DEFLATED),
    ]
    path, again = write(tmp_path / "b.cbz", *items), tmp_path / "again.cbz"
    again.write_bytes(bound(path))

    def listed(file: Path) -> str:
        done = subprocess.run(["unzip", "-Z", file], capture_output=True, text=True, check=True)
        return re.sub(r"^Archive:.*", "", done.stdout)

    assert listed(again) == listed(path)
    assert "fat" in listed(path)


def test_no_damage_is_an_error_of_another_kind(tmp_path: Path, rng: np.random.Generator) -> None:
    """A few bytes changed at random, 1000 times over: refused, or told page by page."""
    items = [
        Item("章/1.png".encode(), b"a" * 3000, utf8=True, method=zipfile.ZIP_DEFLATED),
        Item(b"2.png", bytes(range(256)) * 2, method=zipfile.ZIP_DEFLATED),
        Item(b"3.xml", b"x", extra=b"UT\5\0\3abcd"),
    ]
    path = tmp_path / "b.cbz"
    refused = damaged = 0
    for number in range(1000):
        whole = np.frombuffer(packed(items, streamed=bool(number % 2)), np.uint8)
        content = whole.copy()
        places = rng.integers(0, len(content), rng.integers(1, 4))
        content[places] = rng.integers(0, 256, len(places))
        path.write_bytes(content.tobytes())
        try:
            with Archive(path) as book:
                for member in book.members:
                    try:
                        book.read(member)
                    except ImageError:
                        damaged += 1
            assert len(bound(path)) < 2 * len(content)
        except ArchiveError:
            refused += 1
    assert refused > 20
    assert damaged > 50
