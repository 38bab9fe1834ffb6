"""Reads the metrics files and tables that the stages wrote, and that anybody may have edited."""

import csv
import json
import math
import re
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import Any

from colorize.errors import DataError, one_line

MAX_BYTES = 1 << 28
"""Of a file; a table of 100,000 pictures has 20 million."""

MAX_NUMBER = 1e12
"""Of any number, so that charts can show it."""

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,99}")


def numbers(path: Path) -> dict[str, Any]:
    """Read a metrics file: nested keys to finite numbers.

    Raises:
        DataError: it is missing, damaged or holds something else.
    """
    try:
        content = json.loads(_text(path))
        if not isinstance(content, dict):
            raise ValueError("no object")
        _check(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from None
    return content


def table(
    path: Path, columns: Collection[str], *, text: Collection[str] = ()
) -> list[dict[str, str]]:
    """Read a CSV table whose cells are finite numbers, at least one row of them.

    Args:
        path: of the file.
        columns: that it has to have.
        text: columns whose cells are text.

    Raises:
        DataError: it is missing, damaged or lacks a column.
    """
    try:
        reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
        names = next(reader, [])
        if missing := [name for name in columns if name not in names]:
            raise ValueError(f"no column {missing[0]}")
        if len(set(names)) < len(names) or not all(map(_COLUMN.fullmatch, names)):
            raise ValueError("odd names of columns")
        rows = [dict(zip(names, row, strict=True)) for row in reader]
        if not rows:
            raise ValueError("no rows")
        for row in rows:
            for name in row.keys() - set(text):
                _check({name: float(row[name])})
    except (ValueError, csv.Error) as error:
        raise _damaged(path, error) from None
    return rows


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except FileNotFoundError:
        raise DataError(f"no {path}: run the evaluate stage first") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if size > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return content.decode("utf-8")


def _check(content: dict[str, Any]) -> None:
    for key, value in content.items():
        if isinstance(value, dict):
            _check(value)
        elif type(value) not in (int, float) or not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise ValueError(f"{one_line(key, length=40)} is no finite number")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged ({one_line(error)}): run the evaluate stage again")
