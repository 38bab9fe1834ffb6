"""Files that are either whole or not there, and whose bytes depend on their content alone."""

import csv
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from colorize.errors import DataError, one_line

Numbers: TypeAlias = Mapping[str, "float | Numbers"]
"""Nested keys to numbers: the only thing that a metrics file holds."""

DIGITS = 6
"""Significant digits of a written number: more would differ between processors."""


NAME_SHOWN = 40
"""Letters of a file's name in that of its temporary file, which must not be too long for a disk."""


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing such that a reader sees all of the new content or none of it.

    The bytes go to a temporary file beside ``path``, are flushed to the disk and renamed. On an
    exception the temporary file goes and ``path`` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name[:NAME_SHOWN]}."
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".part")
    file = os.fdopen(handle, "wb")
    try:
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):  # of a full disk once more, which would hide the first error
            file.close()
        Path(name).unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically."""
    with atomic(path) as file:
        file.write(content)


def write_metrics(path: Path, numbers: Numbers) -> None:
    """Write a metrics file: nested keys, sorted, finite numbers only, `DIGITS` digits.

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

    Until then ``path`` keeps its old content; a block that fails, or is killed, changes nothing.
    """
    part = path.with_name(f".{path.name}.part")
    remove_folder(part)
    part.mkdir(parents=True)
    yield part
    remove_folder(path)
    part.replace(path)


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it, where there is one."""
    if path.exists():
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
