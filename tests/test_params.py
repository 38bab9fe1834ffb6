"""Params: every value is of its type and in its range, or refused in one line."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import pytest
from dvc.utils.serialize import parse_yaml
from pydantic import Field

from colorize.errors import ParamsError
from colorize.params import Section, Text, checked, load, read, zero_or_at_least
from stages import check
from stages.check import SECTIONS
from tests.imports import ROOT
from tests.mutants import mutants


class Sample(Section):
    count: Annotated[int, Field(ge=1, le=10)]
    lr: Annotated[float, Field(gt=0, le=1)]
    kind: Literal["a", "b"]
    on: bool
    name: Text
    tags: Annotated[tuple[Text, ...], Field(min_length=1, max_length=2)]
    marks: tuple[Literal["x", "y"], ...]
    mix: Annotated[float, zero_or_at_least(0.1)]


GOOD = {"count": "3", "lr": "0.5", "kind": "a", "on": "true", "name": "x"}
GOOD |= {"tags": "[a, b_c]", "marks": "[]", "mix": "0"}


def written(folder: Path, **changes: str) -> Path:
    lines = [f"  {key}: {value}" for key, value in (GOOD | changes).items()]
    (folder / "params.yaml").write_text("\n".join(["sample:", *lines]), "utf-8")
    return folder


def test_values(tmp_path: Path) -> None:
    found = load(Sample, written(tmp_path), "sample")
    assert found.model_dump() == {
        "count": 3,
        "lr": 0.5,
        "kind": "a",
        "on": True,
        "name": "x",
        "tags": ("a", "b_c"),
        "marks": (),
        "mix": 0.0,
    }
    with pytest.raises(ValueError, match="frozen"):
        found.count = 4  # type: ignore[misc]


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
        ("name", '"a\\0b"', "without control"),
        ("name", '"a\\nb"', "without control"),
        ("name", '"a\\u2028b"', "without control"),
        ("name", '"a\\ud800b"', "without control"),
        ("tags", '["\\e[31m"]', "item 1 of .* without control"),
        ("lr", "9" * 400, "a number"),
        ("lr", "1e400", "finite"),
        ("lr", "-.inf", "finite"),
        ("count", "9" * 900, "at most 10"),
        ("count", "{a: 1}", "whole number"),
        ("count", "2020-01-01", "whole number"),
        ("count", "2020-13-45", "whole number"),
        ("mix", "1e-308", "0, or at least 0.1"),
        ("mix", "true", "a number"),
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
        ("? [sample]\n: {a: 1}\n", "keys must be text, not a list"),
        ("sample:\n  ? {a: 1}\n  : 1\n", "line 2, column 5: not valid YAML"),
        ("sample:\n  5: 1\n", "keys must be text, not 5"),
        ("5: {a: 1}\n", "keys must be text, not 5"),
        ("[sample]\n", "must hold sections of keys, not a list"),
        ("a: &x [1]\nsample: {count: *x}\n", "line 1, column 4: anchors"),
        ("sample: {count: *x}\n", "line 1, column 17: anchors"),
        ("sample:\n  <<: {a: 1}\n", "'sample.count' is missing"),
        ("sample:\n  count: !!int abc\n", "line 2, column 10: tags"),
        ("sample:\n  count: !!timestamp abc\n", "line 2, column 10: tags"),
        ("sample: {a: 1}\n---\nsample: {a: 1}\n", "line 2, column 1: not valid YAML"),
        ("%YAML 1.1\n---\nsample: {a: off}\n", "line 2, column 1: YAML directives"),
        ("sample: " + "[" * 5000, "too deeply nested"),
        ("sample:\n  count: " + "9" * 5000, "line 2, column 10: a value of more than"),
        ("sample:\n  " + "k" * 1100 + ": 1", "line 2, column 3: a value of more than"),
        ("sample:\n  count: a\0b\n", "line 2, column 11: control characters"),
        ("sample:\n\tcount: 1\n", "line 2, column 1: not valid YAML"),
        ("# " + "x" * 70_000, "more than 64000 bytes"),
        ("sample: 3\n", "section 'sample' must hold keys, not 3"),
        ("", "must hold sections of keys, not empty"),
        ("sample: {a: 1\n", "line 2, column 1: not valid YAML"),
        ("sample:\n  count: 1\n  count: 2\n", r"line 3, column 3: .*duplicate key"),
        ("sample: !!python/object:os.system {}\n", "line 1, column 9: tags"),
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


def test_rejects_billion_laughs_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [lol]", *(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]" for n in range(1, 30))]
    (tmp_path / "params.yaml").write_text("\n".join([*lines, "sample: {count: *a29}"]), "utf-8")
    with pytest.raises(ParamsError, match="line 1, column 5: anchors"):
        load(Sample, tmp_path, "sample")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_rejects_other_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "params.yaml").write_text("sample:\n  name: café\n", encoding)
    with pytest.raises(ParamsError, match=r"line \d, column \d+: not UTF-8"):
        load(Sample, tmp_path, "sample")


def test_takes_a_byte_order_mark(tmp_path: Path) -> None:
    path = written(tmp_path) / "params.yaml"
    path.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert load(Sample, tmp_path, "sample").count == 3


def test_rejects_a_folder(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").mkdir()
    with pytest.raises(ParamsError, match=r"params\.yaml cannot be read"):
        load(Sample, tmp_path, "sample")


@pytest.mark.parametrize(
    "text",
    [
        "1e-05",
        "1E-5",
        "+1e-05",
        ".1e-4",
        "5",
        "+5",
        "-0",
        "007",
        "012",
        "0o7",
        "0x1F",
        "0b11",
        "1_000",
        "1.",
        ".5",
        "5e400",
        "off",
        "on",
        "yes",
        "no",
        "y",
        "true",
        "True",
        "TRUE",
        "null",
        "~",
        "1:30",
        "'a_b'",
        "[]",
        "[a,1,2.0]",
        "{}",
        '"\\u00e9"',
        "a#b",
        "''",
    ],
)
def test_a_value_is_what_dvc_takes_it_for(tmp_path: Path, text: str) -> None:
    content = f"a:\n  b: {text}\n"
    (tmp_path / "params.yaml").write_text(content, "utf-8")
    ours, theirs = read(tmp_path), parse_yaml(content, "params.yaml")
    assert (ours, repr(ours)) == (theirs, repr(theirs))


def test_a_message_never_repeats_a_large_value(tmp_path: Path) -> None:
    root = written(tmp_path, name="5", kind="x" * 900, **{"u" * 900: "1"})
    for section in ("sample", "s" * 900):
        with pytest.raises(ParamsError) as caught:
            load(Sample, root, section)
        assert len(str(caught.value).replace(section, "")) < 300


@pytest.mark.parametrize("section", SECTIONS)
def test_every_number_has_bounds(section: str) -> None:
    """No number is so large or small that it overflows later, and 0 is what it says."""
    content = read(ROOT)
    for key, value in content[section].items():
        last = value[-1] if isinstance(value, list) else value
        if isinstance(last, int | float) and not isinstance(last, bool):
            for wrong in (2**64, -1, -(2**64), 10**900, 1e308, -1e-308, float("inf"), True):
                given = [*value[:-1], wrong] if isinstance(value, list) else wrong
                changed = content | {section: content[section] | {key: given}}
                with pytest.raises(ParamsError, match=rf"'{section}\.{key}'"):
                    checked(SECTIONS[section], changed, section)


TOKENS = [
    *rb"""* &a *a !!int !!python/object:os.system << ? : - [ { } ] ' " # | > % --- ... =""".split(),
    *rb""".inf .nan 1e999 -1 off 2020-13-45 0x 1__. null "\0" "\ud800" "\e[31m" train:""".split(),
    *(b"\n", b"\n  ", b"\t", b"\0", b"\r", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b": ", b"- "),
    *(b"9" * 50, b"9" * 5000, b"[" * 5000, b"x" * 5000, b"? [a]\n: ", b"<<<<<<< HEAD\n"),
]


@pytest.mark.parametrize(
    "count", [pytest.param(100, id="some"), pytest.param(1000, id="many", marks=pytest.mark.slow)]
)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, count: int) -> None:
    content = (ROOT / "params.yaml").read_bytes()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "deny.txt").touch()
    (tmp_path / "params.yaml").write_bytes(content)
    check.main(tmp_path)  # as it is, it passes
    refused = 0
    for mutant in mutants(content, count, seed=count, tokens=TOKENS):
        (tmp_path / "params.yaml").write_bytes(mutant)
        names = list(SECTIONS) if count > 100 else ["train"]
        found = [refusal(partial(load, SECTIONS[name], tmp_path, name)) for name in names]
        found.append(refusal(partial(check.main, tmp_path)))
        assert bool(found[-1]) or not any(found), "check passes what a stage refuses"
        refused += bool(found[-1])
    assert count / 4 < refused < count


def refusal(step: Callable[[], object]) -> str:
    """Give the message of a refusal, or nothing where there is none."""
    start = time.process_time()
    message = ""
    try:
        step()
    except ParamsError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 500
        assert re.search(r"params\.yaml(, line \d+, column \d+)?: ", message)
    assert time.process_time() - start < 2
    return message


@pytest.mark.parametrize(
    "text",
    [
        "train:\n  ? {a: 1}\n  : 1\n",
        pytest.param("train: {epochs: " + "9" * 5000 + "}", marks=pytest.mark.slow),
        pytest.param("[" * 5000, marks=pytest.mark.slow),
    ],
)
def test_a_stage_says_one_line_and_fails(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text, "utf-8")
    for stage in ("train", "check"):
        done = subprocess.run(
            [sys.executable, "-m", f"stages.{stage}"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.startswith(f"{stage}: params.yaml, line ")
        assert done.stderr.count("\n") == 1


def test_reading_params_is_quick_to_start() -> None:
    """No PyTorch, no SciPy: a typo is refused before any of them is imported."""
    code = "import sys, colorize.params; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert not {"torch", "numpy", "scipy", "cv2"} & set(done.stdout.split())
