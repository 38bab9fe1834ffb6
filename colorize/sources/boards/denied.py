"""The deny-list: posts, artists and files that are never used, whatever the search finds.

One entry a line, ``danbooru:123``, ``artist:name`` or ``md5:0123...``. A # at a line's start or
after a blank begins a remark.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from colorize import files
from colorize.errors import SourceError

ENTRY = re.compile(r"artist:\S+|md5:[0-9a-f]{32}|(danbooru|safebooru):[1-9][0-9]*")
REMARK = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Denied:
    """The entries of a deny-list.

    Attributes:
        entries: as they stand in the file, without remarks.
    """

    entries: frozenset[str]

    def covers(self, source: str, post_id: int, *, artist: str, md5: str) -> bool:
        """Tell whether a post is denied by its number, by one of its artists or by its file."""
        names = {f"{source}:{post_id}", f"md5:{md5}", *(f"artist:{a}" for a in artist.split())}
        return not self.entries.isdisjoint(names)


def read(path: Path) -> Denied:
    """Read a deny-list.

    Raises:
        SourceError: it is missing, or naming the line that is no entry.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise SourceError(
            f"deny-list '{path}' does not exist: create it, empty if need be"
        ) from None
    except UnicodeDecodeError:
        raise SourceError(f"deny-list '{path}' is not UTF-8 text") from None
    entries = [(n, REMARK.sub("", line).strip()) for n, line in enumerate(lines, 1)]
    for n, entry in entries:
        if entry and not ENTRY.fullmatch(entry):
            raise SourceError(
                f"{path}, line {n}: '{entry}' is none of danbooru:123, artist:name, md5:<32 digits>"
            )
    return Denied(frozenset(entry for _, entry in entries if entry))


def extend(path: Path, remarks: Mapping[str, str]) -> None:
    """Add entries, each with a remark, to the end of a deny-list."""
    old = path.read_text("utf-8")
    lines = "".join(f"{entry}  # {remark}\n" for entry, remark in remarks.items())
    files.write_bytes(
        path, f"{old}{'' if old.endswith(chr(10)) or not old else chr(10)}{lines}".encode()
    )
