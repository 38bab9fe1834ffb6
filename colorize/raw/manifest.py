"""The manifest: a line for each picture, with its origin, artist and licence."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from colorize import files
from colorize.errors import DataError, one_line

FILE_NAME = "manifest.jsonl"

MAX_LINE = 1 << 20
"""Bytes of a line."""

MAX_NUMBER = 2**62
"""Of a width, a height, a size and a place in a file."""

_PLAIN_NAME = re.compile(r"(?!\.)[^/\\:\x00]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMES = ("source", "id", "file", "group", "archive")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One picture, without its bytes.

    Attributes:
        source: name of the source.
        id: unique within the source.
        file: ``<source>_<id>.<suffix>``, never made from a URL, a tag or somebody's file name.
        group: what this picture and its variants share; decides the split.
        page: where a person can look at it, or empty.
        artist: who made it, or empty where the source does not know.
        rating: as the source rates it, or empty.
        licence: its name, or ``unknown``.
        md5, sha256: hex digests of the file.
        url: where the bytes came from, or empty where no site was asked.
        width, height: in pixels, as the source states them; 0 where it does not.
        variant: which of a site's renditions it is; left out of the line where there is but one.
        origin: where the source's uploader had it from, free text; left out where empty.
        name: path of the file within the user's folder; left out where empty.
        archive, begin, size: the archive that holds the file, and where in it, in bytes; left out
            before it has been written. See `archives`.
    """

    source: str
    id: str
    file: str
    group: str
    page: str
    artist: str
    rating: str
    licence: str
    md5: str
    sha256: str
    url: str
    width: int
    height: int
    variant: str = ""
    origin: str = ""
    name: str = ""
    archive: str = ""
    begin: int = 0
    size: int = 0

    def line(self) -> dict[str, str | int]:
        """Give the keys and values of the manifest's line."""
        left_out = {name for name in ("variant", "origin", "name") if not getattr(self, name)}
        if not self.archive:
            left_out |= {"archive", "begin", "size"}
        return {key: value for key, value in asdict(self).items() if key not in left_out}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a source yields: a record and the bytes that it describes."""

    record: Record
    content: bytes


def picture(
    content: bytes,
    *,
    source: str,
    id: str,
    suffix: str,
    group: str = "",
    page: str = "",
    artist: str = "",
    rating: str = "",
    licence: str = "unknown",
    url: str = "",
    width: int = 0,
    height: int = 0,
    variant: str = "",
    origin: str = "",
    name: str = "",
) -> Picture:
    """Make a `Picture`: name the file, take the digests; without a group it is its own."""
    record = Record(
        source=source,
        id=id,
        file=f"{source}_{id}.{suffix}",
        group=group or f"{source}_{id}",
        page=page,
        artist=artist,
        rating=rating,
        licence=licence,
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        url=url,
        width=width,
        height=height,
        variant=variant,
        origin=origin,
        name=name,
    )
    return Picture(record, content)


def write(folder: Path, records: Iterable[Record]) -> int:
    """Write ``folder/manifest.jsonl``, a JSON object a line with sorted keys; count the lines."""
    count = 0
    with files.atomic(folder / FILE_NAME) as file:
        for count, record in enumerate(records, 1):  # noqa: B007 - the last one is the result
            file.write(_encoded(record) + b"\n")
    return count


def _encoded(record: Record) -> bytes:
    try:
        return json.dumps(record.line(), sort_keys=True, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, as a file's name may have
        return json.dumps(record.line(), sort_keys=True).encode()


def read(folder: Path) -> list[Record]:
    """Read ``folder/manifest.jsonl``.

    Raises:
        DataError: it is missing, or a line is not a record.
    """
    return [record for _, record in scan(folder)]


def scan(folder: Path) -> Iterator[tuple[int, Record]]:
    """Read ``folder/manifest.jsonl`` line by line: the byte at which each begins, and its record.

    Raises:
        DataError: it is missing, or a line is not a record.
    """
    begin = 0
    with _opened(folder) as file:
        for number in count(1):
            line = file.readline(MAX_LINE + 1)
            if not line:
                return
            yield begin, _record(line, f"{file.name}:{number}")
            begin += len(line)


def read_at(folder: Path, begins: Iterable[int]) -> Iterator[Record]:
    """Read the records whose lines begin at these bytes.

    Raises:
        DataError: it is missing, or no record begins there.
    """
    with _opened(folder) as file:
        for begin in begins:
            file.seek(begin)
            yield _record(file.readline(MAX_LINE + 1), f"{file.name}, byte {begin}")


def _opened(folder: Path) -> BinaryIO:
    path = folder / FILE_NAME
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: run the fetch stage first") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _record(line: bytes, where: str) -> Record:
    """Read a line, and check that its values are such as `write` leaves."""
    if len(line) > MAX_LINE:
        raise DataError(f"{where} is no manifest line: more than {MAX_LINE} bytes")
    try:
        content: dict[str, Any] = json.loads(line.decode("utf-8"))
        record = Record(**content)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{where} is no manifest line: {one_line(error)}") from None
    for field in fields(Record):
        value = getattr(record, field.name)
        if type(value) is not field.type:
            raise DataError(f"{where}: '{field.name}' is of a wrong type")
        if isinstance(value, int) and not 0 <= value <= MAX_NUMBER:
            raise DataError(f"{where}: '{field.name}' is not between 0 and {MAX_NUMBER}")
        if field.name in _NAMES and _SURROGATE.search(value):
            raise DataError(f"{where}: '{field.name}' is not Unicode")
    for name in (record.file, record.archive):
        if not _PLAIN_NAME.fullmatch(name):
            shown = one_line(ascii(name))
            raise DataError(f"{where}: {shown} is not a plain name of a file or archive")
    if not _SHA256.fullmatch(record.sha256):
        raise DataError(f"{where}: 'sha256' is not 64 hexadecimal digits")
    return record
