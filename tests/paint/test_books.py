import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import ArchiveError
from colorize.model.weights import Model
from colorize.paint.books import count_pages, paint_book
from colorize.paint.jobs import Job
from colorize.paint.pages import Form, Outcome, Result
from colorize.paint.painter import Painter

Encoded = Callable[..., bytes]
SETTINGS = "model and options"


class Counting(Painter):
    """Counts the pages that it paints."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.painted = 0

    def paint(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.painted += 1
        return super().paint(rgb)


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
            rgb = np.asarray(page)
        assert rgb.shape == (80 + int(name[-5]), 60, 3)
        assert np.ptp(rgb[40, 30].astype(int)) > 50
    assert all(after[name] == content for name, content in before.items())
    with zipfile.ZipFile(book.target) as file:
        assert file.comment == b"a comment"
        assert file.getinfo("章/000.png").compress_type == zipfile.ZIP_STORED
    assert [path.name for path in book.target.parent.iterdir()] == ["book.cbz"]


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
    assert list(members(book.target)) == list(zipfile.ZipFile(book.source).namelist())


def test_nothing_is_written_of_a_refused_book(orange: Painter, tmp_path: Path) -> None:
    empty = tmp_path / "empty.cbz"
    with zipfile.ZipFile(empty, "w") as file:
        file.writestr("notes.txt", b"")
    hostile = tmp_path / "hostile.cbz"
    with zipfile.ZipFile(hostile, "w") as file:
        file.writestr("../001.png", b"")
    for source, message in ((empty, "no page"), (hostile, "leads out")):
        job = Job(source=source, target=tmp_path / "out" / "x.cbz", is_book=True)
        with pytest.raises(ArchiveError, match=message):
            paint(orange, job)
    assert not (tmp_path / "out").exists()
