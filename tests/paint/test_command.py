"""The command, as a function where that will do and as a process where it must be one."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from colorize.__main__ import main
from colorize.commands import colour
from colorize.commands.console import FAILED, INTERRUPTED, REFUSED
from colorize.model.weights import Model
from colorize.paint.opening import MAX_SIDE
from colorize.weights import registry
from tests.imports import ROOT
from tests.models import is_orange, tiny_model
from tests.paint.conftest import seen
from tests.paint.zips import Item, grey_page, packed

Encoded = Callable[..., bytes]
MEASURED = """
import resource, sys
from colorize.__main__ import main
status = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
size = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(size, used.ru_utime + used.ru_stime)
sys.exit(status)
"""
GIB = 1 << 30
FROM_HERE = os.environ | {"PYTHONPATH": str(ROOT)}
"""Environment of a program in any folder."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, orange_model: Model) -> str:
    path = tmp_path_factory.mktemp("model") / "orange.safetensors"
    orange_model.save(path)
    return str(path)


@pytest.fixture
def page(encoded: Encoded) -> Callable[..., bytes]:
    """A grey page, different for every number."""

    def draw(number: int = 0, height: int = 120, width: int = 80, kind: str = "PNG") -> bytes:
        grey = np.random.default_rng(number).integers(90, 160, (height // 8, width // 8))
        return encoded(np.kron(grey, np.ones((8, 8))).astype(np.uint8), kind)

    return draw


def bind(path: Path, pages: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for number, content in enumerate(pages):
            file.writestr(zipfile.ZipInfo(f"{number:03}.png"), content)
    return path


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "colorize", *map(str, arguments)]


def test_a_page(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "頁.png", tmp_path / "out" / "painted.png"
    source.write_bytes(page())
    assert main([str(source), "-o", str(target), "--model", model]) == 0
    assert is_orange(target)
    assert capsys.readouterr().out == "1 painted\n"


def test_a_folder_with_everything_in_it(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails is told, does not stop the rest, and shows in the exit status."""
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "第一章").mkdir(parents=True)
    (folder / "第一章" / "1.png").write_bytes(page(1))
    (folder / "2.jpg").write_bytes(page(2, kind="JPEG"))
    (folder / "3.png").write_bytes(b"no picture")
    bind(folder / "good.cbz", [page(3), page(4)])
    (folder / "bad.cbz").write_bytes(b"no archive")
    assert main([str(folder), "-o", str(out), "--model", model, "--json"]) == FAILED
    told = capsys.readouterr()
    results = [json.loads(line) for line in told.out.splitlines()]
    assert {(Path(r["source"]).name, r["page"]): r["outcome"] for r in results} == {
        ("1.png", ""): "painted",
        ("2.jpg", ""): "painted",
        ("3.png", ""): "failed",
        ("good.cbz", "000.png"): "painted",
        ("good.cbz", "001.png"): "painted",
        ("bad.cbz", ""): "failed",
    }
    assert len(told.err.splitlines()) == 2
    assert "3.png: unreadable" in told.err
    assert is_orange(out / "第一章" / "1.png")
    assert seen(out) == ["2.jpg", "good.cbz", "第一章"]


def test_what_is_there_is_kept_unless_it_may_be_replaced(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(page())
    bind(tmp_path / "in" / "b.cbz", [page()])
    for name in ("1.png", "b.cbz"):
        (tmp_path / "out" / name).write_bytes(b"mine")
    arguments = [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", model]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "2 kept\n"
    assert {path.read_bytes() for path in (tmp_path / "out").iterdir()} == {b"mine"}
    assert main([*arguments, "--overwrite"]) == 0
    assert capsys.readouterr().out == "2 painted\n"
    assert is_orange(tmp_path / "out" / "1.png")


def test_options_reach_the_page(tmp_path: Path, model: str, page: Callable[..., bytes]) -> None:
    source = tmp_path / "1.png"
    source.write_bytes(page())

    def painted(name: str, *options: str) -> tuple[int, ...]:
        target = tmp_path / name
        assert main([str(source), "-o", str(target), "--model", model, *options]) == 0
        with Image.open(target) as image:
            rgb = image if image.mode == "RGBA" else image.convert("RGB")
            return np.asarray(rgb).shape

    assert painted("grey.png", "--saturation", "0", "--no-snap", "--side", "32") == (120, 80, 3)
    assert not is_orange(tmp_path / "grey.png")
    assert painted("both.png", "--compare", "--temperature", "1") == (120, 160, 3)
    assert painted("layer.png", "--layer") == (120, 80, 4)


def test_every_option_of_the_look_reaches_the_painter(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """The record tells results apart by what the painter has."""
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png"), "--model", model]
    assert main(arguments) == 0
    looks = {
        "temperature": ["--temperature", "0.5"],
        "adjustment": ["--adjustment", "0.2"],
        "hues": ["--hues", "0.9"],
        "brightness": ["--brightness", "1.5"],
        "saturation": ["--saturation", "2"],
        "side": ["--side", "96"],
        "snap": ["--no-snap"],
        "recolour": ["--recolour", "all"],
        "domain": ["--domain", "grey"],
        "tone": ["--tone", "0.5"],
        "palette": ["--palette", "#102030"],
    }
    assert set(looks) == set(colour.LOOK)
    for name, words in looks.items():
        capsys.readouterr()
        assert main([*arguments, *words]) == 0
        assert "another model or other options" in capsys.readouterr().err, name


def reddish(path: Path) -> NDArray[np.uint8]:
    """Save a grey page with a red square."""
    page = np.full((300, 200, 3), 150, np.uint8)
    page[100:140, 100:140] = (215, 30, 40)
    Image.fromarray(page).save(path)
    return page


@pytest.mark.parametrize("recolour", ["", "grey", "all", "none"])
@pytest.mark.parametrize("form", ["", "--layer"])
def test_recolour(tmp_path: Path, model: str, recolour: str, form: str) -> None:
    page = reddish(tmp_path / "1.png")
    options = ["--recolour", recolour] if recolour else []
    options += [form] if form else []
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png"), "--model", model]
    assert main([*arguments, *options]) == 0
    with Image.open(tmp_path / "2.png") as image:
        painted = np.asarray(image.convert("RGBA"))
    red, grey = painted[102:138, 102:138], painted[200:280, 20:80]
    if recolour == "none":
        assert form or (tmp_path / "2.png").read_bytes() == (tmp_path / "1.png").read_bytes()
        assert not form or not painted[..., 3].any()
        return
    assert (np.ptp(grey[..., :3], axis=2) > 50).all()
    if recolour == "all":
        assert (grey[..., 3] == 255).all()
        assert (red[..., 3] == 255).all()
        assert (red[..., :3] != page[120, 120]).any(axis=2).all()
    elif form:
        assert not red[..., 3].any()
    else:
        assert (red[..., :3] == page[120, 120]).all()


@pytest.mark.parametrize("wrong", ["greys", "", "All"])
def test_recolour_has_three_values(
    tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reddish(tmp_path / "1.png")
    with pytest.raises(SystemExit, match=str(REFUSED)):
        main([str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png"), "--recolour", wrong])
    assert "--recolour: invalid choice" in capsys.readouterr().err


def test_device(tmp_path: Path, model: str, page: Callable[..., bytes]) -> None:
    """On the processor where that is asked for: the same bytes as in any run without a GPU."""
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "--model", model]
    assert main([*arguments, "-o", str(tmp_path / "cpu.png"), "--device", "cpu"]) == 0
    assert is_orange(tmp_path / "cpu.png")
    if not torch.cuda.is_available():
        assert main([*arguments, "-o", str(tmp_path / "any.png")]) == 0
        assert (tmp_path / "any.png").read_bytes() == (tmp_path / "cpu.png").read_bytes()


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:99", "mps", "tpu", "meta", ""])
def test_a_device_that_is_not_there_is_one_line(
    tmp_path: Path,
    model: str,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
    device: str,
) -> None:
    if device in {"cuda", "cuda:0"} and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    (tmp_path / "1.png").write_bytes(page())
    target = tmp_path / "out" / "2.png"
    arguments = [str(tmp_path / "1.png"), "-o", str(target), "--model", model, "--device", device]
    status, told, why = run(arguments, capsys)
    assert (status, told, why.count("\n")) == (REFUSED, "", 1)
    if device.startswith("cuda"):
        assert f"there is no GPU {device} that PyTorch can use" in why
    else:
        assert "is no device: cpu and cuda are" in why
    assert not target.parent.exists()


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(arguments)
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_failed_page_is_tried_again_and_says_so_until_it_is_repaired(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "1.png").write_bytes(page(1))
    (folder / "2.png").write_bytes(page(2)[:-100])
    arguments = [str(folder), "-o", str(out), "--model", model]
    assert run(arguments, capsys)[:2] == (FAILED, "1 failed, 1 painted\n")
    for options in ([], ["--saturation", "0.5"]):
        status, told, _ = run([*arguments, *options], capsys)
        assert (status, told) == (FAILED, "1 failed, 1 kept\n")
    (folder / "2.png").write_bytes(page(2))
    assert run(arguments, capsys)[:2] == (0, "1 kept, 1 painted\n")
    assert is_orange(out / "2.png")
    good = (out / "2.png").read_bytes()
    (folder / "2.png").write_bytes(page(2)[:-100])
    assert run([*arguments, "--overwrite"], capsys)[:2] == (FAILED, "1 failed, 1 painted\n")
    assert (out / "2.png").read_bytes() == good


def test_a_book_with_a_failed_page_is_painted_again_where_that_may_help(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "b.cbz", tmp_path / "out.cbz"
    bind(source, [page(1), b"no picture"])
    arguments = [str(source), "-o", str(target), "--model", model]
    assert run(arguments, capsys)[:2] == (FAILED, "1 failed, 1 painted\n")
    status, told, why = run(arguments, capsys)
    assert (status, told) == (FAILED, "1 failed\n")
    assert "1 of its pages failed before; --overwrite tries them again" in why
    status, told, _ = run([*arguments, "--saturation", "0.5"], capsys)
    assert (status, told) == (FAILED, "1 failed, 1 painted\n")
    bind(source, [page(1), page(2)])
    assert run(arguments, capsys)[:2] == (0, "2 painted\n")
    assert run(arguments, capsys)[:2] == (0, "1 kept\n")


def test_it_says_why_results_are_kept(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(page(number))
    (out / "0.png").write_bytes(b"mine")
    arguments = [str(folder), "-o", str(out), "--model", model]
    assert main(arguments) == 0
    assert "1 kept: there already, and not known to be painted" in capsys.readouterr().err
    (folder / "1.png").write_bytes(page(9))
    for options, reason in ([], "same model"), (["--side", "32"], "another model or other options"):
        status, _, why = run([*arguments, *options], capsys)
        assert status == 0
        assert f"1 kept: painted before with {'the ' * (not options)}{reason}" in why
        assert "1 kept: painted before, and the original has changed since" in why
        assert why.count("--overwrite paints again") == 3


def test_json_names_no_target_that_is_not_there(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "bad.cbz").write_bytes(b"Rar!\x1a\x07\0")
    bind(folder / "none.cbz", [b"no picture"])
    bind(folder / "good.cbz", [page(1), b"no picture"])
    arguments = [str(folder), "-o", str(tmp_path / "out"), "--model", model, "--json"]
    status, told, why = run(arguments, capsys)
    results = [json.loads(line) for line in told.splitlines()]
    assert status == FAILED
    targets = {result["target"] for result in results}
    assert targets == {"", str(tmp_path / "out" / "good.cbz")}
    assert all(Path(target).is_file() for target in targets - {""})
    assert " at 0x" not in told + why
    for line in why.splitlines():
        assert line.count(str(tmp_path)) == 1


def test_names_are_escaped_on_terminals(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "\x1b]0;PWNED\x07\x1b[31m\n\x1b[2K1 painted\u202e.png"
    path = tmp_path / "esc.cbz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, b"no picture")
    status, _, why = run([str(path), "-o", str(tmp_path / "out"), "--model", model], capsys)
    assert status == FAILED
    assert all(letter.isprintable() for line in why.splitlines() for letter in line)
    assert "\\x1b]0;PWNED\\x07" in why
    assert len(why.splitlines()) == 2


def test_what_cannot_be_read_is_told_and_stops_nothing(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Links out of the folder, links to themselves, pipes, and folders nobody may open."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "1.png").write_bytes(page())
    (tmp_path / "secret.png").write_bytes(page(1))
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "same.png").symlink_to(folder / "1.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "notes.txt").touch()
    (folder / "b.cbr").write_bytes(b"Rar!\x1a\x07\0")
    status, told, why = run([str(folder), "-o", str(out), "--model", model], capsys)
    assert (status, told) == (FAILED, "3 failed, 2 painted\n")
    assert "loop.png: unreadable: it is no file" in why
    assert "out.png: unreadable: it is a link that leads out of the folder" in why
    assert "left as they are: 1 .cbr, 1 .txt (to paint a book, unpack it and pack" in why
    assert seen(out) == ["1.png", "same.png"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that other users may read and write, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
def test_locked_folders_and_files_are_told(
    open_folder: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """As another user where root runs the tests, for whom nothing is locked."""
    folder, out = open_folder / "in", open_folder / "out"
    (folder / "shut").mkdir(parents=True)
    for name in ("1.png", "locked.png", "shut/2.png", "z.png"):
        (folder / name).write_bytes(page())
    bind(folder / "locked.cbz", [page()])
    shutil.copy(model, open_folder / "model.safetensors")
    arguments = ["-o", str(out), "--model", str(open_folder / "model.safetensors")]
    first = str(open_folder / "first.png")  # whatever is imported late is imported now
    assert main([str(folder / "1.png"), "-o", first, *arguments[2:]]) == 0
    capsys.readouterr()
    for name in ("locked.png", "locked.cbz", "shut"):
        (folder / name).chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        status, told, why = run([str(folder), *arguments], capsys)
    finally:
        os.seteuid(user)
        (folder / "shut").chmod(0o700)
    assert (status, told) == (FAILED, "3 failed, 2 painted\n")
    for name in ("locked.png", "locked.cbz", "shut"):
        (line,) = (line for line in why.splitlines() if f"{folder / name}: " in line)
        assert "Permission denied" in line
    assert len(why.splitlines()) == 3
    assert seen(out) == ["1.png", "z.png"]


def test_a_folder_that_vanishes_or_fails_is_told(
    tmp_path: Path,
    model: str,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder goes while the others are looked at, and a disk gives an error for another one."""
    folder = tmp_path / "in"
    for name in ("a", "gone", "worn", "z"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(page())
    scandir = os.scandir

    def failing(path: Any = ".") -> Any:
        name = "" if isinstance(path, int) else Path(path).name
        if name == "a":
            shutil.rmtree(folder / "gone")
        if name == "worn":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    arguments = [str(folder), "-o", str(tmp_path / "out"), "--model", model]
    status, told, why = run(arguments, capsys)
    assert (status, told) == (FAILED, "2 failed, 2 painted\n")
    assert f"{folder / 'gone'}: unreadable: No such file or directory" in why
    assert f"{folder / 'worn'}: unreadable: Input/output error" in why
    assert seen(tmp_path / "out") == ["a", "z"]


def test_folders_as_deep_as_a_disk_allows(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    deep = tmp_path / "in"
    deep.mkdir()
    for _ in range(1100):
        deep /= "d"
        deep.mkdir()
    (deep / "1.png").write_bytes(page())
    try:
        assert main([str(tmp_path / "in"), "-o", str(tmp_path / "o"), "--model", model]) == 0
        assert (tmp_path / "o" / deep.relative_to(tmp_path / "in") / "1.png").is_file()
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "in", tmp_path / "o"], check=True)


def test_results_have_the_rights_of_new_files(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(page())
    bind(tmp_path / "in" / "b.cbz", [page()])
    before = os.umask(0o077)
    try:
        assert main([str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", model]) == 0
    finally:
        os.umask(before)
    for path in (tmp_path / "out").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_page_where_a_folder_is_in_the_way_stops_nothing(
    tmp_path: Path, model: str, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    for name in ("1.png", "2.png", "a/3.png"):
        (tmp_path / "in" / name).write_bytes(page())
    (tmp_path / "out" / "1.png").mkdir(parents=True)
    (tmp_path / "out" / "a").touch()
    status, told, why = run(
        [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", model], capsys
    )
    assert (status, told) == (FAILED, "2 failed, 1 painted\n")
    assert "1.png: unwritable: Is a directory" in why


def test_dry_run_and_version_paint_nothing(
    tmp_path: Path, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "out")]
    status, told, _ = run([*arguments, "--dry-run"], capsys)
    assert (status, told) == (0, f"{arguments[0]} -> {tmp_path / 'out' / '1.png'}\n")
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("colorize ")


def test_an_unreadable_model_is_not_a_missing_one(
    tmp_path: Path, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png"), "--model", str(tmp_path)]
    status, _, why = run(arguments, capsys)
    assert (status, why.count("\n")) == (REFUSED, 1)
    assert f"{tmp_path} cannot be read: " in why


def test_a_reader_that_goes_away_is_no_error_to_talk_of(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    """As in `colorize --json ... | head -1`."""
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(page(number))
    arguments = command(tmp_path / "in", "-o", tmp_path / "out", "--model", model, "--json")
    with subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["outcome"] == "painted"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == FAILED
    assert [name for name in seen(tmp_path / "out") if name.startswith(".")] == []


def test_without_a_model_it_says_how_to_get_one(
    tmp_path: Path,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "FOLDER", tmp_path)  # without shipped weights
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png")]
    assert main(arguments, root=tmp_path) == REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "`make repro`" in said
    assert main([*arguments, "--model", str(tmp_path / "1.png")]) == REFUSED
    assert "no readable model" in capsys.readouterr().err


WRONG: list[list[str]] = [
    [],
    ["1.png"],
    ["nothere.png", "-o", "x"],
    ["1.png", "-o", "x", "--temperature", "0"],
    ["1.png", "-o", "x", "--temperature", "nan"],
    ["1.png", "-o", "x", "--saturation", "-1"],
    ["1.png", "-o", "x", "--hues", "1.1"],
    ["1.png", "-o", "x", "--brightness", "0"],
    ["1.png", "-o", "x", "--side", "3.5"],
    ["1.png", "-o", "x", "--layer", "--compare"],
    ["1.png", "-o", "x", "--learn"],
    ["1.png", "-o", "x", "--learn", "--book", "b"],
    ["1.png", "-o", "x", "--dry-run", "--json"],
    ["1.png", "-o", "1.png"],
    ["", "-o", "x"],
    ["1.png", "-o", ""],
    [".", "-o", "x.png"],
]


def test_wrong_arguments_are_one_line_and_a_status(tmp_path: Path) -> None:
    """As a process, whose exit status is the command's."""
    done = subprocess.run(
        command(*WRONG[2]), cwd=tmp_path, capture_output=True, text=True, env=FROM_HERE
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (REFUSED, "", 1)
    assert done.stderr.startswith("colorize: ")


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, str, bool]]:
    """Status, words, and whether torch is imported by then: a new interpreter tries all `WRONG`."""
    code = """
import contextlib, io, json, sys
from colorize.__main__ import main
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            status = main(arguments)
        except SystemExit as ended:  # of the parser
            status = ended.code
    print(json.dumps([status, said.getvalue(), "torch" in sys.modules]))
"""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "1.png").touch()
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(WRONG)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=FROM_HERE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in folder.iterdir()] == ["1.png"]
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[" ".join(wrong) for wrong in WRONG])
def test_wrong_arguments_are_one_line_before_torch_is_imported(
    refusals: list[tuple[object, str, bool]], number: int
) -> None:
    status, said, torch_is_there = refusals[number]
    assert (status, torch_is_there) == (REFUSED, False)
    assert said.splitlines()[-1].startswith("colorize: ")
    assert "Traceback" not in said


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="a process is asked for what it has used")
def test_it_starts_in_three_seconds(tmp_path: Path, model: str, page: Callable[..., bytes]) -> None:
    """With its model and one small page: processor time, because others use this machine too.

    One thread's, so the run takes this long where a core is free. The best of three, because a busy
    machine has cold caches; the same of a bare import of PyTorch tells how much slower it is.
    """
    (tmp_path / "1.png").write_bytes(page())
    ours, torch_alone = [], []
    for number in range(3):
        target = tmp_path / f"out{number}.png"
        ours.append(used(command(tmp_path / "1.png", "-o", target, "--model", model)))
        assert target.exists()
        torch_alone.append(used([sys.executable, "-c", "import torch"]))
        if min(ours) < 3:
            break
    assert min(ours) < max(3, 1.5 * min(torch_alone))


FROZEN = """
import gc, sys
from colorize.__main__ import main
status = main(sys.argv[1:])
print(gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects()))
sys.exit(status)
"""


def test_the_objects_of_torch_are_kept_from_the_garbage_collector(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "out.png"), "--model", model]
    done = subprocess.run(
        [sys.executable, "-c", FROZEN, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    enabled, frozen, left = done.stdout.split()[-3:]
    assert enabled == "True"
    assert int(left) < int(frozen) / 10


def used(arguments: list[str]) -> float:
    """Run a program well, and give its processor time in seconds."""
    process = subprocess.Popen(arguments, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # or it would be waited for again
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path,
    encoded: Encoded,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Real kills, among the pages of a folder and then among those of a book in it.

    Inked pages lie among grey ones, before and after each kill.
    """
    source, out, model_file = tmp_path / "in", tmp_path / "out", tmp_path / "m.safetensors"
    tiny_model(domains=["grey", "ink"]).save(model_file)
    source.mkdir()
    pages = [
        encoded(inked_page(np.random.default_rng(number))) if number % 2 else page(number, 300, 200)
        for number in range(10)
    ]
    bind(source / "b.cbz", pages)
    for number, content in enumerate(pages[:6]):
        (source / f"{number}.png").write_bytes(content)
    arguments = command(source, "-o", out, "--model", model_file)
    for painted in ("?.png", ".b.cbz.painting/0000?"):
        process = subprocess.Popen(arguments, cwd=ROOT)
        while len(list(out.glob(painted))) < 3:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (out / "b.cbz").exists()
    done = subprocess.run([*arguments, "--json"], check=True, cwd=ROOT, stdout=subprocess.PIPE)
    outcomes = [json.loads(line)["outcome"] for line in done.stdout.splitlines()]
    assert (outcomes.count("kept"), outcomes.count("painted")) == (6, 10)

    unbroken = tmp_path / "unbroken"
    status, told, _ = run(
        [str(source), "-o", str(unbroken), "--model", str(model_file), "--json"], capsys
    )
    assert status == 0
    domains = [json.loads(line)["domain"] for line in told.splitlines()]
    assert (domains.count("grey"), domains.count("ink")) == (8, 8)
    assert seen(out) == seen(unbroken) == [*(f"{number}.png" for number in range(6)), "b.cbz"]
    for name in seen(unbroken):
        assert (out / name).read_bytes() == (unbroken / name).read_bytes()


@pytest.mark.parametrize("form", [[], ["--layer"]])
def test_a_page_that_is_not_painted_has_no_domain(
    tmp_path: Path,
    model: str,
    encoded: Encoded,
    form: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "1.png").write_bytes(encoded(np.full((80, 60, 3), (200, 60, 40), np.uint8)))
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "o.png"), "--model", model, "--json"]
    status, said, _ = run([*arguments, *form], capsys)
    line = json.loads(said)
    assert (status, line["outcome"], line["domain"]) == (0, "coloured", "")


def test_inked_pages_that_a_book_leaves_alone_are_told_of(
    tmp_path: Path,
    encoded: Encoded,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, model_file = tmp_path / "in", tmp_path / "m.safetensors"
    tiny_model(domains=["grey", "ink"]).save(model_file)
    source.mkdir()
    for number in range(2):
        inked = encoded(inked_page(np.random.default_rng(number)))
        (source / f"{number}.png").write_bytes(inked)
    (source / "2.png").write_bytes(page(2, 300, 200))
    hints = [{"page": "0.png", "x": 0.2, "y": 0.2, "color": "#c04020"}]
    (tmp_path / "hints.json").write_text(json.dumps({"hints": hints}))
    base = [str(source), "-o", str(tmp_path / "out"), "--model", str(model_file)]
    told = "colorize: inked pages, which take no colours from the colour book: 2\n"
    book = ["--book", str(tmp_path / "b.book"), "--learn", "--hints", str(tmp_path / "hints.json")]
    status, _, said = run([*base, *book], capsys)
    assert (status, said) == (0, told)
    status, _, said = run([*base, "--overwrite"], capsys)
    assert (status, said) == (0, "")


def inked_page(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A page (900, 640) of panels with outlines, a screen of dots and a balloon with signs."""
    drawn = np.full((900, 640), 255, np.uint8)
    for top in (30, 470):
        drawn[top + 200 : top + 360 : 5, 40:600:5] = 0
        cv2.rectangle(drawn, (30, top), (610, top + 400), 0, 3)
        for _ in range(6):
            x, y = rng.integers(80, 560), rng.integers(top + 40, top + 360)
            cv2.circle(drawn, (int(x), int(y)), int(rng.integers(15, 60)), 0, 3)
        cv2.ellipse(drawn, (500, top + 120), (60, 80), 0, 0, 360, 255, -1)
        cv2.ellipse(drawn, (500, top + 120), (60, 80), 0, 0, 360, 0, 2)
        for sign in range(4):
            cv2.putText(drawn, "B", (490, top + 80 + 28 * sign), cv2.FONT_HERSHEY_PLAIN, 2, 0, 3)
    return drawn


def laid(folder: Path, page: Callable[..., bytes], count: int) -> Path:
    """Make a folder of pages that take a while."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:02}.png").write_bytes(page(number, 600, 400))
    return folder


def starting(arguments: list[str], pattern: Path) -> "subprocess.Popen[str]":
    """Start the command, and wait until a file is there."""
    process = subprocess.Popen(arguments, cwd=ROOT, text=True, stderr=subprocess.PIPE)
    while not list(pattern.parent.glob(pattern.name)):
        assert process.poll() is None, "it ended before it began"
        time.sleep(0.01)
    return process


def test_ctrl_c_says_that_the_same_command_resumes(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    source = laid(tmp_path / "in", page, 12)
    arguments = command(source, "-o", tmp_path / "out", "--model", model)
    process = starting(arguments, tmp_path / "out" / "??.png")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert said.splitlines()[-1] == "colorize: interrupted; the same command resumes from here"
    assert "Traceback" not in said
    assert main(arguments[3:]) == 0
    assert seen(tmp_path / "out") == [f"{n:02}.png" for n in range(12)]


def test_a_full_disk_says_so_too(
    tmp_path: Path,
    model: str,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "1.png").write_bytes(page())
    monkeypatch.setattr("os.fsync", full)
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "o.png"), "--model", model]
    status, _, why = run(arguments, capsys)
    assert (status, why.count("\n")) == (FAILED, 1)
    assert why.endswith("No space left on device; the same command resumes from here\n")


def test_two_runs_on_one_book(
    tmp_path: Path,
    model_path: Path,
    page: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second one says in a line that the book is being painted; every page is painted once."""
    book = bind(tmp_path / "b.cbz", [page(number, 600, 400) for number in range(6)])
    arguments = command(book, "-o", tmp_path / "out", "--model", model_path)
    first = starting(arguments, tmp_path / "out" / ".b.cbz.painting" / "0000?")
    first.send_signal(signal.SIGSTOP)
    status, told, why = run(arguments[3:], capsys)
    first.send_signal(signal.SIGCONT)
    first.communicate()
    assert first.returncode == 0
    assert (status, told, why.count("\n")) == (FAILED, "1 failed\n", 1)
    assert "is being painted by another run" in why
    alone = tmp_path / "alone.cbz"
    assert main([str(book), "-o", str(alone), "--model", str(model_path)]) == 0
    assert (tmp_path / "out" / "b.cbz").read_bytes() == alone.read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".colorize.jsonl",
        "b.cbz",
    ]


def test_two_runs_on_one_folder(
    tmp_path: Path, model_path: Path, page: Callable[..., bytes]
) -> None:
    """Each leaves the unfinished files of the other alone."""
    source = laid(tmp_path / "in", page, 8)
    arguments = command(source, "-o", tmp_path / "out", "--model", model_path)
    first = starting(arguments, tmp_path / "out" / "??.png")
    assert main([*arguments[3:], "--overwrite"]) == 0
    first.communicate()
    assert first.returncode == 0
    assert len(seen(tmp_path / "out")) == 8
    assert main([*arguments[3:]]) == 0


@pytest.mark.slow
def test_kills_at_any_moment_leave_nothing_behind(
    tmp_path: Path, model_path: Path, page: Callable[..., bytes], rng: np.random.Generator
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(12):
        (source / f"{number}.png").write_bytes(page(number, 240, 160))
    bind(source / "b.cbz", [page(number, 240, 160) for number in range(12)])
    arguments = command(source, "-o", out, "--model", model_path, "--overwrite")
    killed = 0
    for _ in range(30):
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(float(rng.uniform(1.0, 4.0)))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 5
    subprocess.run(arguments, check=True, cwd=ROOT)
    assert main([str(source), "-o", str(tmp_path / "unbroken"), "--model", str(model_path)]) == 0
    assert seen(out) == seen(tmp_path / "unbroken")
    for name in seen(out):
        assert (out / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()


@pytest.mark.slow
def test_mutated_books(tmp_path: Path, model_path: Path, rng: np.random.Generator) -> None:
    """1,600 of them, 50 in a run: no exception, nothing elsewhere, and bounded memory and time."""
    items = [
        Item(b"000.png", grey_page(0)),
        Item("章/001.jpg".encode(), grey_page(1, "JPEG"), utf8=True),
        Item("第2話.webp".encode("cp932"), grey_page(2, "WEBP")),
        Item(b"ComicInfo.xml", b"<ComicInfo/>" * 9, method=zipfile.ZIP_DEFLATED),
        Item(b"3.png", grey_page(3), method=zipfile.ZIP_DEFLATED, extra=b"UT\5\0\3abcd"),
        Item(b"4.zip", packed([Item(b"n.txt", b"n")])),
    ]
    wholes = [
        *(packed(items), packed(items, b"comment", streamed=True)),
        *(b"MZ" + bytes(99) + packed(items), packed(items) + bytes(99)),
    ]
    slowest, outcomes = 0.0, set()
    for number in range(32):
        room = tmp_path / str(number)
        (room / "in").mkdir(parents=True)
        for mutant in range(50):
            content = mutated(wholes[mutant % len(wholes)], rng)
            (room / "in" / f"{mutant}.cbz").write_bytes(content)
        start = time.process_time()
        outcomes.add(main([str(room / "in"), "-o", str(room / "out"), "--model", str(model_path)]))
        slowest = max(slowest, time.process_time() - start)
        assert sorted(path.name for path in room.iterdir()) == ["in", "out"]
        results = set(seen(room / "out"))
        assert results <= {f"{mutant}.cbz" for mutant in range(50)}
        for name in results:
            assert (room / "out" / name).stat().st_size < 1_000_000
    assert outcomes == {FAILED}
    assert slowest < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < 2 * GIB


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Change a few bytes, mostly of the records, or cut, double, or move parts."""
    changed = bytearray(content)
    signs = [match.start() for match in re.finditer(rb"PK[\1\3\5\7].", content)]
    for _ in range(rng.integers(1, 4)):
        place = int(rng.choice(signs)) + int(rng.integers(0, 46))
        place = place if rng.random() < 0.7 else int(rng.integers(len(changed)))
        value = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.integers(256)]))
        match rng.integers(8):
            case 0:
                del changed[place : place + int(rng.integers(1, 60))]
            case 1:
                changed[place:place] = changed[place : place + int(rng.integers(1, 200))]
            case 2:
                changed[place : place + 4] = bytes([value]) * 4
            case _:
                changed[min(place, len(changed) - 1)] = value
    return bytes(changed)


def measured(*arguments: str | Path) -> tuple[int, float]:
    """Run the command: the most memory that it had, in bytes, and its processor time in seconds.

    The time of one thread, which is at least what the run takes where it has a core of its own.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    size, seconds = done.stdout.split()[-2:]
    return int(size), float(seconds)


def peak(*arguments: str | Path) -> int:
    """Run the command and give the most memory that it had, in bytes."""
    return measured(*arguments)[0]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_book(
    tmp_path: Path, model: str, page: Callable[..., bytes]
) -> None:
    pages = [page(number, 1200, 800) for number in range(20)]
    sizes = {
        count: peak(
            bind(tmp_path / f"{count}.cbz", [pages[number % 20] for number in range(count)]),
            *("-o", tmp_path / f"out{count}.cbz", "--model", model),
        )
        for count in (20, 200)
    }
    with zipfile.ZipFile(tmp_path / "out200.cbz") as file:
        assert len(file.namelist()) == 200
    assert sizes[200] < 1.1 * sizes[20]


@pytest.mark.slow
@pytest.mark.parametrize("form", [[], ["--compare"], ["--layer"]])
def test_large_pages_within_two_gibibytes(
    tmp_path: Path, model: str, page: Callable[..., bytes], form: list[str]
) -> None:
    """Four of them, so that some are decoded and encoded while one is painted."""
    for number in range(4):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.png").write_bytes(page(number, 6000, 4000))
    used = peak(tmp_path / "in", "-o", tmp_path / "out", "--model", model, *form)
    assert used < 2 * GIB
    with Image.open(tmp_path / "out" / "3.png") as image:
        assert image.size == (8000 if form == ["--compare"] else 4000, 6000)


def thin(path: Path, height: int, width: int) -> Path:
    """A page of grey blocks, of any size, in a small file."""
    blocks = np.random.default_rng(0).integers(60, 220, (1 + height // 97, 1 + width // 97))
    image = Image.fromarray(blocks.astype(np.uint8))
    image.resize((width, height), Image.Resampling.NEAREST).save(path)
    return path


@pytest.mark.parametrize(
    ("size", "form"),
    [
        ((MAX_SIDE, 9), []),
        ((9, MAX_SIDE), ["--layer"]),
        pytest.param((9, MAX_SIDE), [], marks=pytest.mark.slow),
        pytest.param((MAX_SIDE, 9), ["--layer"], marks=pytest.mark.slow),
    ],
)
def test_a_strip_of_the_longest_side_takes_little(
    tmp_path: Path, model: str, size: tuple[int, int], form: list[str]
) -> None:
    source, out = thin(tmp_path / "strip.png", *size), tmp_path / "out" / "strip.png"
    used, seconds = measured(source, "-o", out, "--model", model, "--side", "1024", *form)
    assert used < 2 * GIB
    assert seconds < 20
    with Image.open(out) as image:
        assert image.size == size[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("form", [[], ["--layer"], ["--compare"], ["--no-snap"]])
@pytest.mark.parametrize("side", [[], ["--side", "1024"]])
@pytest.mark.parametrize("size", [(7071, 7071), (65530, 763), (763, 65530)])
def test_pages_of_fifty_megapixels_within_two_gibibytes(
    tmp_path: Path, model: str, size: tuple[int, int], side: list[str], form: list[str]
) -> None:
    if form == ["--compare"] and size[1] * 2 > MAX_SIDE:
        pytest.skip("the comparison would be wider than any page")
    source = thin(tmp_path / "1.png", *size)
    out = tmp_path / "out.png"
    used, seconds = measured(source, "-o", out, "--model", model, *form, *side)
    assert used < 2 * GIB
    assert seconds < 20


@pytest.mark.parametrize(
    "size",
    [
        (1, 50_000_000),
        pytest.param((2, 25_000_000), marks=pytest.mark.slow),
        pytest.param((50_000_000, 1), marks=pytest.mark.slow),
    ],
)
def test_thin_pages_of_fifty_megapixels_are_refused(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str], size: tuple[int, int]
) -> None:
    (tmp_path / "in").mkdir()
    thin(tmp_path / "in" / "1.png", 40, 30)
    thin(tmp_path / "in" / "2.png", *size)
    thin(tmp_path / "in" / "3.png", 30, 40)
    arguments = [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", model]
    status, told, why = run(arguments, capsys)
    assert (status, told, why.count("\n")) == (FAILED, "1 failed, 2 painted\n", 1)
    height, width = size
    assert f"2.png: too_many_pixels: {width} x {height} pixels, a side may have 65535" in why
    assert seen(tmp_path / "out") == ["1.png", "3.png"]
