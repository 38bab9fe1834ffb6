"""The palette and the colour book of a project, in files that the command reads.

- ``palette.json``: the colours that the regions of all pages settle on;
- ``book.safetensors``: what named things look like to the network, and which colours they have.

Neither is there while it is empty.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from colorize import files
from colorize.errors import InputError
from colorize.paint import palette
from colorize.paint.colourbook import Book, Entry
from colorize.paint.hints import Colour, hexadecimal, load_bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What a project has at one moment.

    Attributes:
        palette: colours that all regions settle on; any if empty.
        book: the colour book.
        digest: of what the book says of colours.
    """

    palette: tuple[Colour, ...]
    book: Book
    digest: str


def pasted(content: bytes, where: str) -> tuple[Colour, ...]:
    r"""Read the palette that a browser sends: a file, or text with colours in it.

    Args:
        content: a GIMP palette, a JSON list, or colours such as ``#aabbcc`` with commas or spaces
            between them.
        where: name of the file, for messages.

    Returns:
        The colours; none of an empty text.

    Raises:
        InputError: it is none of these.

    >>> pasted(b"#102030, aabbcc\n", "the palette")
    ((16, 32, 48), (170, 187, 204))
    """
    if content.lstrip().startswith((b"[", b"GIMP")) or where.lower().endswith((".gpl", ".json")):
        return palette.of_bytes(content, where)
    words = re.split(r"[\s,;]+", content.decode("utf-8", "replace").strip())
    colours = [f"#{word.removeprefix('#')}" for word in words if word]
    return palette.of_bytes(json.dumps(colours).encode(), where) if colours else ()


class Colours:
    """Palette and colour book; every change is on the disk when its method returns.

    Several threads may read them; one at a time changes them.

    Args:
        folder: of the project.
        model: fingerprint of the network, see `learning.fingerprint`.
        bins: over which its distributions are.

    Attributes:
        held: palette and colour book as they are now.
        fault: why the colour book in the folder is not used; empty if it is. It stays as it is, and
            no other one is made.

    Raises:
        InputError: the palette in the folder is malformed.
    """

    def __init__(self, folder: Path, model: str, *, bins: int) -> None:
        self._bins = bins
        self.palette_file = folder / "palette.json"
        self.book_file = folder / "book.safetensors"
        self.fault = ""
        colours: tuple[Colour, ...] = ()
        book = Book(model)
        if self.palette_file.exists():
            content = load_bytes(self.palette_file, max_bytes=palette.MAX_BYTES)
            colours = palette.of_bytes(content, str(self.palette_file))
        if self.book_file.exists():
            try:
                book = Book.read(self.book_file, model=model, bins=self._bins)
            except InputError as error:
                self.fault = str(error)
        self.held = Held(colours, book, _digest(book))

    def set_palette(self, colours: Sequence[Colour]) -> None:
        """Let regions settle on other colours; on any if there are none."""
        if colours:
            files.write_bytes(self.palette_file, palette.written(colours))
        else:
            self.palette_file.unlink(missing_ok=True)
        self.held = replace(self.held, palette=tuple(colours))

    def learn(self, entry: Entry) -> None:
        """Add an entry to the book; one that was learned at the same place gives way.

        Raises:
            InputError: the book is full, or one that is not of this model lies there.
        """
        self._write(self.held.book.learned([entry]))

    def load(self, content: bytes, where: str) -> None:
        """Add the entries of a colour book's file; they win over those that have the same keys.

        Args:
            content: of the file.
            where: its name, for messages.

        Raises:
            InputError: it is no colour book of this model, the book is full, or one that is not of
                this model lies there.
        """
        path = self.book_file.with_name(f".loaded.{secrets.token_hex(4)}.part")
        try:
            path.write_bytes(content)
            found = Book.read(path, model=self.held.book.model, bins=self._bins)
        except InputError as error:
            raise InputError(str(error).replace(str(path), where)) from None
        finally:
            path.unlink(missing_ok=True)
        self._write(self.held.book.learned(found.entries))

    def rename(self, entry_id: str, name: str) -> None:
        """Give an entry another name.

        Raises:
            LookupError: there is none of that id.
        """
        number = self._number(entry_id)
        entries = list(self.held.book.entries)
        entries[number] = entries[number]._replace(name=name)
        self._write(replace(self.held.book, entries=tuple(entries)))

    def remove(self, entry_id: str) -> None:
        """Remove an entry.

        Raises:
            LookupError: there is none of that id.
        """
        self._write(self.held.book.without(self._number(entry_id) + 1))

    def described(self) -> dict[str, Any]:
        """What a browser is told of them."""
        return {
            "palette": [hexadecimal(colour) for colour in self.held.palette],
            "swatches": [
                {"id": _id(entry), "name": entry.name, "color": hexadecimal(entry.color)}
                for entry in self.held.book.entries
            ],
            "fault": self.fault,
        }

    def _number(self, entry_id: str) -> int:
        for number, entry in enumerate(self.held.book.entries):
            if _id(entry) == entry_id:
                return number
        raise LookupError

    def _write(self, book: Book) -> None:
        if self.fault:
            raise InputError(self.fault)
        if book.entries:
            book.write(self.book_file)
        else:
            self.book_file.unlink(missing_ok=True)
        self.held = replace(self.held, book=book, digest=_digest(book))


def _id(entry: Entry) -> str:
    """Stands for an entry, 16 hexadecimal digits."""
    return hashlib.sha256(entry.key.encode()).hexdigest()[:16]


def _digest(book: Book) -> str:
    """Stands for what a book does to pages, to which names are nothing."""
    return replace(book, entries=tuple(entry._replace(name="") for entry in book.entries)).digest
