"""Pictures of one's own: every picture file under a folder, at any depth."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from colorize.errors import SourceError
from colorize.sources.manifest import Picture, picture

SUFFIXES = frozenset({"avif", "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"})
"""What counts as a picture; whether it can be decoded, the resize stage says and counts."""


def pictures(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield each distinct picture file, in the order of the paths.

    A picture's id is the start of its content's sha256, so renaming files changes neither data
    set nor split. Hidden files and folders are passed over.

    Args:
        folder: searched recursively; links to files are followed, links to folders are not.
        counts: gains ``no_picture`` for other files and ``same_file`` for repeated content.

    Raises:
        SourceError: the folder is missing or has no picture in it.
    """
    paths = _paths(folder)
    seen: set[str] = set()
    for path in paths:
        suffix = path.suffix[1:].lower()
        if suffix not in SUFFIXES:
            counts["no_picture"] += 1
            continue
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest in seen:
            counts["same_file"] += 1
            continue
        seen.add(digest)
        yield picture(content, source="folder", id=digest[:16], suffix=suffix)
    if not seen:
        raise SourceError(f"no picture in folder '{folder}' ({', '.join(sorted(SUFFIXES))})")


def count(folder: Path) -> int:
    """Count the files that `pictures` will look at."""
    return len(_paths(folder))


def _paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SourceError(f"'{folder}' is not a folder: set fetch.folder to one with pictures")
    found = (path for path in folder.rglob("*") if path.is_file())
    visible = (
        p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )
    return sorted(visible)
