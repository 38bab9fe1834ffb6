"""Survives a killed run: the downloaded files, and a journal of the outcome of each post.

Neither is an output of the pipeline. The files are shared by all searches, so no file is asked for
twice; a journal belongs to one search.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from colorize import files
from colorize.errors import SourceError
from colorize.raw.manifest import Record


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder without rights into one line that says what to do."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"cannot write to '{folder}' ({error.strerror}): make room there, allow writing, or set"
            " COLORIZE_SCRATCH to another folder; what was fetched so far is kept"
        ) from None


class Store:
    """Files by key, in a folder that one process holds at a time.

    A file's name carries the digest that its bytes must have, so a file vouches for itself. Use it
    as a context manager.

    Args:
        folder: made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with _writing(self._folder):
            message = f"another fetch is at work in '{self._folder}': wait for it, or end it"
            self._held.enter_context(files.locked(self._folder, message, error=SourceError))
            self._folder.mkdir(exist_ok=True)
            for home in self._folder.glob("files/*"):
                files.sweep(home)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def get(self, key: str) -> bytes | None:
        """Read a file; None where there is none, or not as it was written."""
        for path in self._paths(key):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.suffix[1:]:
                return content
        return None

    def put(self, key: str, content: bytes) -> None:
        """Write a file in place of the one under the same key."""
        with _writing(self._folder):
            self.remove(key)
            digest = hashlib.sha256(content).hexdigest()
            files.write_bytes(self._home(key) / f"{key}.{digest}", content)

    def remove(self, key: str) -> None:
        """Forget a file."""
        for path in self._paths(key):
            path.unlink()

    def journal(self, name: str) -> "Journal":
        """Give the journal of that name."""
        return Journal(self._folder / f"{name}.jsonl")

    def journals(self) -> list["Journal"]:
        """Give the journals of all searches."""
        return [Journal(path) for path in sorted(self._folder.glob("*.jsonl"))]

    def _home(self, key: str) -> Path:
        return self._folder / "files" / key[:2]

    def _paths(self, key: str) -> list[Path]:
        return sorted(self._home(key).glob(f"{key}.*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of one post.

    Attributes:
        id: of the post; 0 says that the search has no more posts.
        md5, artist: of the post, for a deny-list that grows later.
        skipped: why it was left out, or empty.
        key: of its file in the store, or empty.
        record: its manifest line, or None.
    """

    id: int
    md5: str = ""
    artist: str = ""
    skipped: str = ""
    key: str = ""
    record: Record | None = None


class Journal:
    """A line for each post that is done with, in falling order of ids.

    Args:
        path: of the file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[tuple[Entry, int]]:
        """Yield each entry and the number of bytes up to its end, as far as they are whole."""
        if not self._path.exists():
            return
        end = 0
        with self._path.open("rb") as file:
            for line in file:
                entry = _parsed(line)
                if entry is None:
                    return
                end += len(line)
                yield entry, end

    def cut(self, size: int) -> None:
        """Drop all after the first ``size`` bytes."""
        if self._path.exists() and self._path.stat().st_size > size:
            with _writing(self._path):
                os.truncate(self._path, size)

    def add(self, entry: Entry) -> None:
        """Append an entry, and return once it is on the disk."""
        given: dict[str, Any] = {"id": entry.id, "md5": entry.md5, "artist": entry.artist}
        if entry.record:
            given |= {"key": entry.key, "record": entry.record.line()}
        else:
            given |= {"skipped": entry.skipped}
        line = json.dumps(given).encode() + b"\n"
        with _writing(self._path), self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _parsed(line: bytes) -> Entry | None:
    """Read a line; None where a killed run left it torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        given = json.loads(line)
        record = given.pop("record", None)
        return Entry(**given, record=Record(**record) if record else None)
    except (ValueError, TypeError, AttributeError):
        return None
