"""Prepares one shard: decodes its pictures, frames them as squares, and writes the shard.

A prepared shard is kept in a workshop, a folder of scratch, as ``NAME.KEY.npy`` and, written last,
its marker ``NAME.KEY.json``. The key names the pictures that go in, and the workshop's name the
code and the values that prepare them. So a shard is made again only where one of these changed, and
a run that was killed resumes with the shards that have a marker.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import imagehash
import numpy as np
import PIL
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from colorize import files, provenance
from colorize.data import shards
from colorize.data.index import square_id
from colorize.data.split import Split
from colorize.errors import DataError, ImageError, one_line
from colorize.imaging import chroma
from colorize.imaging.decode import RGB, decode
from colorize.ingest import copies
from colorize.ingest.framing import CUTS, Cut, Framing, squares
from colorize.ingest.layout import Shard
from colorize.raw import archives, manifest
from colorize.raw.manifest import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a picture becomes squares, and what they must be like: see `decode` and `framing`."""

    side: int
    framing: Framing
    min_chroma: float
    max_bytes: int
    max_pixels: int

    def fingerprint(self) -> str:
        """Name what the result depends on beside the pictures: 16 hex digits.

        These are the values, the code that prepares a shard and the versions of its libraries.
        """
        code = provenance.digest(__name__)
        libraries = [np.__version__, cv2.__version__, PIL.__version__, imagehash.__version__]
        text = json.dumps([code, asdict(self), libraries], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is given.

    Attributes:
        raw: folder of the manifest and the archives.
        workshop: where the shard is prepared.
        shard: its name, and where the manifest's lines of its pictures begin.
        how: to prepare them.
    """

    raw: Path
    workshop: Path
    shard: Shard
    how: How


@dataclass(frozen=True, slots=True)
class Prepared:
    """A shard in the workshop, without its pixels.

    Attributes:
        split: whose it is.
        name: of the shard.
        path: of its file, which is not there if no picture was usable.
        ids: of its squares in the order of rows; see `data.index.picture_of`.
        hashes: their perceptual hashes.
        digests: 128 bits of their pixels' SHA-256, in two halves.
        pictures: how many were looked at.
        cuts: how many of them were cut in each way of `framing.CUTS`.
        left_out: file, reason and the whole message of each picture that cannot be used, or of
            each of its squares.
    """

    split: Split
    name: str
    path: Path
    ids: list[str]
    hashes: list[int]
    digests: list[tuple[int, int]]
    pictures: int
    cuts: dict[Cut, int]
    left_out: list[tuple[str, str, str]]


_Word = Annotated[int, Field(ge=0, lt=2**64)]


class _Marker(BaseModel):
    """Content of a marker: see `Prepared`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: list[int]
    ids: list[str]
    hashes: list[_Word]
    digests: list[tuple[_Word, _Word]]
    pictures: int
    cuts: dict[Cut, int]
    left_out: list[tuple[str, str, str]]

    def rows(self) -> int:
        """Number of pictures, or -1 where the lists do not agree in it."""
        lengths = {len(self.ids), len(self.hashes), len(self.digests)}
        return lengths.pop() if len(lengths) == 1 else -1


@contextmanager
def workshop(folder: Path, how: How) -> Iterator[Path]:
    """Give the folder of shards that are prepared in this way; this process holds it alone.

    Raises:
        DataError: another process is at work in it.
    """
    own = folder / how.fingerprint()
    with files.locked(own, f"another resize is at work in {own}: wait for it, or end it"):
        own.mkdir(exist_ok=True)
        files.sweep(own)
        yield own.resolve()


def prepare(task: Task) -> Prepared:
    """Prepare one shard, unless that has been done before."""
    records = list(manifest.read_at(task.raw, task.shard.records.tolist()))
    key = hashlib.sha256(json.dumps([(r.id, r.file, r.sha256) for r in records]).encode())
    path = task.workshop / f"{task.shard.name}.{key.hexdigest()[:16]}.npy"
    done = load(path, task.shard.split)
    if done:
        return _named(done, records)
    kept: list[RGB] = []
    cuts: dict[Cut, int] = dict.fromkeys(CUTS, 0)
    new = Prepared(task.shard.split, task.shard.name, path, [], [], [], len(records), cuts, [])
    with _one_thread():
        for record in records:
            try:
                cut, framed = squares_of(task.raw, record, task.how)
            except ImageError as error:
                new.left_out.append((record.file, error.reason, str(error)))
                continue
            cuts[cut] += 1
            for number, rgb in enumerate(framed):
                try:
                    chroma.check(rgb, at_least=task.how.min_chroma)
                except ImageError as error:
                    where = "" if cut == "whole" else f"square {number}: "
                    new.left_out.append((record.file, error.reason, f"{where}{error}"))
                    continue
                kept.append(rgb)
                digest = hashlib.sha256(rgb.tobytes()).digest()
                new.digests.append((int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])))
                new.hashes.append(copies.perceptual_hash(rgb))
                whole = f"{record.source}_{record.id}"
                new.ids.append(whole if cut == "whole" else square_id(whole, number))
    if new.ids:
        shards.write(path, np.stack(kept))
    held: dict[str, object] = {"state": _state(path), "ids": new.ids, "hashes": new.hashes}
    held |= {"digests": new.digests, "pictures": new.pictures, "cuts": cuts}
    held["left_out"] = new.left_out
    files.write_bytes(path.with_suffix(".json"), json.dumps(held).encode())
    return _named(new, records)


def _named(done: Prepared, records: Iterable[Record]) -> Prepared:
    """Call the files that were left out by the names that their owner gave them, if any."""
    if not done.left_out:
        return done
    names = {record.file: one_line(record.name or record.file, length=200) for record in records}
    left_out = [(names.get(file, file), reason, words) for file, reason, words in done.left_out]
    return replace(done, left_out=left_out)


def squares_of(raw: Path, record: Record, how: How) -> tuple[Cut, list[RGB]]:
    """Read, check and frame one picture of a folder of archives: see `framing.squares`.

    Raises:
        ImageError: it cannot be used.
    """
    content = archives.read(raw, record, max_bytes=how.max_bytes)
    side = 0 if how.framing == "panels" else how.side  # panels are cut from all pixels
    rgb = decode(content, max_pixels=how.max_pixels, side=side)
    return squares(rgb, side=how.side, framing=how.framing)


def load(path: Path, split: Split) -> Prepared | None:
    """Read the marker of a prepared shard; None where there is none, or the file has changed."""
    try:
        content = path.with_suffix(".json").read_bytes()
        held = _Marker.model_validate_json(content)
        if held.state != _state(path) or held.rows() != (len(shards.read(path)) if held.ids else 0):
            return None
    except (OSError, ValueError, DataError):
        return None
    name = path.name.split(".")[0]
    return Prepared(
        split,
        name,
        path,
        held.ids,
        held.hashes,
        held.digests,
        held.pictures,
        held.cuts,
        held.left_out,
    )


def publish(order: tuple[Path, Path, NDArray[np.bool_]]) -> None:
    """Bring a prepared shard to its place.

    Args:
        order: where it is, where it goes, and which of its rows stay. A shard that keeps all rows
            is linked, which costs no room.
    """
    path, target, stays = order
    if not stays.all():
        shards.write(target, shards.read(path)[stays])
        return
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(path, target)


def clear(workshop: Path, current: Iterable[Path]) -> None:
    """Remove all shards but the current ones, and workshops of other ways where nobody works."""
    names = {path.stem for path in current}
    for path in workshop.iterdir():
        if path.stem not in names:
            path.unlink()
    for other in workshop.parent.iterdir():
        if other.is_dir() and other != workshop:
            with suppress(DataError), files.locked(other, "in use"):
                files.remove_folder(other)


def _state(path: Path) -> list[int]:
    """Size and time of a file; of none, nothing. Neither changes when it is linked."""
    if not path.exists():
        return []
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV from starting threads that would wait for other workers'."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
