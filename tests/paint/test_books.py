import subprocess
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ArchiveError
from colorize.model.weights import Model
from colorize.paint.archive import Archive
from colorize.paint.books import count_pages, paint_book
from colorize.paint.jobs import Job
from colorize.paint.pages import Form, Outcome, Result
from colorize.paint.painter import Painter
from tests.paint.zips import Item, grey_page, packed, write

Encoded = Callable[..., bytes]
SETTINGS = "model and options"


class Counting(Painter):
    """Counts the pages that it paints."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.painted = 0

    def paint(self, rgb: NDArray[np.uint8], **given: Any) -> NDArray[np.uint8]:
        self.painted += 1
        return super().paint(rgb, **given)


@pytest.fixture
def book(tmp_path: Path, encoded: Encoded, drawing: Callable[..., NDArray[np.uint8]]) -> Job:
    """Six grey pages, a coloured one, a damaged one, and what else is found in books."""
    path = tmp_path / "第一巻.cbz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = b"a comment"
        file.writestr("ComicInfo.xml", "<ComicInfo><Title>頁</Title></ComicInfo>")
        file.writestr("章/", b"")
        for number in (3, 1, 2, 0, 5, 4):
            grey = np.full((80 + number, 60), 100 + number, np.uint8)
            file.writestr(f"章/{number:03}.png", encoded(grey))
        file.writestr("章/cover.jpg", encoded(drawing(1, 200, 150), "JPEG"))
        file.writestr("章/bad.png", b"no picture")
    return Job(source=path, target=tmp_path / "out" / "book.cbz", is_book=True)


def paint(painter: Painter, job: Job, form: Form = Form.PAINTED) -> list[Result]:
    return list(paint_book(painter, job, form=form, settings=SETTINGS, base=job.target.parent))


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def raw(path: Path, name: str) -> Iterator[bytes]:
    """A member's bytes in its archive, header included."""
    with Archive(path) as book:
        yield from book.chunks(next(member for member in book.members if member.name == name))


def test_order_names_and_everything_that_is_no_grey_page_stay(orange: Painter, book: Job) -> None:
    assert count_pages(book.source) == 8
    results = {result.page: result.outcome for result in paint(orange, book)}
    before, after = members(book.source), members(book.target)
    assert list(before) == list(after)
    assert results.pop("章/bad.png") is Outcome.FAILED
    assert results.pop("章/cover.jpg") is Outcome.COLOURED
    for name, outcome in results.items():
        assert outcome is Outcome.PAINTED
        assert before.pop(name) != after[name]
        with Image.open(zipfile.ZipFile(book.target).open(name)) as page:
            rgb = np.asarray(page.convert("RGB"))
        assert rgb.shape == (80 + int(name[-5]), 60, 3)
        assert np.ptp(rgb[40, 30].astype(int)) > 50
    assert all(after[name] == content for name, content in before.items())
    with zipfile.ZipFile(book.target) as file:
        assert file.comment == b"a comment"
        assert file.getinfo("章/000.png").compress_type == zipfile.ZIP_STORED
    assert sorted(path.name for path in book.target.parent.iterdir()) == [
        ".colorize.jsonl",
        "book.cbz",
    ]


def test_layers_in_a_book(orange: Painter, book: Job) -> None:
    paint(orange, book, Form.LAYER)
    names = list(members(book.target))
    assert names[2:] == [
        *(f"章/{n:03}.png" for n in (3, 1, 2, 0, 5, 4)),
        "章/cover.png",
        "章/bad.png",
    ]
    with Image.open(zipfile.ZipFile(book.target).open("章/000.png")) as page:
        assert page.mode == "RGBA"


def test_a_run_that_stops_anywhere_goes_on_from_there(orange_model: Model, book: Job) -> None:
    paint(Counting(orange_model), book)
    unbroken = book.target.read_bytes()
    book.target.unlink()
    total = 0
    for steps in (1, 3, 2):
        painter = Counting(orange_model)
        results = paint_book(
            painter, book, form=Form.PAINTED, settings=SETTINGS, base=book.target.parent
        )
        for _ in range(steps):
            next(results)
        results.close()
        assert not book.target.exists()
        total += painter.painted
    painter = Counting(orange_model)
    outcomes = [result.outcome for result in paint(painter, book)]
    assert sorted(outcomes) == ["coloured", "failed", *["painted"] * 6]
    assert painter.painted < 6
    assert book.target.read_bytes() == unbroken


def test_other_settings_or_another_book_start_anew(orange_model: Model, book: Job) -> None:
    results = paint_book(
        Counting(orange_model), book, form=Form.PAINTED, settings="other", base=book.target.parent
    )
    for _ in range(4):
        next(results)
    results.close()
    painter = Counting(orange_model)
    paint(painter, book)
    assert painter.painted == 6


def test_a_damaged_member_is_told_and_the_rest_painted(orange: Painter, book: Job) -> None:
    content = bytearray(book.source.read_bytes())
    at = content.index("章/002.png".encode()) + len("章/002.png".encode()) + 30
    content[at] ^= 0xFF
    book.source.write_bytes(content)
    failed = [r.page for r in paint(orange, book) if r.outcome is Outcome.FAILED]
    assert failed == ["章/002.png", "章/bad.png"]
    with zipfile.ZipFile(book.target) as after, zipfile.ZipFile(book.source) as before:
        assert after.namelist() == before.namelist()
        assert after.testzip() == before.testzip() == "章/002.png"  # damaged as it was
    assert b"".join(raw(book.source, "章/002.png")) == b"".join(raw(book.target, "章/002.png"))


def test_nothing_is_written_of_a_refused_book(orange: Painter, tmp_path: Path) -> None:
    empty = tmp_path / "empty.cbz"
    with zipfile.ZipFile(empty, "w") as file:
        file.writestr("notes.txt", b"")
    hostile = tmp_path / "hostile.cbz"
    with zipfile.ZipFile(hostile, "w") as file:
        file.writestr("../001.png", b"")
    for source, message in ((empty, "no page"), (hostile, "no page that can")):
        job = Job(source=source, target=tmp_path / "out" / "x.cbz", is_book=True)
        with pytest.raises(ArchiveError, match=message):
            paint(orange, job)
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def bound(root: Path, painter: Painter, content: bytes) -> tuple[list[Result], zipfile.ZipFile]:
    source = root / "in.cbz"
    source.write_bytes(content)
    job = Job(source=source, target=root / "out" / "b.cbz", is_book=True)
    return paint(painter, job), zipfile.ZipFile(job.target)


def outcomes(results: list[Result]) -> dict[str, str]:
    return {result.page: result.outcome for result in results}


def test_a_book_as_windows_packs_it_keeps_systems_and_attributes(
    orange: Painter, tmp_path: Path
) -> None:
    dos = partial(Item, system=0)
    items = [
        *(dos(b"%03d.png" % number, grey_page(number), attributes=0x20) for number in range(2)),
        dos(b"ComicInfo.xml", b"<ComicInfo/>", attributes=0x20),
        dos(b"extra/", b"", attributes=0x10),
        dos(b"extra/note.txt", b"hello", attributes=0x20),
    ]
    results, file = bound(tmp_path, orange, packed(items))
    assert outcomes(results) == {"000.png": "painted", "001.png": "painted"}
    assert [(i.create_system, i.external_attr) for i in file.infolist()] == [
        (item.system, item.attributes) for item in items
    ]
    subprocess.run(
        ["unzip", "-qq", tmp_path / "out" / "b.cbz", "-d", tmp_path / "taken"], check=True
    )
    assert (tmp_path / "taken" / "extra" / "note.txt").read_bytes() == b"hello"
    assert (tmp_path / "taken" / "ComicInfo.xml").stat().st_mode & 0o400


def test_a_book_as_the_finder_packs_it(orange: Painter, tmp_path: Path) -> None:
    twin = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(90)
    items = [
        Item("章/1.png".encode(), grey_page(), utf8=True),
        Item("__MACOSX/章/._1.png".encode(), twin, utf8=True),
        Item("章/._1.jpg".encode(), twin, utf8=True),
        Item(b".DS_Store", b"\0\0\0\1Bud1"),
    ]
    results, file = bound(tmp_path, orange, packed(items))
    assert outcomes(results) == {"章/1.png": "painted"}
    assert [file.read(info) for info in file.infolist()[1:]] == [i.content for i in items[1:]]


def test_names_in_shift_jis_stay_the_bytes_that_they_are(orange: Painter, tmp_path: Path) -> None:
    names = ["表紙.png", "第01話/001.png", "ソ連.png"]  # the last has a backslash as second byte
    items = [Item(name.encode("cp932"), grey_page(n)) for n, name in enumerate(names)]
    comment = "作者 名前".encode("cp932")
    results, file = bound(tmp_path, orange, packed(items, comment))
    assert outcomes(results) == dict.fromkeys(names, "painted")
    assert file.comment == comment
    for info, item in zip(file.infolist(), items, strict=True):
        assert info.orig_filename.encode("cp437") == item.name
        assert not info.flag_bits & 0x800
    job = Job(source=tmp_path / "in.cbz", target=tmp_path / "layers.cbz", is_book=True)
    paint(orange, job, Form.LAYER)
    with zipfile.ZipFile(job.target) as layers:
        assert [i.orig_filename.encode("cp437") for i in layers.infolist()] == [
            item.name for item in items
        ]


FAULTY = {
    "leading slash": [Item(b"/1.png", grey_page(1))],
    "a blank bitmap": [Item(b"2.bmp", b"BM" + bytes(2_000_000), method=zipfile.ZIP_DEFLATED)],
    "a book inside": [Item(b"bonus.zip", packed([Item(b"note.txt", b"bonus")]))],
    "twice": [Item(b"0.png", grey_page(1))],
    "leads out": [Item(b"../2.png", grey_page(2))],
    "a link": [Item(b"2.png", b"/etc/passwd", attributes=0o120777 << 16)],
    "a bzip2": [Item(b"2.png", grey_page(2), method=zipfile.ZIP_BZIP2)],
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_member_with_a_fault_fails_alone(orange: Painter, tmp_path: Path, fault: str) -> None:
    items = [Item(b"0.png", grey_page()), *FAULTY[fault]]
    results, file = bound(tmp_path, orange, packed(items))
    told = [result.outcome for result in results]
    if fault in {"leading slash", "twice"}:
        assert told == ["painted", "painted"]
    elif fault == "a book inside":
        assert told == ["painted"]
    else:
        assert told == ["painted", "failed"]
        assert results[1].target == ""
        assert results[1].reason.startswith("unreadable: ")
    names = [item.name.decode() for item in items]
    assert [info.orig_filename for info in file.infolist()] == names
    if told[-1] == "failed" or len(told) == 1:
        assert file.read(file.infolist()[1]) == items[1].content


def test_a_book_that_changes_while_it_is_read_is_not_bound(orange: Painter, book: Job) -> None:
    whole = book.source.read_bytes()
    results = paint_book(
        orange, book, form=Form.PAINTED, settings=SETTINGS, base=book.target.parent
    )
    next(results)
    with book.source.open("r+b") as file:
        file.truncate(len(whole) // 2)
    with pytest.raises(ArchiveError, match="has changed while it was read"):
        list(results)
    assert not book.target.exists()
    book.source.write_bytes(whole)
    assert sum(result.outcome is Outcome.PAINTED for result in paint(orange, book)) == 6


def test_a_painted_page_whose_part_is_gone_is_not_replaced_by_its_original(
    orange: Painter, book: Job
) -> None:
    results = paint_book(
        orange, book, form=Form.PAINTED, settings=SETTINGS, base=book.target.parent
    )
    next(results)
    for part in book.target.parent.glob(".book.cbz.painting/0*"):
        part.unlink()
    with pytest.raises(ArchiveError, match="lost a painted page"):
        list(results)
    assert not book.target.exists()


def test_a_second_run_is_refused_while_the_first_one_paints(orange: Painter, book: Job) -> None:
    first = paint_book(orange, book, form=Form.PAINTED, settings=SETTINGS, base=book.target.parent)
    next(first)
    with pytest.raises(ArchiveError, match="is being painted by another run"):
        paint(orange, book)
    list(first)
    assert len(members(book.target)) == 10


def test_a_good_book_is_not_replaced_by_one_of_which_pages_failed(
    orange: Painter, tmp_path: Path
) -> None:
    items = [Item(b"%d.png" % number, grey_page(number)) for number in range(3)]
    bound(tmp_path, orange, packed(items))[1].close()
    good = (tmp_path / "out" / "b.cbz").read_bytes()
    items[1] = Item(b"1.png", b"no picture")
    with pytest.raises(ArchiveError, match=r"was not replaced at .*: 1 pages failed"):
        bound(tmp_path, orange, packed(items))
    assert (tmp_path / "out" / "b.cbz").read_bytes() == good
    assert [path.name for path in (tmp_path / "out").glob(".*")] == [".colorize.jsonl"]


def test_a_name_as_long_as_a_disk_allows(orange: Painter, tmp_path: Path) -> None:
    source = tmp_path / ("頁" * 83 + ".cbz")
    write(source, Item(b"1.png", grey_page()))
    job = Job(source=source, target=tmp_path / "out" / source.name, is_book=True)
    assert [result.outcome for result in paint(orange, job)] == ["painted"]
    assert job.target.exists()
