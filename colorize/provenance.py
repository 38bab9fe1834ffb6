"""Digests of source code, so that no cache serves what another version of the code has computed.

Nothing is imported or executed: imports are followed from file to file by their syntax.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Folder that holds the package: of the source tree, or ``site-packages``."""

PACKAGES = ("colorize",)
"""Packages whose imports are followed; a cache names the versions of other libraries itself."""


def digest(*modules: str, root: Path = ROOT) -> str:
    """Digest the code of modules and of everything in this package that they import.

    Comments, docstrings and layout do not count, so an edited comment discards no work.

    Args:
        modules: dotted names, such as ``colorize.ingest.prepare``; a package stands for all modules
            in it.
        root: folder that holds the package.

    Returns:
        16 hex digits.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    found: set[Path] = set()
    for module in modules:
        files = _modules(module, root)
        if not files:
            raise ModuleNotFoundError(f"no module {module} in {root}", name=module)
        found |= files
    total = hashlib.sha256()
    for file, tree in sorted(_trees(found, root, PACKAGES).items()):
        total.update(f"{file.relative_to(root).as_posix()}\n{_code(tree)}\n".encode())
    return total.hexdigest()[:16]


def closure(file: Path, *, root: Path = ROOT, packages: tuple[str, ...] = PACKAGES) -> set[Path]:
    """List a file and everything that it imports, directly or not.

    Args:
        file: of Python source.
        root: folder that holds the packages.
        packages: names of the packages that are followed.

    Returns:
        Paths of files, empty ``__init__.py`` apart.
    """
    return set(_trees({file}, root, packages))


def imports(file: Path, *, root: Path = ROOT, packages: tuple[str, ...] = PACKAGES) -> set[Path]:
    """List the files of these packages that a file imports anywhere in it, with their packages."""
    return _imported(_tree(file), _package(file, root), root, packages)


def _trees(files: set[Path], root: Path, packages: tuple[str, ...]) -> dict[Path, ast.Module]:
    """Parse files and all that they import, each once; empty ``__init__.py`` apart."""
    trees: dict[Path, ast.Module] = {}
    waiting = set(files)
    while waiting:
        file = waiting.pop()
        trees[file] = _tree(file)
        waiting |= _imported(trees[file], _package(file, root), root, packages) - trees.keys()
    return {
        file: tree
        for file, tree in trees.items()
        if file.name != "__init__.py" or file.stat().st_size > 0
    }


def _imported(
    tree: ast.Module, package: list[str], root: Path, packages: tuple[str, ...]
) -> set[Path]:
    """List the files of these packages that a file of a package imports."""
    found: set[Path] = set()
    for name in _names(tree, package):
        if name.split(".")[0] in packages:
            found |= _files(name, root)
    return found


def _names(tree: ast.Module, package: list[str]) -> Iterator[str]:
    """Yield the dotted name of everything that could be an imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _package(file: Path, root: Path) -> list[str]:
    """Name the package of a file, for its relative imports."""
    return list(file.parent.relative_to(root).parts) if file.is_relative_to(root) else []


def _files(name: str, root: Path) -> set[Path]:
    """Find the module of a dotted name and the packages above it."""
    parts = name.split(".")
    files = [root.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    files.append(root.joinpath(*parts).with_suffix(".py"))
    return {path for path in files if path.is_file()}


def _modules(name: str, root: Path) -> set[Path]:
    """Find the file of a module, or all files of a package."""
    path = root.joinpath(*name.split("."))
    files = {path.with_suffix(".py"), *path.rglob("*.py")}
    return {file for file in files if file.is_file()}


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes(), filename=str(file))


def _code(tree: ast.Module) -> str:
    """Write the syntax of a file without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree)
