from pathlib import Path

import pytest

from colorize.errors import InputError
from colorize.paint.jobs import describe, plan


def touch(root: Path, *names: str) -> list[Path]:
    paths = [root / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return paths


def places(root: Path, *inputs: str, out: str = "out", layers: bool = False) -> dict[str, str]:
    found = plan([root / name for name in inputs], root / out, ending=".png" if layers else "")
    return {
        str(job.source.relative_to(root)): str(job.target.relative_to(root)) for job in found.jobs
    }


def test_one_page_or_book_goes_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "頁.JPG", "b.zip")
    (tmp_path / "there.png").mkdir()
    assert places(tmp_path, "頁.JPG", out="x.png") == {"頁.JPG": "x.png"}
    assert places(tmp_path, "頁.JPG") == {"頁.JPG": "out/頁.JPG"}
    assert places(tmp_path, "頁.JPG", out="there.png") == {"頁.JPG": "there.png/頁.JPG"}
    assert places(tmp_path, "b.zip", out="c.cbz") == {"b.zip": "c.cbz"}
    assert places(tmp_path, "b.zip") == {"b.zip": "out/b.cbz"}


def test_folders_are_mirrored(tmp_path: Path) -> None:
    touch(tmp_path, "one/1.png", "one/deep/2.webp", "one/b.cbz", "one/notes.txt", "two/1.png")
    touch(tmp_path, "one/.hidden/3.png", "one/.3.png", "one/__MACOSX/3.png")
    assert places(tmp_path, "one") == {
        "one/1.png": "out/1.png",
        "one/b.cbz": "out/b.cbz",
        "one/deep/2.webp": "out/deep/2.webp",
    }
    both = places(tmp_path, "one", "two")
    assert both["one/1.png"] == "out/one/1.png"
    assert both["two/1.png"] == "out/two/1.png"


def test_a_folder_inside_the_input_is_no_input(tmp_path: Path) -> None:
    touch(tmp_path, "in/1.png", "in/out/1.png")
    assert places(tmp_path, "in", out="in/out") == {"in/1.png": "in/out/1.png"}


def test_links_do_not_lead_round_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "in/1.png")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in", target_is_directory=True)
    assert places(tmp_path, "in") == {"in/1.png": "out/1.png"}


def test_layers_are_png_each_with_its_own_name(tmp_path: Path) -> None:
    touch(tmp_path, "in/1.jpg", "in/1.png", "in/2.jpg")
    assert places(tmp_path, "in", layers=True) == {
        "in/1.jpg": "out/1.jpg.png",
        "in/1.png": "out/1.png",
        "in/2.jpg": "out/2.png",
    }


def test_rejects(tmp_path: Path) -> None:
    touch(tmp_path, "1.png", "sub/1.png", "b.cbz", "c.cbr", "file", "empty/notes.txt")
    for inputs, out, message in [
        (["none.png"], "out", "no such file"),
        (["none.png"], "x.png", "no such file"),
        (["1.png", "none.png"], "file", "no such file"),
        (["c.cbr"], "out", "neither page nor book"),
        (["empty"], "out", r"no page and no book in .*empty: there is 1 \.txt"),
        (["sub"], "x.png", "would become a folder"),
        (["1.png", "sub/1.png"], "out", "would both become"),
        (["1.png"], "1.png", "would be overwritten"),
        (["sub"], "sub", "would be overwritten"),
        (["1.png"], "x.cbz", "must end in"),
        (["b.cbz"], "x.png", "must end in"),
        (["1.png", "b.cbz"], "file", "is a file"),
        (["1.png"], "file/o.png", "file is a file"),
        (["sub"], "file/deep/out", "file is a file"),
        (["1.png"], "x" * 300 + ".png", "File name too long"),
    ]:
        with pytest.raises(InputError, match=message):
            places(tmp_path, *inputs, out=out)
    with pytest.raises(InputError, match=r"must end in \.png"):
        places(tmp_path, "1.png", out="x.jpg", layers=True)


def test_two_books_of_one_name_have_a_place_each(tmp_path: Path) -> None:
    touch(tmp_path, "in/b.cbz", "in/b.zip", "in/c.zip")
    assert places(tmp_path, "in") == {
        "in/b.cbz": "out/b.cbz",
        "in/b.zip": "out/b.zip.cbz",
        "in/c.zip": "out/c.cbz",
    }


def test_a_book_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    """Many a CBR is a ZIP archive; what is none is counted, and told how to convert."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.cbr").write_bytes(b"PK\3\4")
    (tmp_path / "in" / "b.cbr").write_bytes(b"Rar!\x1a\7\0")
    (tmp_path / "in" / "c.PDF").write_bytes(b"%PDF-1.7")
    (tmp_path / "in" / "notes").touch()
    found = plan([tmp_path / "in"], tmp_path / "out")
    assert [(job.target.name, job.is_book) for job in found.jobs] == [("a.cbz", True)]
    assert found.left == {".cbr": 1, ".pdf": 1, "without a suffix": 1}
    assert describe(found.left).startswith("1 .cbr, 1 .pdf, 1 without a suffix (to paint a book")
    assert "; of a PDF, take its pages out: " in describe(found.left)
    assert "unpack" not in describe({".pdf": 1})
    assert describe({".txt": 2}) == "2 .txt"
    for name, message in (("b.cbr", "it is a RAR archive; unpack"), ("c.PDF", "it is a PDF; take")):
        with pytest.raises(InputError, match=message):
            plan([tmp_path / "in" / name], tmp_path / "out")
