"""A run's folder for unfinished files, which the next run removes after a kill.

All temporary files of a run lie in one hidden folder beside the results, with a lock that ends with
the process. Whoever comes next and can take the lock of such a folder knows that its owner is gone,
and removes it; runs at work side by side do not disturb each other.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from colorize import files

PREFIX, SUFFIX = ".colorize-", ".tmp"
_LOCK = "lock"
_TRIES = 100


class Workshop:
    """A run's own hidden folder; goes with its ``with`` block.

    Args:
        base: folder of the results; it is made where there is none.
    """

    def __init__(self, base: Path) -> None:
        make_folder(base)
        sweep(base)
        with _told(base):
            self._folder, self._lock = _claimed(base)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        remove(self._folder, self._lock)

    def write(self, target: Path, content: bytes) -> None:
        """Write a file that is whole or not there, with the rights of any new file of this user.

        Raises:
            OSError: the disk is full, or the place cannot be written to; it names ``target``.
        """
        part = self._folder / "part"
        with _told(target):
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            make_folder(target.parent)
            try:
                part.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:  # a folder among the results is of another disk
                    raise
                files.write_bytes(target, content)


def _claimed(base: Path) -> tuple[Path, FileLock]:
    """A new folder whose lock is taken; another run may have swept it before it was."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(dir=base, prefix=PREFIX, suffix=SUFFIX))
        lock = FileLock(folder / _LOCK, timeout=0)
        with suppress(Timeout, FileNotFoundError):
            lock.acquire()
            return folder, lock
    raise OSError(errno.EBUSY, "no folder for unfinished pages can be had", str(base))


def sweep(base: Path) -> None:
    """Remove what runs that were killed have left in a folder of results."""
    for folder in base.glob(f"{PREFIX}*{SUFFIX}"):
        lock = FileLock(folder / _LOCK, timeout=0)
        with suppress(Timeout, OSError):
            lock.acquire()
            remove(folder, lock)


def remove(folder: Path, lock: FileLock) -> None:
    """Remove a folder of which this process holds the lock, a file in it, and let that go.

    Not again after that: another process may have taken the folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    if os.name == "nt":  # where an open file, the lock, could not be removed before
        shutil.rmtree(folder, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, however deep."""
    missing = []
    with _told(path):
        while not os.path.lexists(path):
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Name ``target`` in an error that names no file or one that nobody knows."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from None
