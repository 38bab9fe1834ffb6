from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest

from colorize.errors import ParamsError
from colorize.params import Range, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    count: Annotated[int, Range(1, 10)]
    lr: Annotated[float, Range(0, 1, open_low=True)]
    kind: Literal["a", "b"]
    on: bool
    name: Annotated[str, Range(1)]
    tags: Annotated[tuple[str, ...], Range(1, 2)]
    marks: tuple[Literal["x", "y"], ...]


GOOD = {"count": "3", "lr": "0.5", "kind": "a", "on": "true", "name": "x"}
GOOD |= {"tags": "[a, b_c]", "marks": "[]"}


def written(folder: Path, **changes: str) -> Path:
    lines = [f"  {key}: {value}" for key, value in (GOOD | changes).items()]
    (folder / "params.yaml").write_text("\n".join(["sample:", *lines]), "utf-8")
    return folder


def test_values(tmp_path: Path) -> None:
    expected = Sample(count=3, lr=0.5, kind="a", on=True, name="x", tags=("a", "b_c"), marks=())
    assert load(Sample, written(tmp_path), "sample") == expected


@pytest.mark.parametrize("text", ["1e-05", "1E-5", "+1e-05", ".1e-4", "0.00001", "1.0e-05"])
def test_a_number_is_a_number_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert load(Sample, written(tmp_path, lr=text), "sample").lr == pytest.approx(1e-5)


def test_a_whole_number_is_also_a_float(tmp_path: Path) -> None:
    lr = load(Sample, written(tmp_path, lr="1"), "sample").lr
    assert (lr, type(lr)) == (1.0, float)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("count", "true", "whole number"),
        ("count", "2.0", "whole number"),
        ("count", "'3'", "whole number"),
        ("count", "0", "at least 1"),
        ("count", "11", "at most 10"),
        ("count", "null", "whole number"),
        ("count", "", "whole number"),
        ("count", "007", "whole number"),
        ("count", "1:30", "whole number"),
        ("on", "off", "true or false"),
        ("count", "[1]", "whole number"),
        ("lr", "0", "above 0"),
        ("lr", ".nan", "finite"),
        ("lr", ".inf", "finite"),
        ("lr", "fast", "a number"),
        ("lr", "true", "a number"),
        ("kind", "c", "one of a, b"),
        ("on", "1", "true or false"),
        ("name", "''", "at least 1"),
        ("name", "5", "text"),
        ("tags", "a", "a list in"),
        ("tags", "[]", "at least 1"),
        ("tags", "[a, b, c]", "at most 2"),
        ("tags", "[a, 5]", "text"),
        ("marks", "[x, z]", "one of x, y"),
        ("marks", "[[x]]", "one of x, y"),
    ],
)
def test_rejects(tmp_path: Path, key: str, value: str, words: str) -> None:
    with pytest.raises(ParamsError, match=words) as caught:
        load(Sample, written(tmp_path, **{key: value}), "sample")
    assert f"sample.{key}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rejects_an_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"unknown key 'sample\.counts'"):
        load(Sample, written(tmp_path, counts="3"), "sample")


def test_rejects_a_missing_key(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("sample:\n  count: 3\n", "utf-8")
    with pytest.raises(ParamsError, match=r"'sample\.lr' is missing"):
        load(Sample, tmp_path, "sample")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("other:\n  a: 1\n", "section 'sample' is missing"),
        ("sample: 3\n", "one section of keys"),
        ("", "one section of keys"),
        ("sample: {a: 1\n", "not valid YAML"),
        ("sample:\n  count: 1\n  count: 2\n", "appears twice"),
        ("sample: !!python/object:os.system {}\n", "not valid YAML"),
    ],
)
def test_rejects_a_broken_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "params.yaml").write_text(text, "utf-8")
    with pytest.raises(ParamsError, match=words) as caught:
        load(Sample, tmp_path, "sample")
    assert "\n" not in str(caught.value)


def test_rejects_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="does not exist"):
        load(Sample, tmp_path, "sample")
