"""Files between the stages, damaged: each is read, or refused in one line that names it.

Every loader gets the same seeded mutants, and the ones that somebody made by hand. Warnings are
errors here, as everywhere in the tests.
"""

import functools
import io
import json
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorize import files
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data import shards
from colorize.data.index import picture_ids
from colorize.errors import DataError
from colorize.ingest import prepare
from colorize.raw import archives, manifest
from colorize.report import inputs
from stages import report
from tests.imports import ROOT
from tests.models import tiny_model
from tests.mutants import mutants
from tests.report.test_page import numbers

COUNTS = [pytest.param(100, id="some"), pytest.param(200, id="many", marks=pytest.mark.slow)]
ODD = ("plain", "a\nb", "a\rb", "a\r\nb", "a\u2028b", 'a"b,c', " a ", "", "é高🎨", "\x1b[31m", "'")
QUICK_S = 2.0
PEAK = 100 << 20


@dataclass(frozen=True)
class Kind:
    """A file, how it is read, and what is put into it to damage it."""

    path: Path
    load: Callable[[], object]
    tokens: tuple[bytes, ...]


JSON_TOKENS = (
    *(b'"\\ud800"', b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 3000, b'{"a":' * 3000),
    *(b"null", b"true", b"5", b'""', b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\n", b"\0"),
    *(b"<<<<<<< HEAD\n", b"-1", b"{}", b"[]", b",", b"}\n{", b'"\\u0000"', b"1" * 30),
)
CSV_TOKENS = (
    *(b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"nan", b"inf", b"1e999", b"x" * 140_000),
    *(
        b"<<<<<<< HEAD\n",
        b"\xe2\x80\xa8",
        b'"\n',
        b",,",
        b"\xef\xbb\xbf",
        b"-1",
        b"=1+1",
        b"9" * 400,
    ),
)
ZIP_TOKENS = (
    *(b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\xff\xff\xff\xff", b"\x63\0", b"\1\0", b"\0\0", b"\x0c\0"),
    *(b"complex128", b"<f8", b"|O", b"999999999999", b"(0,)", b"\x93NUMPY"),
)
NPY_TOKENS = (
    *(b"\x93NUMPY", b"\2\0", b"\3\0", b"True", b"|O", b"<f8", b"|V0", b"(" * 3000, b"9" * 20),
    *(b"-1", b"{", b"}", b"'", b"PK\3\4", b"lambda:0", b"1e9", b"(1,)", b"'descr'", b"\n", b"\\"),
)


@pytest.fixture
def kinds(tmp_path: Path) -> dict[str, Kind]:
    folder = tmp_path / "resized"
    pictures = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
    for split in ("test", "train"):
        shards.write(folder / f"{split}-00000.npy", pictures)
    rows = [
        {"shard": f"{split}-00000.npy", "row": row, "id": f"test_{row}", "split": split}
        for split in ("test", "train")
        for row in range(4)
    ]
    files.write_table(folder / "index.csv", rows)
    raw = tmp_path / "raw"
    fetched = (
        manifest.picture(bytes([n]) * 9, source="test", id=str(n), suffix="png", origin="é")
        for n in range(4)
    )
    manifest.write(raw, archives.write(raw, fetched))
    prepared = tmp_path / "shard.key.npy"
    shards.write(prepared, pictures)
    state = prepared.stat()
    held = {
        "state": [state.st_size, state.st_mtime_ns],
        "ids": list("abcd"),
        "hashes": [0, 1, 2, 2**64 - 1],
        "digests": [[n, 2**64 - 1] for n in range(4)],
        "pictures": 5,
        "cuts": {"whole": 4, "panels": 0, "overlap": 0},
        "left_out": [["a.png", "unreadable", "unreadable: no image"]],
    }
    prepared.with_suffix(".json").write_text(json.dumps(held))
    fitted().save(tmp_path / "quantiser.npz")
    (tmp_path / "evaluate.json").write_bytes((ROOT / "metrics/evaluate.json").read_bytes())
    (tmp_path / "pictures.csv").write_bytes(
        b"\n".join((ROOT / "metrics/pictures.csv").read_bytes().split(b"\n")[:6]) + b"\n"
    )
    shard, line = folder / "test-00000.npy", raw / "manifest.jsonl"
    npz, marker = tmp_path / "quantiser.npz", prepared.with_suffix(".json")
    scores, scored = tmp_path / "evaluate.json", tmp_path / "pictures.csv"
    columns = ("id", "psnr", "grey_psnr")
    return {
        "quantiser": Kind(npz, partial(Quantiser.load, npz), ZIP_TOKENS),
        "shard": Kind(shard, partial(shards.ShardReader, folder, "test"), NPY_TOKENS),
        "index": Kind(folder / "index.csv", partial(picture_ids, folder, "test"), CSV_TOKENS),
        "manifest": Kind(line, partial(manifest.read, raw), JSON_TOKENS),
        "marker": Kind(marker, partial(prepare.load, prepared, "train"), JSON_TOKENS),
        "metrics": Kind(scores, partial(inputs.numbers, scores), JSON_TOKENS),
        "table": Kind(scored, partial(inputs.table, scored, columns, text=["id"]), CSV_TOKENS),
    }


NAMES = ("quantiser", "shard", "index", "manifest", "marker", "metrics", "table")


def refusal(step: Callable[[], object], *names: str, quick_s: float = QUICK_S) -> str:
    """Give the one line of a refusal, or nothing where all is well."""
    start = time.process_time()
    message = ""
    try:
        step()
    except DataError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 500
        assert any(name in message for name in names), message
    assert time.process_time() - start < quick_s
    return message


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < PEAK
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", NAMES)
def test_mutants(kinds: dict[str, Kind], name: str, count: int) -> None:
    kind = kinds[name]
    whole = kind.path.read_bytes()
    assert kind.load()
    refused = 0
    with little_memory():
        for mutant in mutants(whole, count, seed=count, tokens=kind.tokens):
            kind.path.write_bytes(mutant)
            if name == "marker":  # a marker that is none counts as none
                refused += kind.load() is None
            else:
                refused += bool(refusal(kind.load, kind.path.name))
    assert refused > count / 5
    kind.path.write_bytes(whole)
    assert kind.load()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"\xff\xfe{\0}\0", b"PK\5\6" + bytes(18)])
def test_other_files(kinds: dict[str, Kind], name: str, content: bytes) -> None:
    kind = kinds[name]
    kind.path.write_bytes(content)
    if name == "marker":
        assert kind.load() is None
    elif name == "manifest" and not content:
        assert kind.load() == []
    else:
        assert refusal(kind.load, kind.path.name)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_in_its_place(kinds: dict[str, Kind], name: str) -> None:
    kind = kinds[name]
    kind.path.unlink()
    kind.path.mkdir()
    if name == "marker":
        assert kind.load() is None
    else:
        assert refusal(kind.load, kind.path.name)


@functools.cache
def fitted() -> Quantiser:
    """A small quantiser."""
    table = NeighbourTable.fit(bin_centres(40))
    counts = np.arange(len(table.centres))
    return Quantiser.fit(counts, table, step=40, sigma=5.0, prior_sigma=5.0, mix=0.5)


def arrays_of(made: Quantiser) -> dict[str, Any]:
    table = made.table
    arrays = {name: getattr(table, name) for name in ("centres", "candidates", "certain")}
    arrays |= {name: getattr(made, name) for name in ("prior", "smoothed", "weights", "tones")}
    return arrays | {name: np.array(value) for name, value in made.constants().items()}


def npz(**changes: Any) -> bytes:
    """A quantiser's file with other arrays, or without those that are None."""
    out = io.BytesIO()
    arrays = arrays_of(fitted()) | changes
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez_compressed(out, **kept)
    return out.getvalue()


def test_a_whole_quantiser_is_read(tmp_path: Path) -> None:
    (tmp_path / "quantiser.npz").write_bytes(npz())
    Quantiser.load(tmp_path / "quantiser.npz")


Q = len(bin_centres(40))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prior": None}, "its arrays are not"),
        ({"more": np.zeros(2)}, "its arrays are not"),
        ({"prior": np.full(Q, np.nan)}, "prior not shares of 1"),
        ({"prior": np.full(Q, 1.0)}, "prior not shares of 1"),
        ({"smoothed": np.full(Q, 1e308)}, "smoothed prior not shares of 1"),
        ({"weights": np.full(Q, np.inf)}, "weights not shares of 1"),
        ({"weights": np.full(Q, -1.0)}, "weights not shares of 1"),
        ({"tones": np.full((51, Q), 1.0)}, "tones not shares of 1"),
        ({"tones": np.full((51, Q), np.nan)}, "tones not shares of 1"),
        ({"tones": np.full((51, Q - 1), 1.0)}, "tones is float64"),
        ({"weights": np.full(Q, 1.0, np.complex128)}, "weights is complex128"),
        ({"weights": np.full(Q, 1.0, np.float32)}, "weights is float32"),
        ({"weights": np.full(Q - 1, 1.0)}, "weights is float64"),
        ({"centres": np.zeros((0, 2), np.int64)}, "is float64"),
        ({"centres": np.full((Q, 2), 2**62)}, "centres not within"),
        ({"candidates": np.full((221, 221, 5), Q, np.int16)}, "candidates not within"),
        ({"candidates": np.full((221, 221, 5), -1, np.int16)}, "nearest candidates not within"),
        ({"candidates": np.zeros((221, 221, 0), np.int16)}, "neighbours out of range"),
        ({"candidates": np.zeros((9, 9, 9), np.int16)}, "candidates is int16"),
        ({"certain": np.full((221, 221), -2, np.int16)}, "certain not within"),
        ({"neighbours": np.array(99)}, "neighbours out of range"),
        ({"neighbours": np.array([5, 5])}, "neighbours is int64"),
        ({"step": np.array(0)}, "step out of range"),
        ({"sigma": np.array(np.nan)}, "sigma out of range"),
        ({"prior_sigma": np.array(-1.0)}, "prior_sigma out of range"),
        ({"mix": np.array("x")}, "mix is"),
        ({"mix": np.array([{}], object)}, "Python object|object"),
    ],
)
def test_a_quantiser_of_other_arrays(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "quantiser.npz"
    path.write_bytes(npz(**change))
    with pytest.raises(DataError, match=words) as caught:
        Quantiser.load(path)
    assert str(path) in str(caught.value)


def repacked(content: bytes, name: str, member: bytes, lie: int | None = None) -> bytes:
    """The archive with another member under this name, whose directory may lie about its size."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for info in old.infolist():
            new.writestr(info.filename, member if info.filename == name else old.read(info))
        if lie is not None:
            new.getinfo(name).file_size = lie
    return out.getvalue()


@pytest.mark.parametrize("lie", [None, 1000])
def test_a_bomb_in_a_quantiser(tmp_path: Path, lie: int | None) -> None:
    path = tmp_path / "quantiser.npz"
    path.write_bytes(repacked(npz(), "prior.npy", bytes(300 << 20), lie))
    with little_memory():
        assert refusal(partial(Quantiser.load, path), "quantiser.npz")


def test_a_header_that_promises_terabytes(kinds: dict[str, Kind]) -> None:
    header = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 8, 8, 3)}
    np.lib.format.write_array_header_1_0(header, described)
    kinds["shard"].path.write_bytes(header.getvalue())
    npz_path = kinds["quantiser"].path
    npz_path.write_bytes(repacked(npz(), "prior.npy", header.getvalue()))
    with little_memory():
        for name in ("shard", "quantiser"):
            assert "does not fit" in refusal(kinds[name].load, kinds[name].path.name)


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, 99)])
def test_an_encrypted_member_and_an_unknown_compression(
    tmp_path: Path, place: int, value: int
) -> None:
    content = bytearray(npz())
    content[content.index(b"PK\1\2") + place] = value
    path = tmp_path / "quantiser.npz"
    path.write_bytes(content)
    assert refusal(partial(Quantiser.load, path), "quantiser.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"begin": 10**30},
        {"begin": True},
        {"size": 2**63},
        {"width": -1},
        {"archive": "a\0b"},
        {"archive": "."},
        {"archive": ".."},
        {"archive": "a\\b"},
        {"archive": "C:a"},
        {"id": "\ud800"},
        {"sha256": "zz"},
        {"sha256": ""},
    ],
)
def test_a_manifest_of_other_values(kinds: dict[str, Kind], change: dict[str, Any]) -> None:
    kind = kinds["manifest"]
    lines = kind.path.read_text("utf-8").splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | change)
    kind.path.write_text("\n".join(lines))
    assert "manifest.jsonl:2" in refusal(kind.load, "manifest.jsonl:2")


def test_a_manifest_line_without_an_end(kinds: dict[str, Kind]) -> None:
    kind = kinds["manifest"]
    with kind.path.open("r+b") as file:
        file.truncate(4 << 30)  # a hole: no disk is filled
    with little_memory():
        assert "more than" in refusal(kind.load, "manifest.jsonl:5")


@pytest.mark.parametrize(
    "change",
    [
        {"ids": ["a"]},
        {"ids": [1, 2, 3, 4]},
        {"hashes": [2**64, 0, 0, 0]},
        {"hashes": [-1, 0, 0, 0]},
        {"hashes": [1.0, 0, 0, 0]},
        {"digests": [[1, 2, 3]] * 4},
        {"left_out": [["a"]]},
        {"pictures": "5"},
        {"cuts": {"torn": 1}},
        {"state": "x"},
        {"more": 1},
        {"ids": [], "hashes": [], "digests": []},
        {"ids": ["a"] * 3, "hashes": [1] * 3, "digests": [[1, 2]] * 3},
    ],
)
def test_a_marker_of_other_values(kinds: dict[str, Kind], change: dict[str, Any]) -> None:
    kind = kinds["marker"]
    kind.path.write_text(json.dumps(json.loads(kind.path.read_text()) | change))
    done = kind.load()
    if change.get("ids") == []:  # rows of which nothing is said
        assert isinstance(done, prepare.Prepared)
        assert (done.ids, done.hashes, done.digests, done.pictures) == ([], [], [], 5)
    else:
        assert done is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id\n", "columns"),
        ("shard,row,id,split\n", "row 0 of test-00000.npy is missing"),
        ("shard,row,id,split\ntest-00000.npy,0\n", "damaged"),
        ("shard,row,id,split\ntest-00000.npy,1,x,test\n", "row 0 of test-00000.npy is missing"),
        ('shard,row,id,split\ntest-00000.npy,0,"x', "damaged"),
    ],
)
def test_an_index_of_other_rows(kinds: dict[str, Kind], text: str, words: str) -> None:
    kind = kinds["index"]
    whole = kind.path.read_text()
    kind.path.write_text(whole + "test-00000.npy,4,x,test\n")
    assert "row 4 of test-00000.npy does not exist" in refusal(kind.load, "index.csv")
    kind.path.write_text(text)
    assert words in refusal(kind.load, "index.csv")


def test_odd_ids_are_read_back_as_written(tmp_path: Path) -> None:
    folder = tmp_path / "resized"
    shards.write(folder / "test-00000.npy", np.zeros((len(ODD), 8, 8, 3), np.uint8))
    files.write_table(
        folder / "index.csv",
        (
            {"shard": "test-00000.npy", "row": row, "id": identity, "split": "test"}
            for row, identity in enumerate(ODD)
        ),
    )
    assert picture_ids(folder, "test") == list(ODD)
    path = tmp_path / "pictures.csv"
    files.write_table(path, ({"id": identity, "psnr": 0.1} for identity in ODD))
    assert [row["id"] for row in inputs.table(path, ["id", "psnr"], text=["id"])] == list(ODD)


def test_pictures_are_numbered_from_either_end(kinds: dict[str, Kind]) -> None:
    folder = kinds["shard"].path.parent
    shards.write(folder / "test-00001.npy", np.full((2, 8, 8, 3), 7, np.uint8))
    reader = shards.ShardReader(folder, "test")
    assert len(list(reader)) == len(reader) == 6
    for position in range(-6, 6):
        np.testing.assert_array_equal(reader[position], list(reader)[position])
    for position in (6, -7, 2**40):
        with pytest.raises(IndexError, match="of 6"):
            reader[position]


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay down what the report stage reads."""
    monkeypatch.setattr(sys, "argv", ["report"])
    folder, metrics = tmp_path / "data" / "resized", tmp_path / "metrics"
    rng = np.random.default_rng(0)
    shards.write(folder / "test-00000.npy", rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8))
    files.write_table(
        folder / "index.csv",
        (
            {"shard": "test-00000.npy", "row": row, "id": identity, "split": "test"}
            for row, identity in enumerate(ODD[3:5])
        ),
    )
    tiny_model().save(tmp_path / "models" / "colorizer.safetensors")
    files.write_metrics(metrics / "evaluate.json", numbers())
    scores = dict.fromkeys(numbers()["model"], 1.5) | {"grey_psnr": 1.0}
    files.write_table(metrics / "pictures.csv", ({"id": name} | scores for name in ODD[3:5]))
    files.write_table(
        metrics / "errors.csv", ({"error": e, "model": 50 + e, "grey": 40} for e in range(4))
    )
    for name in ("adjustment", "temperature"):
        files.write_table(metrics / f"{name}.csv", ({name: x, "psnr": 20} for x in (0.2, 1)))
    files.write_table(
        metrics / "hints.csv", ({"hints": n, "psnr": 20, "ciede2000": 9} for n in (0, 1))
    )
    files.write_bytes(metrics / "gallery" / "planes.png", b"png")
    return tmp_path


def test_the_report_of_odd_ids(judged: Path) -> None:
    report.main(judged)
    assert (judged / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evaluate.json", b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n"),
        ("evaluate.json", b"{}"),
        ("evaluate.json", b"[" * 100_000),
        ("evaluate.json", b'{"temperature": {"model": 0}}'),
        ("evaluate.json", b'{"temperature": 5}'),
        ("evaluate.json", b'{"temperature": {"model": 0.4}, "truth": 3}'),
        ("adjustment.csv", b"nothing\n1\n"),
        ("errors.csv", b"error,model\n"),
        ("errors.csv", b"error,model,$x^$\n0,1,2\n"),
        ("errors.csv", "error,model\n0,1\n".encode("utf-16")),
        ("errors.csv", b"error,model\n0,1e300\n"),
        ("temperature.csv", b"temperature,nothing\n1,2\n"),
        ("hints.csv", b"hints\n0\n1\n"),
        ("hints.csv", b"psnr,ciede2000\n20,5\n"),
        ("pictures.csv", b"id,psnr,grey_psnr\nx,1,2\n"),
        ("pictures.csv", b"id,psnr\n"),
    ],
)
def test_a_report_of_damaged_metrics(judged: Path, name: str, content: bytes) -> None:
    (judged / "metrics" / name).write_bytes(content)
    with pytest.raises(DataError, match=f"metrics/{name}|or a table beside it") as caught:
        report.main(judged)
    assert str(caught.value).isprintable()
    assert not (judged / "report.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["evaluate.json", "errors.csv", "hints.csv", "temperature.csv", "pictures.csv"]
)
def test_a_report_of_mutants(judged: Path, name: str) -> None:
    path = judged / "metrics" / name
    tokens = JSON_TOKENS if name == "evaluate.json" else CSV_TOKENS
    for mutant in mutants(path.read_bytes(), 50, seed=1, tokens=tokens):
        path.write_bytes(mutant)
        written = judged / "report.html"
        written.unlink(missing_ok=True)
        message = refusal(partial(report.main, judged), "metrics/", quick_s=30)
        assert written.exists() != bool(message)
