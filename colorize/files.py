"""Writes files that are whole or absent, and whose bytes depend on their content alone."""

import csv
import hashlib
import io
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from filelock import FileLock, Timeout

from colorize.errors import ColorizeError, DataError, one_line

Numbers: TypeAlias = Mapping[str, "float | Numbers"]
"""Nested keys to numbers: the only thing that a metrics file holds."""

DIGITS = 6
"""Significant digits of a written number: more would differ between processors."""

NAME_SHOWN = 40
"""Letters of a name that stay in a temporary name, which a file system limits to 255 bytes."""

_PART = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing such that a reader sees all of the new content or none of it.

    The bytes go to a temporary file beside ``path``, are flushed to the disk and renamed. On an
    exception the temporary file is removed and ``path`` stays as it was; `sweep` removes what a
    killed process leaves. The umask decides who may read the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:NAME_SHOWN]}.{secrets.token_hex(4)}.part")
    with part.open("xb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            part.replace(path)
        except BaseException:
            with suppress(OSError):  # a full disk fails again here and would hide the first error
                file.close()
            part.unlink(missing_ok=True)
            raise


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder that this one holds."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if _PART.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, message: str, *, error: type[ColorizeError] = DataError) -> Iterator[None]:
    """Hold a file or folder, which need not exist, so that no other process works on it.

    The lock is a hidden file beside ``path``. It ends with its process, also when that is killed.

    Args:
        path: what is held.
        message: of the error where another process holds it.
        error: kind of that error.

    Raises:
        ColorizeError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{_hidden(path)}.lock")
    try:
        held = FileLock(lock, timeout=0).acquire()
    except Timeout:
        raise error(message) from None
    with held:
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps a file that is open
                lock.unlink()


def _hidden(path: Path) -> str:
    """Name for a companion of a file: hidden, of a length that any disk takes, never shared."""
    if len(path.name) <= NAME_SHOWN:
        return f".{path.name}"
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".{path.name[:NAME_SHOWN]}-{digest}"


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically."""
    with atomic(path) as file:
        file.write(content)


def write_metrics(path: Path, numbers: Numbers) -> None:
    """Write a metrics file: nested keys, sorted, finite numbers only, of `DIGITS` digits.

    Raises:
        DataError: a number is not finite; ``dvc metrics diff`` could not compare it.
    """
    text = json.dumps(_rounded(numbers, path.stem), indent=2, sort_keys=True, allow_nan=False)
    write_bytes(path, text.encode() + b"\n")


def _rounded(numbers: Numbers, key: str) -> dict[str, object]:
    out: dict[str, object] = {}
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            out[name] = _rounded(value, f"{key}.{name}")
        elif not math.isfinite(value):
            raise DataError(f"{key}.{name} is {value}: no metric may be infinite or undefined")
        else:
            out[name] = _short(value)
    return out


def write_table(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write ``rows``, all with the keys of the first, as CSV with a header and Unix line ends."""
    with atomic(path) as file:
        names: list[str] = []
        for row in rows:
            if not names:
                names = list(row)
                file.write(_csv_line(names))
            file.write(_csv_line([_short(row[name]) for name in names]))


def _csv_line(values: Iterable[object]) -> bytes:
    """Write a row; text with an end of line in it, of whichever kind, is quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(values)  # quotes what its own line end is of
    return out.getvalue().removesuffix("\r\n").encode() + b"\n"


def _short(value: object) -> object:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``path`` once the block has ended well.

    Until then ``path`` keeps its old content, and a block that fails or is killed changes nothing.
    Where ``path`` is a link to a folder, that folder is replaced and the link stays. A process that
    is killed between the two renames that replace the folder leaves the old one aside, and the next
    call puts it back.

    Raises:
        DataError: another process is filling the same folder.
    """
    path = path.resolve()
    part, old = (path.with_name(f"{_hidden(path)}.{word}") for word in ("part", "old"))
    with locked(path, f"another process is writing {path}: wait for it, or end it"):
        if old.exists() and not path.exists():
            old.replace(path)
        remove_folder(old)
        remove_folder(part)
        try:
            part.mkdir()
            yield part
            if path.exists():
                path.replace(old)
            part.replace(path)
        finally:
            remove_folder(part)
        remove_folder(old)


def remove_folder(path: Path) -> None:
    """Remove a folder and everything in it; do nothing where there is none.

    A link to a folder is removed, and the folder stays.
    """
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def array_header(file: BinaryIO, size: int) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Read the header of a ``.npy`` file, and leave ``file`` where the values begin.

    Args:
        file: at its start.
        size: of the file in bytes.

    Returns:
        Shape and type of an array of numbers in C order, which is as large as the file says.

    Raises:
        ValueError: it is something else, or cut short; nothing was allocated.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"version {version} of the format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if fortran or dtype.hasobject or min(shape, default=0) < 0:
            raise ValueError(f"{dtype} {shape}{' in Fortran order' if fortran else ''}")
        if math.prod(shape) * dtype.itemsize != size - file.tell():
            raise ValueError(f"{dtype} {shape} does not fit {size} bytes")
    except Exception as error:  # noqa: BLE001 - numpy parses the header as Python, which fails in many ways
        raise ValueError(one_line(error)) from None
    return shape, dtype
