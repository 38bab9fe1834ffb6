"""The project's folder: what is written, what is read again, and what is refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colorize.errors import ArchiveError, ImageError, InputError
from colorize.paint import hints as hint_files
from colorize.paint.hints import Hint
from colorize.studio.project import Project, Settings, label, parsed

Page = Callable[..., bytes]
RED = Hint(x=0.25, y=0.5, color=(200, 10, 20))


def book(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def same(one: Project, other: Project) -> bool:
    return (
        one.pages == other.pages
        and one.settings == other.settings
        and all(one.hints(page) == other.hints(page) for page in one.pages)
        and all(one.content(page) == other.content(page) for page in one.pages)
    )


def test_all_is_found_again(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path / "work")
    first = project.add_page("1.png", page(1))
    project.add_page("chapter/2.jpg", page(2, kind="JPEG"))
    project.set_hints(first, [RED])
    settings = Settings(
        temperature=0.5, hues=0.6, brightness=2, saturation=1.2, tone=0.3, domain="grey"
    )
    project.set_settings(settings)
    assert same(Project(tmp_path / "work"), project)
    assert [one.name for one in project.pages] == ["1.png", "chapter/2.jpg"]


def test_hints_are_in_the_file_that_the_command_reads(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    pages = [project.add_page(f"{number}.png", page(number)) for number in (2, 1)]
    project.set_hints(pages[1], [RED, RED._replace(x=0.1)])
    project.set_hints(pages[0], [RED])
    assert hint_files.read(project.hints_file) == {
        "2.png": (RED,),
        "1.png": (RED, RED._replace(x=0.1)),
    }
    project.set_hints(pages[0], [])
    assert set(hint_files.read(project.hints_file)) == {"1.png"}


def test_a_page_that_is_removed_takes_all_with_it(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    gone, stays = (project.add_page(f"{number}.png", page(number)) for number in (1, 2))
    for one in (gone, stays):
        project.set_hints(one, [RED])
    project.remove([gone])
    assert project.pages == [stays]
    assert set(hint_files.read(project.hints_file)) == {"2.png"}
    assert [path.name for path in project.sources.iterdir()] == [stays.source]


def test_no_two_pages_have_one_name(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path / "work")
    members = {"1.png": page(1), "2.png": page(2), "notes.txt": b"x", "3.gif": b"GIF89a"}
    for name in ("a.cbz", "b.cbz"):
        project.add_file(book(tmp_path / name, members), name)
    for _ in range(2):
        project.add_page("1.png", page(3))
    names = [one.name for one in project.pages]
    inside = [f"{book}.cbz/{page}.png" for book in "ab" for page in (1, 2)]
    assert names == [*inside, "1.png", "1 (2).png"]
    assert [project.content(one) for one in project.pages[:4]] == [page(1), page(2)] * 2


def test_a_long_name_with_a_number_is_found_again(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path / "work")
    long = "b" * 150
    for number in range(3):
        path = tmp_path / f"{number}" / f"{long}.cbz"
        path.parent.mkdir()
        project.add_file(book(path, {f"{'p' * 100}.png": page(1)}), path.name)
    names = [one.name for one in project.pages]
    assert len(set(names)) == 3
    assert all(len(name) <= 200 and name.endswith(".png") for name in names)
    for one in project.pages:
        project.set_hints(one, [RED])
    assert same(Project(tmp_path / "work"), project)


def test_a_file_is_opened_once(tmp_path: Path, page: Page) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(page())
    project = Project(tmp_path / "work")
    assert len(project.add_file(path, "1.png")) == 1
    again = Project(tmp_path / "work")
    assert again.add_file(path, "1.png") == []
    again.remove(again.pages)
    assert len(again.add_file(path, "1.png")) == 1


def test_the_originals_may_go(tmp_path: Path, page: Page) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(page())
    project = Project(tmp_path / "work")
    (added,) = project.add_file(path, "1.png")
    path.unlink()
    assert project.content(added) == page()


def test_a_book_without_a_page_leaves_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    path = book(tmp_path / "b.cbz", {"notes.txt": b"x"})
    with pytest.raises(ArchiveError, match="holds no page"):
        project.add_file(path, "b.cbz")
    assert list(project.sources.iterdir()) == []
    assert path.exists()


def test_what_is_no_picture_is_refused(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    for name, content in (("1.png", b"x"), ("1.txt", page()), ("1.gif", b"GIF89a")):
        with pytest.raises(ImageError):
            project.add_page(name, content)
    assert list(project.sources.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    kept = project.add_page("1.png", page())
    (project.sources / "0123456789abcdef.png").write_bytes(b"no project knows it")
    (project.sources / ".0123456789abcdef.01234567.part").write_bytes(b"half a book")
    (project.cache / "0123456789abcdef-screen-0.jpg").write_bytes(b"of a page that is gone")
    (project.folder / ".project.json.01234567.part").write_bytes(b"{")
    exports = project.folder / "exports"
    exports.mkdir()
    (exports / ".book.cbz.01234567.part").write_bytes(b"half an export")
    Project(tmp_path)
    assert list(exports.iterdir()) == []
    assert [path.name for path in project.sources.iterdir()] == [kept.source]
    assert list(project.cache.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "../../../etc/passwd"},
        {"source": "/etc/passwd"},
        {"source": "0123456789abcdef.png/../x"},
        {"id": "../x"},
        {"id": 5},
        {"member": -1},
        {"member": "0"},
        {"member": True},
        {"path": "/etc"},
    ],
)
def test_a_projects_file_leads_nowhere_else(
    tmp_path: Path, page: Page, changes: dict[str, Any]
) -> None:
    project = Project(tmp_path)
    project.add_page("1.png", page())
    path = tmp_path / "project.json"
    content = json.loads(path.read_bytes())
    content["pages"][0].update(changes)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match=r"project\.json is no project of the studio"):
        Project(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 9}', "[" * 100_000, "null"])
def test_a_file_that_is_no_project_is_told_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "project.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"project\.json is no project"):
        Project(tmp_path)
    assert path.read_text("utf-8") == content


def test_hints_that_are_malformed_are_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_text('{"hints": [{"x": 5}]}', "utf-8")
    with pytest.raises(InputError, match="hint 1"):
        Project(tmp_path)
    assert "5" in path.read_text("utf-8")


def test_hints_without_a_page_are_those_of_the_only_one(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    first = project.add_page("1.png", page(1))
    path = tmp_path / "hints.json"
    path.write_text('{"hints": [{"x": 0.25, "y": 0.5, "color": "#c80a14"}]}', "utf-8")
    assert Project(tmp_path).hints(first) == (RED,)
    project.add_page("2.png", page(2))
    with pytest.raises(InputError, match="names no page"):
        Project(tmp_path)


def test_more_hints_than_a_file_may_hold_are_refused(tmp_path: Path, page: Page) -> None:
    project = Project(tmp_path)
    pages = [project.add_page(f"{number}.png", page()) for number in range(21)]
    for one in pages[:20]:
        project.set_hints(one, [RED] * 1000)
    with pytest.raises(InputError, match="20000 hints at most"):
        project.set_hints(pages[20], [RED])
    assert project.hints(pages[20]) == ()
    assert same(Project(tmp_path), project)


def test_hints_are_rounded_before_they_are_painted() -> None:
    """So that the page that is seen has the hints that the file has."""
    (hint,) = parsed([{"x": 1 / 3, "y": 2 / 3, "color": "#0A0b0c"}])
    assert (hint.x, hint.y, hint.color) == (0.33333, 0.66667, (10, 11, 12))


def test_labels_keep_what_people_read() -> None:
    assert label("第1話/003.png") == "第1話/003.png"
    assert label("...") == "page"
    assert label("\u202egnp.exe.png") == "gnp.exe.png"
    assert len(label("x" * 500 + ".png")) == 200
    assert label("x" * 500 + ".png").endswith(".png")
