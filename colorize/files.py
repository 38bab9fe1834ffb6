"""Files that are either whole or not there, and whose bytes depend on their content alone."""

import csv
import io
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from colorize.errors import DataError

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
    part = path.with_name(f".{path.name[:NAME_SHOWN]}.{secrets.token_hex(4)}.part")
    file = part.open("xb")  # with the rights that the user gives to new files
    try:
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        part.replace(path)
    except BaseException:
        with suppress(OSError):  # of a full disk once more, which would hide the first error
            file.close()
        part.unlink(missing_ok=True)
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
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow({key: _short(value) for key, value in row.items()})
        text.detach()


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
