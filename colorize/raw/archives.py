"""Keeps the fetched files in a few archives, because DVC looks at every file of an output.

An archive is a plain tar: ``tar -xf`` gives the pictures. The manifest says where in it each one
stands, so a picture is read without looking at the others. An archive ends behind a picture whose
digest says so. Pictures that come or go later change the archive they stand in and the numbers of
later ones, not their bytes, by which DVC stores them.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from tarfile import BLOCKSIZE, NUL, PAX_FORMAT, TarInfo
from typing import BinaryIO

from colorize import files
from colorize.errors import ImageError, SourceError
from colorize.raw.manifest import Picture, Record

PER_ARCHIVE = 512
"""Pictures in an archive, on average."""

MAX_BYTES = 1 << 30
"""After which an archive ends in any case."""


def write(folder: Path, pictures: Iterable[Picture]) -> Iterator[Record]:
    """Write pictures into ``folder/pictures-00000.tar`` and so on, and yield where each one stands.

    The same pictures give the same bytes. An archive is there once all of it has been written.

    Raises:
        SourceError: there is no room.
    """
    rest = iter(pictures)
    for number in count():
        first = next(rest, None)
        if first is None:
            return
        name = f"pictures-{number:05d}.tar"
        with files.atomic(folder / name) as file:
            for picture in chain([first], rest):
                with _naming(folder):
                    begin = _append(file, picture)
                yield replace(picture.record, archive=name, begin=begin, size=len(picture.content))
                if _ends(picture.record) or file.tell() > MAX_BYTES:
                    break
            file.write(NUL * (2 * BLOCKSIZE))


def read(folder: Path, record: Record, *, max_bytes: int) -> bytes:
    """Read one picture's file.

    Args:
        folder: of the archives.
        record: with its place.
        max_bytes: refused before reading when the record says that there are more.

    Raises:
        ImageError: ``too_many_bytes``, ``unreadable`` where there is no archive, or ``changed``
            where it holds other bytes than were fetched.
    """
    if record.size > max_bytes:
        raise ImageError("too_many_bytes", f"{record.size} bytes")
    try:
        with (folder / record.archive).open("rb") as file:
            if record.begin + record.size > os.fstat(file.fileno()).st_size:
                raise ImageError("changed", f"{record.archive} ends before it")
            file.seek(record.begin)
            content = file.read(record.size)
    except OSError as error:
        raise ImageError("unreadable", f"{record.archive}: {error.strerror}") from None
    except (ValueError, OverflowError):  # a name or a place that no file can have
        raise ImageError("changed", "the manifest names a place that cannot be") from None
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ImageError("changed", "these are not the bytes that were fetched")
    return content


def _append(file: BinaryIO, picture: Picture) -> int:
    """Write one picture, and tell where its own bytes begin."""
    info = TarInfo(picture.record.file)
    info.size = len(picture.content)
    file.write(info.tobuf(PAX_FORMAT))
    begin = file.tell()
    file.write(picture.content)
    file.write(NUL * (-info.size % BLOCKSIZE))
    file.flush()
    return begin


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """Turn a full disk into one line that says which."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"cannot write to '{folder}' ({error.strerror}): make room there; what was there before"
            " is kept, and so is what a site has sent"
        ) from None


def _ends(record: Record) -> bool:
    return int(record.sha256[:8], 16) % PER_ARCHIVE == 0
