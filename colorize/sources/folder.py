"""The user's own pictures: every picture file under a folder, at any depth."""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from colorize.errors import ImageError, SourceError, one_line
from colorize.raw.manifest import Picture, picture

logger = logging.getLogger(__name__)

SUFFIXES = frozenset({"avif", "jfif", "jpe", "jpeg", "jpg", "pjpeg", "png", "webp"})
"""What counts as a picture; whether it can be decoded, the resize stage says and counts."""

UNSUPPORTED = frozenset({"bmp", "gif", "heic", "heif", "jxl", "tif", "tiff"})
"""Pictures that no stage can decode: they are counted, and not copied."""

MAX_BYTES = 200_000_000
"""Of a file, which is held in memory while it is copied."""

FIRST = ("test", "val", "train")
"""Folders that name a split come first, so that a copy elsewhere gives way to a picture in them."""

TRIES = 3
"""How often a file is read that changes meanwhile."""

REASONS = (
    "no_picture",
    "unsupported",
    "same_file",
    "changing",
    "too_many_bytes",
    "unreadable",
    "link_outside",
)
"""Every reason for which a file or folder can be left out."""


def pictures(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield each distinct picture file: those in `FIRST`, then the others, by their paths.

    A picture's id is the start of its content's sha256, so renaming files changes neither data
    set nor split. Hidden files and folders, and ``__MACOSX``, are passed over. What cannot be read
    is counted and logged, and the rest is read.

    Args:
        folder: searched recursively; links to files are followed as long as they stay inside of it,
            links to folders are not.
        counts: gains the number of files and folders left out, for each of `REASONS`.

    Raises:
        SourceError: the folder is missing or has no picture in it.
    """
    counts.update(dict.fromkeys(REASONS, 0))
    home = _existing(folder)
    seen: set[bytes] = set()
    for path, fault in _walk(folder):
        name = path.relative_to(folder).as_posix()
        suffix = path.suffix[1:].lower()
        if not fault and suffix not in SUFFIXES:
            counts["unsupported" if suffix in UNSUPPORTED else "no_picture"] += 1
            continue
        try:
            content = _read(path, home, fault)
        except ImageError as error:
            counts[error.reason] += 1
            logger.warning("left out %s: %s", one_line(name, length=200), error)
            continue
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            counts["same_file"] += 1
            continue
        seen.add(digest)
        yield picture(content, source="folder", id=digest.hex()[:16], suffix=suffix, name=name)
    if counts["unsupported"]:
        logger.warning(
            "left out %d files of formats that are not supported (%s)",
            counts["unsupported"],
            ", ".join(sorted(UNSUPPORTED)),
        )
    if not seen:
        found = {reason: count for reason, count in counts.items() if count}
        raise SourceError(
            f"no picture in folder '{folder}' ({', '.join(sorted(SUFFIXES))}); left out: {found}"
        )


def count(folder: Path) -> int:
    """Count the files that `pictures` will look at."""
    _existing(folder)
    return sum(not fault for _, fault in _walk(folder))


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise SourceError(f"'{folder}' is not a folder: set fetch.folder to one with pictures")
    return folder.resolve()


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield visible files in the order of `pictures`, and what cannot be looked at, with why.

    However deep the folders are nested: a path that is too long for the system is such a fault.
    """
    waiting = [(folder, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path, ""
            continue
        try:
            with os.scandir(path) as found:
                entries = [e for e in found if e.name[0] != "." and e.name != "__MACOSX"]
        except OSError as error:
            yield path, error.strerror or "cannot be opened"
            continue
        inside = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                inside.append((Path(entry.path), True))
            elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                inside.append((Path(entry.path), False))
        inside.sort(key=lambda known: known[0].name, reverse=True)
        if path == folder:
            ranks = {name: rank for rank, name in enumerate(FIRST)}
            inside.sort(key=lambda known: -ranks.get(known[0].name, len(FIRST)))
        waiting += inside


def _read(path: Path, home: Path, fault: str) -> bytes:
    """Read a file that nobody changes meanwhile.

    Raises:
        ImageError: ``unreadable``, ``too_many_bytes``, ``link_outside`` or ``changing``.
    """
    if fault:
        raise ImageError("unreadable", fault)
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(home):
            raise ImageError("link_outside", "a link that leads out of the folder")
        if not path.is_file():
            raise ImageError("unreadable", "not a file")
        for _ in range(TRIES):
            before = path.stat()
            if before.st_size > MAX_BYTES:
                raise ImageError("too_many_bytes", f"{before.st_size} bytes")
            with path.open("rb") as file:
                content = file.read(before.st_size + 1)  # more would be set aside at once
            after = path.stat()
            found = (len(content), before.st_mtime_ns)
            if before.st_size == len(content) and found == (after.st_size, after.st_mtime_ns):
                return content
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        words = getattr(error, "strerror", None) or "a link that leads to itself"
        raise ImageError("unreadable", words) from None
    raise ImageError("changing", "it is being written")
