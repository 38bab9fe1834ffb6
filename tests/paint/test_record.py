from pathlib import Path

from colorize.paint.record import NAME, Entry, Record

ENTRY = Entry(source="s", settings="t", size=5, failed=2)


def test_the_last_line_of_a_name_counts_and_damage_costs_one_line(tmp_path: Path) -> None:
    target = tmp_path / "章" / "1.png"
    target.parent.mkdir()
    target.write_bytes(b"12345")
    Record(tmp_path).add(target, Entry(source="old", settings="t", size=5))
    Record(tmp_path).add(target, ENTRY)
    assert Record(tmp_path).find(target) == ENTRY
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'\xff\n5\n[]\n["x", 5]\n["x", {"a": 1}]\n' + b"[" * 100_000 + b'\n["cut sh')
    other = tmp_path / "2.png"
    other.write_bytes(b"12345")
    Record(tmp_path).add(other, ENTRY)
    record = Record(tmp_path)
    assert record.find(target) == record.find(other) == ENTRY


def test_a_file_of_another_size_is_not_the_one_that_was_written(tmp_path: Path) -> None:
    record = Record(tmp_path)
    target = tmp_path / "1.png"
    assert record.find(target) is None
    target.write_bytes(b"1234")
    record.add(target, ENTRY)
    assert record.find(target) is None
    target.write_bytes(b"12345")
    assert record.find(target) == ENTRY
    target.unlink()
    assert record.find(target) is None


def test_a_line_whose_result_never_came_to_be_hides_no_other(tmp_path: Path) -> None:
    target = tmp_path / "1.png"
    target.write_bytes(b"12345")
    record = Record(tmp_path)
    record.add(target, ENTRY)
    record.add(target, Entry(source="s", settings="t", size=7))
    assert record.find(target) == Record(tmp_path).find(target) == ENTRY
