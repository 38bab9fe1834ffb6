"""Follows imports of the project from file to file, without running anything."""

from pathlib import Path

from colorize import provenance

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("colorize", "stages")


def local_imports(file: Path) -> set[Path]:
    """Files of this project that ``file`` imports anywhere in it, its packages' own included."""
    return provenance.imports(file, root=ROOT, packages=PACKAGES)


def closure(file: Path) -> set[Path]:
    """``file`` and all that it imports, directly or not; empty ``__init__.py`` files apart."""
    return provenance.closure(file, root=ROOT, packages=PACKAGES)
