"""Plans a run: one job with its target for each page and book of the command line."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colorize.errors import InputError, one_line
from colorize.imaging import formats, openraster
from colorize.paint import kinds
from colorize.paint.hints import Hint, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to paint.

    Attributes:
        source: a page or a book.
        target: the file to write.
        is_book: whether both are books.
        name: of the page or book inside what was given, with ``/`` between folders.
        hints: by page, ``""`` for a page that is no book's.
    """

    source: Path
    target: Path
    is_book: bool
    name: str = ""
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """SHA-256 of its hints; empty where there are none."""
        if not self.hints:
            return ""
        text = json.dumps({page: as_text(self.hints[page]) for page in sorted(self.hints)})
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is to do, and what was found besides.

    Attributes:
        jobs: one a page or book.
        base: folder of all results.
        faults: files and folders that cannot be taken, and why.
        left: suffixes of files that are neither page nor book, and how many there are of each.
    """

    jobs: Sequence[Job]
    base: Path
    faults: Sequence[tuple[Path, str]] = ()
    left: Mapping[str, int] = field(default_factory=dict)


class _Search:
    """Looks for pages and books, and notes all else."""

    def __init__(self, out: Path) -> None:
        self._out = out.stat() if out.is_dir() else None
        self.faults: list[tuple[Path, str]] = []
        self.left: Counter[str] = Counter()

    def found(self, path: Path, *, alone: bool) -> Iterator[tuple[Path, str]]:
        """Pages and books of one input, and their names below the folder of results."""
        if not path.is_dir():
            yield path, path.name
            return
        top = Path() if alone else Path(path.resolve().name)
        real = os.path.realpath(path)
        for source in self._files(path):
            if not formats.is_page(source.name) and not _is_book(source):
                self.left[formats.suffix(source.name) or "without a suffix"] += 1
            elif fault := _fault(source, real):
                self.faults.append((source, f"unreadable: {fault}"))
            else:
                yield source, (top / source.relative_to(path)).as_posix()

    def _files(self, top: Path) -> Iterator[Path]:
        """All files below a folder in order, however deep; links to folders are not followed."""
        folders = [top]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
            except OSError as error:
                self.faults.append((folder, f"unreadable: {error.strerror}"))
                continue
            inside = []
            for entry in entries:
                path = folder / entry.name
                if formats.is_hidden(entry.name):
                    continue
                if not _is_folder(path):
                    yield path
                elif path.is_symlink():
                    self.left["link to a folder"] += 1
                elif not self._is_out(path):  # what was painted there must not be painted again
                    inside.append(path)
            folders += reversed(inside)

    def _is_out(self, folder: Path) -> bool:
        try:
            return self._out is not None and os.path.samestat(folder.stat(), self._out)
        except OSError:
            return False  # it will be told when it is listed


def _fault(source: Path, top: str) -> str:
    """Why a file of a folder is not read, by what it is; empty where nothing is wrong."""
    try:
        if source.is_symlink() and not Path(os.path.realpath(source)).is_relative_to(top):
            return "it is a link that leads out of the folder"
        return "" if source.is_file() else "it is no file"
    except OSError as error:
        return str(error.strerror)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def plan(inputs: Sequence[Path], out: Path, *, ending: str = "") -> Plan:
    """Find every page and book of the inputs, and a place for it.

    One page or book goes to ``out`` itself where that has the suffix of one; everything else goes
    into ``out`` as a folder, which mirrors an input folder, or all of several.

    Args:
        inputs: pages, books, and folders that are searched at any depth.
        out: where the result goes.
        ending: suffix of the format in which pages are written; their own if empty.

    Raises:
        InputError: there is nothing to paint, or two results in one place, or one in the place of
            an original.
    """
    for path in inputs:
        if not _is_folder(path):
            _checked(path)
    _check_out(out)
    if (
        len(inputs) == 1
        and not _is_folder(inputs[0])
        and formats.suffix(out.name)
        and not out.is_dir()
    ):
        job = _to_file(inputs[0], out, ending=ending)
        return Plan(jobs=[job], base=out.parent)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, and several pages need a folder")
    if not out.exists() and _is_name_of_a_file(out):
        raise InputError(f"{out} would become a folder: give one for several pages, such as 'out/'")
    search = _Search(out)
    found = [pair for path in inputs for pair in search.found(path, alone=len(inputs) == 1)]
    if not found and not search.faults:
        raise InputError(
            f"no page and no book in {', '.join(map(str, inputs))}{_told(search.left)}"
        )
    names = _book_names([name for _, name in found])
    if ending:
        names = formats.renamed(names, ending)
    jobs = [
        Job(source=source, target=out / name, is_book=not formats.is_page(source.name), name=inside)
        for (source, inside), name in zip(found, names, strict=True)
    ]
    _check_places(jobs)
    return Plan(jobs=jobs, base=out, faults=search.faults, left=dict(search.left))


def _check_out(out: Path) -> None:
    """See that there can be such a result.

    Raises:
        InputError: its name is too long, or it would lie below a file.
    """
    try:
        above = next((path for path in out.parents if path.exists()), None)
        out.exists()
    except OSError as error:
        raise InputError(f"{one_line(out, length=80)}: {error.strerror}") from None
    if above is not None and not above.is_dir():
        raise InputError(f"{out} cannot be: {above} is a file")


def is_file(path: Path) -> bool:
    """Tell whether a file is there; one that cannot be seen is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def describe(left: Mapping[str, int]) -> str:
    """Say which files are left as they are, and how books among them can be converted."""
    counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(left.items()))
    ways = []
    if (formats.FOREIGN - {".pdf"}) & left.keys():
        ways.append(f"to paint a book, {kinds.CONVERT}")
    if ".pdf" in left:
        ways.append(f"of a PDF, {kinds.CONVERT_PDF}")
    return f"{counts} ({'; '.join(ways)})" if ways else counts


def _told(left: Mapping[str, int]) -> str:
    return f": there is {describe(left)}" if left else ""


def _is_name_of_a_file(out: Path) -> bool:
    return formats.is_page(out.name) or formats.suffix(out.name) in {
        openraster.SUFFIX,
        *formats.BOOKS,
        *formats.FOREIGN,
    }


def _to_file(source: Path, out: Path, *, ending: str) -> Job:
    is_book = not formats.is_page(source.name)
    pages = {ending} if ending else formats.WRITERS.keys()
    fitting = formats.BOOKS if is_book else pages
    if formats.suffix(out.name) not in fitting:
        raise InputError(f"{out}: its name must end in {' or '.join(sorted(fitting))}")
    job = Job(source=source, target=out, is_book=is_book, name=source.name)
    _check_places([job])
    return job


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file or folder")
    if not formats.is_page(path.name) and not _is_book(path):
        what = kinds.what_is(_head(path))
        known = ", ".join(sorted({*formats.WRITERS, *formats.BOOKS}))
        reason = f"it {what}" if what else f"known are {known}"
        raise InputError(f"{path} is neither page nor book: {reason}")
    return path


def _is_book(path: Path) -> bool:
    """Tell a book; many are called CBR and are ZIP archives."""
    suffix = formats.suffix(path.name)
    if suffix not in formats.FOREIGN - {".epub"}:
        return suffix in formats.BOOKS
    return kinds.what_is(_head(path)) == "is a ZIP archive"


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""  # a pipe would never end
        with path.open("rb") as file:
            return file.read(kinds.HEAD)
    except OSError:
        return b""


def _book_names(names: Sequence[str]) -> list[str]:
    """Give each result a name: the original's, but every book is a CBZ.

    >>> _book_names(["1.png", "b.cbz", "b.zip", "c.zip"])
    ['1.png', 'b.cbz', 'b.zip.cbz', 'c.cbz']
    """
    taken = {name for name in names if formats.suffix(name) == ".cbz"}
    results: list[str] = []
    for name in names:
        result = name
        if not formats.is_page(name) and formats.suffix(name) != ".cbz":
            result = Path(name).with_suffix(".cbz").as_posix()
            result = f"{name}.cbz" if result in taken else result
            taken.add(result)
        results.append(result)
    return results


def _check_places(jobs: Sequence[Job]) -> None:
    originals = {os.path.realpath(job.source): job.source for job in jobs}
    taken: dict[str, Path] = {}
    for job in jobs:
        place = os.path.realpath(job.target)
        if place in originals:
            raise InputError(f"{originals[place]} would be overwritten: give another place by -o")
        if place in taken:
            raise InputError(f"{taken[place]} and {job.source} would both become {job.target}")
        taken[place] = job.source
