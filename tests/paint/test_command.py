"""The command, as a function where that will do and as a process where it must be one."""

import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorize.__main__ import FAILED, REFUSED, main
from colorize.model.weights import Model
from tests.imports import ROOT

Encoded = Callable[..., bytes]
MEASURED = """
import resource, sys
from colorize.__main__ import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""
GIB = 1 << 20
"""In KiB, the unit of ``ru_maxrss``."""


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


def seen(folder: Path) -> list[str]:
    """Names of a folder of results, but that of the record."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".colorize.jsonl")


def is_orange(path: Path) -> bool:
    with Image.open(path) as image:
        return bool(np.ptp(np.asarray(image.convert("RGB")), axis=2).mean() > 30)


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


def test_without_a_model_it_says_how_to_get_one(
    tmp_path: Path, page: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.png").write_bytes(page())
    arguments = [str(tmp_path / "1.png"), "-o", str(tmp_path / "2.png")]
    assert main(arguments, root=tmp_path) == REFUSED
    assert capsys.readouterr().err.count("\n") == 1
    assert main([*arguments, "--model", str(tmp_path / "1.png")]) == REFUSED
    assert "no readable model" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["1.png"],
        ["nothere.png", "-o", "x"],
        ["1.png", "-o", "x", "--temperature", "0"],
        ["1.png", "-o", "x", "--temperature", "nan"],
        ["1.png", "-o", "x", "--saturation", "-1"],
        ["1.png", "-o", "x", "--side", "3.5"],
        ["1.png", "-o", "x", "--layer", "--compare"],
        ["1.png", "-o", "1.png"],
    ],
)
def test_wrong_arguments_are_one_line_before_torch_is_imported(
    tmp_path: Path, wrong: list[str]
) -> None:
    (tmp_path / "1.png").touch()
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('torch' in sys.modules))\n"
        "from colorize.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *wrong], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (REFUSED, "False\n")
    assert done.stderr.splitlines()[-1].startswith("colorize: ")
    assert "Traceback" not in done.stderr


def test_it_starts_in_three_seconds(tmp_path: Path, model: str, page: Callable[..., bytes]) -> None:
    """With its model and one small page; the best of three, for others use this machine too."""
    (tmp_path / "1.png").write_bytes(page())
    taken = []
    for number in range(3):
        start = time.monotonic()
        target = tmp_path / f"out{number}.png"
        subprocess.run(
            command(tmp_path / "1.png", "-o", target, "--model", model), check=True, cwd=ROOT
        )
        taken.append(time.monotonic() - start)
        assert target.exists()
    assert min(taken) < 3


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, model_path: Path, page: Callable[..., bytes]
) -> None:
    """Real kills, among the pages of a folder and then among those of a book in it."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    bind(source / "b.cbz", [page(number, 600, 400) for number in range(20)])
    for number in range(10):
        (source / f"{number}.png").write_bytes(page(number, 600, 400))
    arguments = command(source, "-o", out, "--model", model_path)
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
    assert (outcomes.count("kept"), outcomes.count("painted")) == (10, 20)

    unbroken = tmp_path / "unbroken"
    assert main([str(source), "-o", str(unbroken), "--model", str(model_path)]) == 0
    assert seen(out) == seen(unbroken)
    for name in seen(unbroken):
        assert (out / name).read_bytes() == (unbroken / name).read_bytes()


def peak(*arguments: str | Path) -> int:
    """Run the command and give the most memory that it had, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout.split()[-1])


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
