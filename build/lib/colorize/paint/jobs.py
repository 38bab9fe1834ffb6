"""What goes where: from the names of a command line to one job a page or book, before any work."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from colorize.errors import InputError
from colorize.imaging import formats


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to paint.

    Attributes:
        source: a page or a book.
        target: the file to write.
        is_book: whether both are books.
    """

    source: Path
    target: Path
    is_book: bool


def plan(inputs: Sequence[Path], out: Path, *, layers: bool = False) -> list[Job]:
    """Find every page and book of the inputs, and a place for it.

    One page or book goes to ``out`` itself where that has the suffix of one; everything else goes
    into ``out`` as a folder, which mirrors an input folder, or all of several.

    Args:
        inputs: pages, books, and folders that are searched at any depth.
        out: where the result goes.
        layers: whether transparent PNG files will be written, whatever the pages are.

    Raises:
        InputError: there is nothing to paint, or two results in one place, or one in the place of
            an original.
    """
    if len(inputs) == 1 and inputs[0].is_file() and formats.suffix(out.name) and not out.is_dir():
        return [_to_file(_checked(inputs[0]), out, layers=layers)]
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, and several pages need a folder")
    found = [pair for path in inputs for pair in _found(path, out, alone=len(inputs) == 1)]
    if not found:
        raise InputError(f"no page and no book in {', '.join(map(str, inputs))}")
    names = [name for _, name in found]
    if layers:
        names = formats.layer_names(names)
    jobs = [
        Job(source=source, target=out / name, is_book=not formats.is_page(name))
        for (source, _), name in zip(found, names, strict=True)
    ]
    _check_places(jobs)
    return jobs


def _to_file(source: Path, out: Path, *, layers: bool) -> Job:
    is_book = not formats.is_page(source.name)
    if is_book:
        fitting = formats.BOOKS
    else:
        fitting = frozenset({".png"}) if layers else frozenset(formats.WRITERS)
    if formats.suffix(out.name) not in fitting:
        raise InputError(f"{out}: its name must end in {' or '.join(sorted(fitting))}")
    job = Job(source=source, target=out, is_book=is_book)
    _check_places([job])
    return job


def _found(path: Path, out: Path, *, alone: bool) -> Iterator[tuple[Path, str]]:
    """Pages and books of one input, and their names below ``out``."""
    if not path.is_dir():
        yield _checked(path), _name(Path(path.name))
        return
    top = Path() if alone else Path(path.resolve().name)
    for folder, folders, names in os.walk(path):
        # What was painted into a folder inside must not be painted again.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__MACOSX"))
            and (Path(folder) / name).resolve() != out.resolve()
        )
        for name in sorted(names):
            source = Path(folder) / name
            if not name.startswith(".") and _is_known(source) and source.is_file():
                yield source, _name(top / source.relative_to(path))


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file or folder")
    if not _is_known(path):
        known = ", ".join(sorted({*formats.WRITERS, *formats.BOOKS}))
        raise InputError(f"{path} is neither page nor book: known are {known}")
    return path


def _is_known(path: Path) -> bool:
    return formats.is_page(path.name) or formats.suffix(path.name) in formats.BOOKS


def _name(relative: Path) -> str:
    """A result's name: the original's, but every book is a CBZ."""
    if formats.suffix(relative.name) in formats.BOOKS:
        relative = relative.with_suffix(".cbz")
    return relative.as_posix()


def _check_places(jobs: Sequence[Job]) -> None:
    originals = {job.source.resolve(): job.source for job in jobs}
    taken: dict[Path, Path] = {}
    for job in jobs:
        place = job.target.resolve()
        if place in originals:
            raise InputError(f"{originals[place]} would be overwritten: give another place by -o")
        if place in taken:
            raise InputError(f"{taken[place]} and {job.source} would both become {job.target}")
        taken[place] = job.source
