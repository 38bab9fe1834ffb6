"""Digests of code follow imports, see edits that matter, and import nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from colorize import provenance
from tests.imports import ROOT

FILES = {
    "colorize/__init__.py": "",
    "colorize/room/__init__.py": "",
    "colorize/room/top.py": "from colorize.room import middle\n\nprint(middle)\n",
    "colorize/room/middle.py": "def f():\n    from . import bottom\n    return bottom.VALUE\n",
    "colorize/room/bottom.py": '"""Words."""\nVALUE = 1  # a comment\n',
    "colorize/room/apart.py": "VALUE = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("top", "from colorize.room import middle\nprint(middle, 1)\n", True),
        ("bottom", "VALUE = 2\n", True),
        ("bottom", 'VALUE = 1\nprint("only at import")\n', True),
        ("bottom", '"""Other\n\nwords."""\n\n\nVALUE = 1  # another comment\r\n', False),
        ("apart", "VALUE = 2\n", False),
    ],
)
def test_a_digest_changes_with_code_that_is_imported(
    root: Path, name: str, text: str, changes: bool
) -> None:
    before = provenance.digest("colorize.room.top", root=root)
    (root / "colorize" / "room" / f"{name}.py").write_bytes(text.encode())
    assert (provenance.digest("colorize.room.top", root=root) != before) == changes


def test_a_package_stands_for_all_its_modules(root: Path) -> None:
    before = provenance.digest("colorize.room", root=root)
    (root / "colorize" / "room" / "apart.py").write_text("VALUE = 2\n")
    assert provenance.digest("colorize.room", root=root) != before


def test_a_file_that_moves_changes_the_digest(root: Path) -> None:
    before = provenance.digest("colorize.room", root=root)
    (root / "colorize" / "room" / "apart.py").rename(root / "colorize" / "room" / "aside.py")
    assert provenance.digest("colorize.room", root=root) != before


def test_an_unknown_module_is_an_error(root: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"colorize\.nowhere"):
        provenance.digest("colorize.nowhere", root=root)


def test_closures_are_those_of_the_interpreter() -> None:
    """What is imported for real lies within the closure."""
    code = (
        "import sys, colorize.ingest.prepare as p; "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('colorize.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {Path(file) for file in done.stdout.split() if Path(file).stat().st_size}
    assert len(loaded) > 8
    assert loaded <= provenance.closure(ROOT / "colorize" / "ingest" / "prepare.py")


def test_a_digest_imports_nothing() -> None:
    code = (
        "import sys; from colorize import provenance; provenance.digest('colorize.learn'); "
        "sys.exit('torch' in sys.modules or 'colorize.learn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
