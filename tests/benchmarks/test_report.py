from pathlib import Path

from benchmarks import report


def test_table() -> None:
    rows = [{"way": "ours", "s": 1.5}, {"way": "theirs", "s": 3}]
    assert report.table(rows).splitlines() == [
        "| way | s |",
        "| --- | --- |",
        "| ours | 1.5 |",
        "| theirs | 3 |",
    ]


def test_a_section_takes_the_place_of_its_older_self(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    report.write_section("Painting", "1 s\n\nand more", path=path)
    first = path.read_text("utf-8")
    report.write_section("Loading", "2 s", path=path)
    report.write_section("Painting", "3 s", path=path)
    text = path.read_text("utf-8")
    assert text.startswith(report.TITLE)
    assert first.count("## ") == 1
    assert "1 s" not in text
    assert text.index("## Loading") < text.index("2 s") < text.index("## Painting")
    assert text.count("Measured on: ") == 2
    report.write_section("Painting", "3 s", path=path)
    assert path.read_text("utf-8") == text
