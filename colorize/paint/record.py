"""Records how each result was painted, and from which original.

One file beside the results, ``.colorize.jsonl``: a line is added before each result is put in its
place, and of the lines of a name the last one counts whose size is that of the file. So runs side
by side need not wait for each other, and a line that was cut short, or whose result never came to
be, costs no more than what it says.
"""

import hashlib
import json
import os
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = ".colorize.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a result came to be.

    Attributes:
        source: SHA-256 of the original.
        settings: SHA-256 of what stands for the model and all options.
        size: of the result in bytes: another one is not the file that was written.
        failed: pages of it that could not be painted.
        hints: SHA-256 of the hints it was painted with; empty for none.
    """

    source: str
    settings: str
    size: int
    failed: int = 0
    hints: str = ""


class Record:
    """The record of one folder of results.

    Args:
        base: the folder.
    """

    def __init__(self, base: Path) -> None:
        self._path = base / NAME
        self._base = base
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        try:
            content = self._path.read_bytes()
        except OSError:
            content = b""
        self._torn = not content.endswith(b"\n") and content != b""
        for line in content.splitlines():
            try:
                name, values = json.loads(line)
                self._entries[str(name)].append(Entry(**values))
            except (ValueError, TypeError, RecursionError):
                continue  # cut short by a kill, or by another version

    def find(self, target: Path) -> Entry | None:
        """Find how a result came to be; none where its file is not the one that was written."""
        try:
            size = target.stat().st_size
        except OSError:
            return None
        entries = self._entries.get(self._key(target), [])
        return next((entry for entry in reversed(entries) if entry.size == size), None)

    def add(self, target: Path, entry: Entry) -> None:
        """Note a result that is to be put in its place next."""
        key = self._key(target)
        line = "\n" * self._torn + json.dumps([key, asdict(entry)]) + "\n"
        self._torn = False
        # One write: lines of several runs do not mix.
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(handle, line.encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        finally:
            os.close(handle)
        self._entries[key].append(entry)

    def _key(self, target: Path) -> str:
        return Path(os.path.relpath(target, self._base)).as_posix()


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
