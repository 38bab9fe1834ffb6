"""Follows imports from file to file, without running anything."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def local_imports(file: Path) -> set[Path]:
    """Files of this project that ``file`` imports anywhere in it, its packages' own included."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            found |= _files_of(name)
    return found


def closure(file: Path) -> set[Path]:
    """``file`` and all that it imports, directly or not; empty ``__init__.py`` files apart."""
    seen: set[Path] = set()
    waiting = {file}
    while waiting:
        current = waiting.pop()
        seen.add(current)
        waiting |= local_imports(current) - seen
    return {path for path in seen if path.name != "__init__.py" or path.stat().st_size > 0}


def _files_of(name: str) -> set[Path]:
    """The module of that dotted name and the packages above it, where they are this project's."""
    parts = name.split(".")
    if parts[0] not in {"colorize", "stages"}:
        return set()
    packages = {ROOT.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)}
    module = ROOT.joinpath(*parts).with_suffix(".py")
    return {path for path in packages | {module} if path.is_file()}
