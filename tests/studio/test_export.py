"""What the studio exports is what the command writes, byte for byte."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorize.__main__ import main
from colorize.colour.gamut import bin_centres
from colorize.commands.colour import parser
from colorize.studio import project
from colorize.studio.filing import Form
from tests.models import tiny_model
from tests.studio.conftest import Served, files_of

Page = Callable[..., bytes]

told = pytest.mark.skipif(
    "--hints" not in parser().format_help(), reason="this command takes no hints"
)
HINTS = [
    {"x": 0.5, "y": 0.3, "color": "#c83232"},
    {"x": 1 / 3, "y": 0.8, "color": "#3264c8", "radius": 0.02},
]


@pytest.fixture(scope="module")
def start(serve: Callable[..., Served], model_path: Path) -> Callable[..., Served]:
    def begin(folder: Path, *inputs: Path) -> Served:
        return serve("studio", *inputs, "--folder", folder, "--model", model_path)

    return begin


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a studio to which pages are added one by one."""
    return tmp_path_factory.mktemp("studio") / "work"


@pytest.fixture(scope="module")
def running(start: Callable[..., Served], works: Path) -> Served:
    return start(works)


@pytest.fixture
def served(running: Served) -> Served:
    """A studio without pages, with the settings that it begins with."""
    assert running.client.delete("api/pages").status_code == 204
    assert running.client.put("api/settings", json={"saturation": 1}).status_code == 200
    return running


def bound(served: Served) -> bytes:
    """Let the studio make a book, and give it."""
    assert served.client.post("api/book").status_code == 202
    deadline = time.monotonic() + 120
    while (book := served.project()["book"])["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert book["state"] == "ready", book
    assert book["done"] == book["total"]
    return served.client.get("api/book").content


def command(*arguments: Any) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def test_pages_are_those_of_the_command(
    tmp_path: Path, serve: Callable[..., Served], page: Page, encoded: Page
) -> None:
    centres = bin_centres()
    model_path = tmp_path / "m.safetensors"
    tiny_model(weights=np.linspace(0.2, 3, len(centres)), centres=centres).save(model_path)
    folder = tmp_path / "pages"
    (folder / "more").mkdir(parents=True)
    coloured = np.zeros((90, 60, 3), np.uint8)
    coloured[:, :30], coloured[:, 30:] = (200, 40, 40), (40, 60, 200)
    contents = {
        "1.png": page(1),
        "2.jpg": page(2, kind="JPEG"),
        "more/3.webp": page(3, kind="WEBP"),
        "4.png": encoded(coloured),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    served = serve("studio", folder, "--folder", tmp_path / "work", "--model", model_path)
    settings = {
        "temperature": 0.6,
        "adjustment": 0.75,
        "hues": 0.8,
        "brightness": 0.9,
        "saturation": 1.3,
    }
    assert served.client.put("api/settings", json=settings).status_code == 200
    look = ("--model", model_path, "--temperature", 0.6, "--saturation", 1.3)
    look += ("--hues", 0.8, "--brightness", 0.9, "--adjustment", 0.75)
    command(folder, "-o", tmp_path / "out", *look)
    command(folder, "-o", tmp_path / "layers", "--layer", *look)
    command(folder, "-o", tmp_path / "own", "--model", model_path, *look[2:-2])
    assert (tmp_path / "own" / "1.png").read_bytes() != (tmp_path / "out" / "1.png").read_bytes()
    pages = served.project()["pages"]
    assert {one["name"] for one in pages} == set(contents)
    for one in pages:
        path = Path(one["name"])
        painted = served.client.get(f"api/pages/{one['id']}/file/painted").content
        assert painted == (tmp_path / "out" / path).read_bytes(), path
        layer = served.client.get(f"api/pages/{one['id']}/file/layer").content
        assert layer == (tmp_path / "layers" / path.with_suffix(".png")).read_bytes(), path
        png = served.client.get(f"api/pages/{one['id']}/file/png").content
        with (
            Image.open(io.BytesIO(png)) as image,
            Image.open(io.BytesIO(contents[path.as_posix()])) as own,
        ):
            assert (image.format, image.size) == ("PNG", own.size)
    assert {name: (folder / name).read_bytes() for name in contents} == contents


def test_a_book_is_that_of_the_command(
    tmp_path: Path, start: Callable[..., Served], page: Page, model_path: Path
) -> None:
    book = tmp_path / "book.cbz"
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = b"a comment"
        file.writestr("ComicInfo.xml", "<ComicInfo/>")
        for number in range(4):
            file.writestr(f"ch/{number}.png", page(number))
        file.writestr("broken.png", b"no picture")
    served = start(tmp_path / "work", book)
    made = bound(served)
    assert main([str(book), "-o", str(tmp_path / "out.cbz"), "--model", str(model_path)]) == 1
    assert made == (tmp_path / "out.cbz").read_bytes()
    assert "1 pages could not be painted" in served.project()["book"]["reason"]


def test_a_page_that_was_removed_is_not_in_the_book(
    tmp_path: Path, start: Callable[..., Served], page: Page
) -> None:
    book = tmp_path / "book.cbz"
    with zipfile.ZipFile(book, "w") as file:
        for number in range(3):
            file.writestr(f"{number}.png", page(number))
        file.writestr("notes.txt", "none of a page")
    served = start(tmp_path / "work", book)
    served.client.delete(f"api/pages/{served.project()['pages'][1]['id']}")
    with zipfile.ZipFile(io.BytesIO(bound(served))) as made:
        assert made.namelist() == ["0.png", "2.png", "notes.txt"]


def test_a_book_of_loose_pages_has_them_in_order(served: Served, works: Path, page: Page) -> None:
    for number in (2, 1):
        served.add(f"{number}.png", page(number))
    first = bound(served)
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert file.namelist() == ["2.png", "1.png"]
        assert file.testzip() is None
        for one in served.project()["pages"]:
            painted = served.client.get(f"api/pages/{one['id']}/file/painted").content
            assert file.read(one["name"]) == painted
    assert bound(served) == first
    served.client.post("api/book")
    served.client.put("api/settings", json={"saturation": 2})  # while it is made
    with zipfile.ZipFile(io.BytesIO(bound(served))) as file:
        assert file.namelist() == ["2.png", "1.png"]
    assert "exports/book.cbz" in files_of(works)


def test_pages_are_shown_at_levels_of_detail(served: Served, page: Page) -> None:
    (added,) = served.add("1.png", page(1, height=1700, width=1200)).json()
    levels = served.project()["levels"]
    assert (levels[0], levels[-1]) == (500_000, None)

    def size(view: str) -> tuple[int, int]:
        answer = served.client.get(f"api/pages/{added}/view/{view}")
        assert answer.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.content)) as image:
            return image.size

    for level, pixels in enumerate(levels):
        width, height = size(f"original-{level}")
        assert (width, height) == size(f"painted-{level}")
        assert width / height == pytest.approx(1200 / 1700, rel=0.002)
        if pixels is None or pixels > 1200 * 1700:
            assert (width, height) == (1200, 1700)
        else:
            assert width * height == pytest.approx(pixels, rel=0.005)
    assert max(size("thumb")) <= 240


@told
def test_hints_give_the_commands_bytes(
    tmp_path: Path, start: Callable[..., Served], two_pages: Path, model_path: Path
) -> None:
    served = start(tmp_path / "work", two_pages)
    ids = {one["name"]: one["id"] for one in served.project()["pages"]}
    plain = served.client.get(f"api/pages/{ids['1.png']}/file/painted").content
    answer = served.client.put(f"api/pages/{ids['1.png']}/hints", json={"hints": HINTS})
    assert answer.status_code == 200
    hints = tmp_path / "work" / "hints.json"
    command(two_pages, "-o", tmp_path / "out", "--model", model_path, "--hints", hints)
    command(two_pages, "-o", tmp_path / "l", "--layer", "--model", model_path, "--hints", hints)
    for name, one in ids.items():
        painted = served.client.get(f"api/pages/{one}/file/painted").content
        assert painted == (tmp_path / "out" / name).read_bytes()
        layer = served.client.get(f"api/pages/{one}/file/layer").content
        assert layer == (tmp_path / "l" / name).read_bytes()
    assert (tmp_path / "out" / "1.png").read_bytes() != plain


def test_names_of_files_keep_no_second_suffix() -> None:
    page = project.Page(id="0" * 16, name="b.cbz/001.PNG", source="0" * 16 + ".png")
    names = {form: form.file_name(page) for form in Form}
    assert names == {
        Form.PAINTED: "b.cbz - 001.png",
        Form.PNG: "b.cbz - 001.png",
        Form.LAYER: "b.cbz - 001 colours.png",
        Form.LAYERS: "b.cbz - 001.ora",
    }
