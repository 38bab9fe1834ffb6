"""The formats of pages, recognised by the suffixes of their names."""

import os.path
from collections.abc import Mapping, Sequence

_JPEG = ("JPEG", {"quality": 95, "subsampling": 0})

WRITERS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    ".png": ("PNG", {}),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jpe": _JPEG,
    ".jfif": _JPEG,
    ".pjpeg": _JPEG,
    ".webp": ("WEBP", {"quality": 95}),
    ".avif": ("AVIF", {"quality": 90, "speed": 8, "subsampling": "4:4:4"}),
}
"""What each suffix is written as. Colours of full resolution: their edges lie on the lines."""

UNSUPPORTED = frozenset(
    {".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".jxr", ".tga", ".tif", ".tiff"}
)
"""Suffixes of pages that are reported as failed, since nothing here reads them."""

BOOKS = frozenset({".cbz", ".zip"})

FOREIGN = frozenset({".cb7", ".cba", ".cbr", ".cbt", ".7z", ".djvu", ".epub", ".pdf", ".rar"})
"""Suffixes of books that must be converted first, unless they are ZIP archives in truth."""


def is_hidden(name: str) -> bool:
    """Tell by its name a file or folder that is not for people, such as the Finder's twins."""
    return name.startswith("__MACOSX") or (name.startswith(".") and name.strip(".") != "")


def suffix(name: str) -> str:
    """The suffix of a file's name, in small letters, with its dot."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  # a name in an archive is no path


def is_page(name: str) -> bool:
    """Tell by its name whether a file is a page, readable or not."""
    return suffix(name) in WRITERS or suffix(name) in UNSUPPORTED


def same_format(one: str, other: str) -> bool:
    """Tell whether two suffixes mean one format, as ``.jpg`` and ``.jpeg`` do."""
    return one == other or (one in WRITERS and WRITERS[one] == WRITERS.get(other))


def renamed(names: Sequence[str], ending: str) -> list[str]:
    """Give pages that are written in one format names of their own.

    Args:
        names: of pages and other files, which keep theirs.
        ending: suffix of the format.

    >>> renamed(["1.jpg", "2.png", "2.jpg", "notes.txt"], ".png")
    ['1.png', '2.png', '2.jpg.png', 'notes.txt']
    """
    taken = set(names)
    results: list[str] = []
    for name in names:
        result = name
        if is_page(name) and suffix(name) != ending:
            result = name[: -len(suffix(name))] + ending
            result = f"{name}{ending}" if result in taken else result
        taken.add(result)
        results.append(result)
    return results
