"""Colour books: what regions of a series look like to a network, and which colours they have.

A book is a safetensors file, from which nothing is ever executed. Its tensors have a row an entry:
``features`` (n, q) float16, the network's distribution of colours over the region; ``colors`` (n,
3) uint8 sRGB; ``tones`` (n,) float32, L of the region on its page; ``kinds`` (n,) uint8, 0 of a
grey page and 1 of an inked one. The metadata is one JSON text under ``colorize-book``: ``format``,
``model`` (SHA-256 of the network whose features these are), and of each entry its ``names``, for
people, and ``keys``, by which it is replaced when the same is learned again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from colorize import files
from colorize.colour import lab
from colorize.errors import InputError, one_line
from colorize.paint.hints import Colour

METADATA_KEY = "colorize-book"
FORMAT = 1
MAX_ENTRIES = 4096
MAX_BINS = 2000
MAX_BYTES = 32_000_000
MAX_NAME = 200
"""Letters of a name or a key."""
KINDS = ("grey", "ink")
MATCHED = ("grey",)
"""Kinds of pages on which a book gives colours. On inked ones nearly all regions are alike to a
network, and the nearest entry is the right one as rarely as by chance: see benchmarks/series.py."""

MATCH = 0.5
"""How much a region must be like an entry to get its colour: the root of the overlap of their
distributions (the Bhattacharyya coefficient) times exp(-d / `TONE`), d being their difference in L.
What a network makes of one thing differs between pages by more than its L does, so small
differences in L already decide: see benchmarks/series.py."""
TONE = 3.0


class Entry(NamedTuple):
    """What one region looks like, and its colour.

    Attributes:
        features: (q,) float, a distribution.
        color: sRGB, each 0..255.
        tone: L of the region on its page, 0..100.
        kind: of the page, ``grey`` or ``ink``.
        name: for people; may be empty.
        key: of what it was learned from.
    """

    features: NDArray[np.float32]
    color: Colour
    tone: float
    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Book:
    """A colour book.

    Attributes:
        model: SHA-256 of the network.
        entries: in the order in which they were learned.
    """

    model: str
    entries: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, path: Path, *, model: str | None = None, bins: int | None = None) -> Self:
        """Read a book.

        Args:
            path: of the file.
            model: the network that the book must be of; any if not given.
            bins: over which its distributions must be; any if not given.

        Raises:
            InputError: the file is missing, damaged, too large, no book or of another network.
        """
        try:
            if path.stat().st_size > MAX_BYTES:
                raise InputError(f"{path} has more than {MAX_BYTES} bytes")
            with safetensors.safe_open(path, framework="numpy") as file:
                found = cls._read(file)
        except (safetensors.SafetensorError, OSError) as error:
            raise InputError(f"{path} is no readable colour book: {one_line(error)}") from None
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{path} is no colour book: {one_line(error)}") from None
        if model is not None and found.model != model:
            raise InputError(f"{path} is the colour book of another model")
        if bins is not None and any(entry.features.shape != (bins,) for entry in found.entries):
            raise InputError(f"{path} is no colour book of this model: other colours than its own")
        return found

    @classmethod
    def _read(cls, file: Any) -> Self:  # noqa: ANN401
        described = json.loads((file.metadata() or {})[METADATA_KEY])
        if described["format"] != FORMAT:
            raise ValueError(f"format {one_line(described['format'], length=20)}, not {FORMAT}")
        names, keys = _texts(described["names"]), _texts(described["keys"])
        count = len(names)
        if not isinstance(described["model"], str) or len(keys) != count or count > MAX_ENTRIES:
            raise ValueError("what it says of itself does not fit together")
        held = _tensors(file, count)
        return cls(
            described["model"],
            tuple(
                Entry(
                    features,
                    (int(color[0]), int(color[1]), int(color[2])),
                    float(tone),
                    KINDS[int(kind)],
                    name,
                    key,
                )
                for features, color, tone, kind, name, key in zip(
                    held["features"].astype(np.float32),
                    held["colors"],
                    held["tones"],
                    held["kinds"],
                    names,
                    keys,
                    strict=True,
                )
            ),
        )

    def content(self) -> bytes:
        """The file of the book; the same book gives the same bytes."""
        features = [entry.features for entry in self.entries]
        tensors: dict[str, NDArray[Any]] = {
            "features": np.array(features or np.empty((0, 0)), np.float16),
            "colors": np.array([e.color for e in self.entries], np.uint8).reshape(-1, 3),
            "tones": np.array([e.tone for e in self.entries], np.float32),
            "kinds": np.array([KINDS.index(e.kind) for e in self.entries], np.uint8),
        }
        described = {
            "format": FORMAT,
            "model": self.model,
            "names": [entry.name for entry in self.entries],
            "keys": [entry.key for entry in self.entries],
        }
        text = json.dumps(described, sort_keys=True)
        content: bytes = safetensors.numpy.save(tensors, {METADATA_KEY: text})
        return content

    def write(self, path: Path) -> None:
        """Write the book atomically."""
        files.write_bytes(path, self.content())

    @property
    def digest(self) -> str:
        """SHA-256 of the book's file."""
        return hashlib.sha256(self.content()).hexdigest()

    def learned(self, entries: Iterable[Entry]) -> Self:
        """Add entries; one whose key is there replaces that.

        Raises:
            InputError: it would have more than `MAX_ENTRIES`.
        """
        held = {entry.key: entry for entry in self.entries}
        for entry in entries:
            # As a file holds it, so that a book that was read matches as one that was made.
            features = entry.features.astype(np.float16).astype(np.float32)
            held[entry.key] = entry._replace(features=features, name=entry.name[:MAX_NAME])
        if len(held) > MAX_ENTRIES:
            raise InputError(f"a colour book has at most {MAX_ENTRIES} entries")
        return replace(self, entries=tuple(held.values()))

    def without(self, number: int) -> Self:
        """Leave the entry out that has a number, from 1.

        Raises:
            InputError: there is none.
        """
        if not 1 <= number <= len(self.entries):
            raise InputError(f"there is no entry {number}: it has {len(self.entries)}")
        kept = self.entries[: number - 1] + self.entries[number:]
        return replace(self, entries=kept)

    def speaks_of(self, kind: str) -> bool:
        """Tell whether pages of a kind may get colours from it: see `MATCHED`."""
        return kind in MATCHED and any(entry.kind == kind for entry in self.entries)

    def match(
        self, features: NDArray[np.float32], tones: NDArray[np.float32], kind: str
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Find the entry that each region is most like.

        Args:
            features: (n, q) distributions.
            tones: (n,) L of the regions.
            kind: of the page.

        Returns:
            (n,) its number from 0, and (n,) how much it is like it, 0..1; 0 of all where the book
            `speaks_of` no such pages.
        """
        if not self.speaks_of(kind):
            return np.zeros(len(features), int), np.zeros(len(features), np.float32)
        numbers = np.array([n for n, entry in enumerate(self.entries) if entry.kind == kind], int)
        known = np.sqrt(np.stack([self.entries[n].features for n in numbers]))
        found = np.sqrt(np.sqrt(features) @ known.T)
        shaded, own = (np.abs(tones[:, None] - held) for held in self.tones()[numbers].T)
        found *= np.exp(np.minimum(shaded, own) / -TONE)
        best = found.argmax(axis=1)
        return numbers[best], np.asarray(found.max(axis=1), np.float32)

    def tones(self) -> NDArray[np.float32]:
        """Give L of the regions that may have an entry's colour: (entries, 2).

        They are L of the region that was hinted, and L of the colour: a hint may stand on a shaded
        part of a thing and give the colour of the lit one.
        """
        own = lab.rgb_to_lightness(np.array([e.color for e in self.entries], np.uint8))
        return np.stack([np.array([e.tone for e in self.entries], np.float32), own], axis=1)


def held(path: Path) -> AbstractContextManager[None]:
    """Hold the file of a book from reading to writing it, so that no other process changes it.

    Raises:
        InputError: another process holds it.
    """
    return files.locked(path, f"{path}: another run is changing it", error=InputError)


def swatches(entries: Sequence[Entry], *, side: int = 64, across: int = 8) -> NDArray[np.uint8]:
    """Draw a square of each colour (rows * side, across * side, 3), numbered from 1."""
    rows = max(1, -(-len(entries) // across))
    sheet = np.full((rows * side, across * side, 3), 255, np.uint8)
    for number, entry in enumerate(entries):
        top, left = (side * place for place in divmod(number, across))
        sheet[top + 2 : top + side - 2, left + 2 : left + side - 2] = entry.color
        ink = (0, 0, 0) if sum(entry.color) > 380 else (255, 255, 255)
        where = (left + 6, top + side - 8)
        cv2.putText(sheet, str(number + 1), where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1)
    return sheet


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(text, str) and len(text) <= MAX_NAME for text in value
    ):
        raise ValueError("names are no list of short texts")
    return value


def _tensors(file: Any, count: int) -> Mapping[str, NDArray[Any]]:  # noqa: ANN401
    """Read the tensors, whose types and shapes must be those that a book has."""
    if sorted(file.keys()) != sorted(_SHAPES):
        raise ValueError(f"its tensors are not {', '.join(_SHAPES)}")
    held = {}
    for name, (kind, shape) in _SHAPES.items():
        tensor = file.get_tensor(name)
        wanted = (count, *shape)
        fits = len(tensor.shape) == len(wanted) and all(
            size == other or (other < 0 and size <= MAX_BINS)
            for size, other in zip(tensor.shape, wanted, strict=True)
        )
        if tensor.dtype != kind or not fits:
            raise ValueError(f"{name} is {tensor.dtype} {tensor.shape}")
        if not np.isfinite(tensor).all() or tensor.min(initial=0) < 0:
            raise ValueError(f"{name} holds numbers that cannot be")
        held[name] = tensor
    if held["kinds"].max(initial=0) >= len(KINDS):
        raise ValueError("kinds of pages that are not known")
    return held


_SHAPES: Mapping[str, tuple[type, tuple[int, ...]]] = {
    "features": (np.float16, (-1,)),
    "colors": (np.uint8, (3,)),
    "tones": (np.float32, ()),
    "kinds": (np.uint8, ()),
}
"""Types, and shapes of a row; -1 is any number."""
