"""The wheel alone: its files, its few dependencies, and painting with nothing but those."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorize.weights import registry
from stages import ship
from tests.imports import ROOT
from tests.models import tiny_model

MOST = 8
"""Direct dependencies of `pip install colorize`."""

MOST_BYTES = 15_000_000
"""Of the wheel, the weights among them."""

ONLY = """
import sys
from importlib.machinery import PathFinder

LOCKED = set(sys.argv.pop(1).split(","))


class Lacking(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in LOCKED:
            return None
        return PathFinder.find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Lacking
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, and unpack it as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "colorize", "README.md", "LICENSE"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    for name in (*files, "pyproject.toml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    build += ["--disable-pip-version-check", "-w", str(folder), str(source)]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirements: list[str]) -> set[str]:
    """Names of distributions that are wanted without any extra."""
    plain = (text for text in requirements if "extra ==" not in text)
    return {canonical(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in plain}


def declared(wheel: Path) -> set[str]:
    (file,) = wheel.glob("*.dist-info/METADATA")
    return needed(Parser().parsestr(file.read_text("utf-8")).get_all("Requires-Dist") or [])


def everything(names: set[str]) -> set[str]:
    """These distributions and all that they require, as far as they are installed."""
    seen: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another system
            continue
        seen.add(name)
        waiting |= needed(found.requires or []) - seen
    return seen


def lean(wheel: Path, folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code that finds the wheel's dependencies and no other package."""
    allowed = everything(declared(wheel))
    locked = {
        module
        for module, of in metadata.packages_distributions().items()
        if not allowed & {canonical(name) for name in of} and module != "colorize"
    }
    assert locked >= {"dvc", "httpx", "joblib", "matplotlib"}
    return subprocess.run(
        [sys.executable, "-c", ONLY + code, ",".join(sorted(locked)), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(wheel), "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )


pytestmark = pytest.mark.slow


def test_there_are_few_dependencies_and_all_files(wheel: Path) -> None:
    assert len(declared(wheel)) <= MOST
    assert (wheel / "colorize" / "py.typed").is_file()
    assert (wheel / "colorize" / "report" / "report.html.j2").is_file()
    for weights in registry.shipped(wheel / "colorize" / "weights").values():
        weights.check()
    assert (wheel / "colorize" / "weights" / "index.json").is_file()
    (built,) = wheel.parent.glob("*.whl")
    assert built.stat().st_size <= MOST_BYTES
    assert (wheel / "colorize" / "studio" / "static" / "index.html").is_file()
    assert not (wheel / "tests").exists()
    assert not (wheel / "stages").exists()


def test_a_page_is_painted_by_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    tiny_model().save(tmp_path / "m.safetensors")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 30), np.uint8)).save(tmp_path / "page.png")
    code = """
import colorize
from colorize.__main__ import main
print(colorize.__path__[0])
sys.exit(main())
"""
    options = ("page.png", "-o", "out.png", "--model", "m.safetensors")
    done = lean(wheel, tmp_path, code, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(wheel))
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (30, 40)


def test_a_page_is_painted_by_the_weights_in_it(wheel: Path, tmp_path: Path) -> None:
    """Without ``--model``, in a folder that is no project; an untrained model stands for none."""
    site = shutil.copytree(wheel, tmp_path / "site")
    if not registry.shipped(site / "colorize" / "weights"):
        tiny_model().save(tmp_path / "m.safetensors")
        told: dict[str, Any] = {"licence": "x", "sources": ["y"]}
        ship.convert(tmp_path / "m.safetensors", "open-art", site / "colorize" / "weights", **told)
    Image.fromarray(np.full((40, 30), 120, np.uint8)).save(tmp_path / "page.png")
    code = "from colorize.__main__ import main; sys.exit(main())"
    done = lean(site, tmp_path, code, "page.png", "-o", "out.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").is_file()
    done = lean(site, tmp_path, code, "models")
    assert done.stdout.startswith("open-art (default)"), done.stderr
    done = lean(site, tmp_path, code, "export", "--onnx", "m.onnx")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "colorize[onnx]" in done.stderr


def test_help_is_there_within_a_second(wheel: Path, tmp_path: Path) -> None:
    code = "from colorize.__main__ import main; sys.exit(main(['--help']))"
    """Processor time beyond an empty program's, whatever else this machine does meanwhile."""
    took = []
    for _ in range(3):
        start = used_by_children()
        done = lean(wheel, tmp_path, code)
        took.append(used_by_children() - start)
        assert done.returncode == 0, done.stderr
        assert "usage: colorize" in done.stdout
    start = used_by_children()
    lean(wheel, tmp_path, "")
    empty = used_by_children() - start
    assert empty > 0
    assert min(took) - empty < 1


def used_by_children() -> float:
    """Processor seconds of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def test_a_missing_extra_is_one_line(wheel: Path, tmp_path: Path) -> None:
    code = f"sys.path.insert(0, {str(ROOT)!r}); import stages"
    done = lean(wheel, tmp_path, code)
    assert done.returncode == 1
    assert "pip install 'colorize[pipeline,boards,report]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_studio_names_the_extra_that_it_needs(wheel: Path, tmp_path: Path) -> None:
    code = "from colorize.__main__ import main; sys.exit(main(['studio']))"
    done = lean(wheel, tmp_path, code)
    assert done.returncode == 2
    assert "pip install 'colorize[web]'" in done.stderr
    assert done.stderr.count("\n") == 1
