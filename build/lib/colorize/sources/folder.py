"""Pictures of one's own: every picture file under a folder, at any depth."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from colorize.errors import SourceError
from colorize.raw.manifest import Picture, picture

SUFFIXES = frozenset({"avif", "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"})
"""What counts as a picture; whether it can be decoded, the resize stage says and counts."""


TRIES = 3
"""How often a file is read that changes meanwhile."""


def pictures(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield each distinct picture file, in the order of the paths.

    A picture's id is the start of its content's sha256, so renaming files changes neither data
    set nor split. Hidden files and folders are passed over.

    Args:
        folder: searched recursively; links to files are followed, links to folders are not.
        counts: gains ``no_picture`` for other files, ``same_file`` for repeated content and
            ``changing`` for what somebody is still writing.

    Raises:
        SourceError: the folder is missing or has no picture in it.
    """
    seen: set[bytes] = set()
    for path in _paths(folder):
        suffix = path.suffix[1:].lower()
        if suffix not in SUFFIXES:
            counts["no_picture"] += 1
            continue
        content = _read(path)
        if content is None:
            counts["changing"] += 1
            continue
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            counts["same_file"] += 1
            continue
        seen.add(digest)
        yield picture(content, source="folder", id=digest.hex()[:16], suffix=suffix)
    if not seen:
        raise SourceError(f"no picture in folder '{folder}' ({', '.join(sorted(SUFFIXES))})")


def count(folder: Path) -> int:
    """Count the files that `pictures` will look at."""
    return sum(1 for _ in _paths(folder))


def _paths(folder: Path) -> Iterator[Path]:
    """Yield visible files; memory holds the names of the folders on the way to one."""
    if not folder.is_dir():
        raise SourceError(f"'{folder}' is not a folder: set fetch.folder to one with pictures")
    return _walk(folder)


def _walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        entries = sorted((e for e in found if e.name[0] != "."), key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def _read(path: Path) -> bytes | None:
    """Read a file that nobody changes meanwhile; None if somebody goes on doing so."""
    for _ in range(TRIES):
        before = path.stat()
        content = path.read_bytes()
        after = path.stat()
        found = (len(content), before.st_mtime_ns)
        if before.st_size == len(content) and found == (after.st_size, after.st_mtime_ns):
            return content
    return None
