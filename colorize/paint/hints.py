"""Hints: colours that the artist wants at places of pages, and the files that hold them.

A file is JSON: ``{"hints": [{"page": "003.png", "x": 0.41, "y": 0.22, "color": "#e8b48c",
"radius": 0.004}]}``. ``x`` and ``y`` are shares of the page's width and height, ``radius`` is a
share of its short side and may be left out, and so may ``page`` where a single page is painted.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from colorize.errors import InputError, one_line

MAX_BYTES = 4_000_000
MAX_HINTS = 20_000
"""Of a file; a page may have `MAX_PAGE_HINTS`."""
MAX_PAGE_HINTS = 1_000

RADIUS = 0.004
"""Of the place of a hint that has none, in short sides of the page."""
MAX_RADIUS = 0.5

_KEYS = frozenset({"page", "x", "y", "color", "radius"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)

Colour = tuple[int, int, int]


class Hint(NamedTuple):
    """A colour at a place of a page.

    Attributes:
        x: share of the page's width, 0..1 from its left.
        y: share of its height, 0..1 from its top.
        color: sRGB, each 0..255.
        radius: of the place, a share of the page's short side.
    """

    x: float
    y: float
    color: Colour
    radius: float = RADIUS


def read(path: Path) -> dict[str | None, tuple[Hint, ...]]:
    """Read a file of hints.

    Returns:
        Hints by page, in the order of the file; None stands for hints that name no page.

    Raises:
        InputError: the file is missing, too large or malformed; the message names the hint.
    """
    found: dict[str | None, list[Hint]] = {}
    for number, item in enumerate(_items(path), 1):
        try:
            page, hint = _parsed(item)
        except ValueError as error:
            raise InputError(f"{path}: hint {number}: {error}") from None
        held = found.setdefault(page, [])
        held.append(hint)
        if len(held) > MAX_PAGE_HINTS:
            raise InputError(f"{path}: hint {number}: a page takes at most {MAX_PAGE_HINTS}")
    return {page: tuple(hints) for page, hints in found.items()}


def colour(text: object) -> Colour:
    """Read a colour such as ``#e8b48c``.

    Raises:
        ValueError: it is none.

    >>> colour("#e8b48c")
    (232, 180, 140)
    """
    if not isinstance(text, str) or not _COLOUR.fullmatch(text):
        raise ValueError(f"{one_line(text, length=20)} is no colour such as #e8b48c")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def hexadecimal(color: Sequence[int]) -> str:
    """Write a colour as `colour` reads it."""
    return "#" + bytes(color).hex()


def as_text(hints: Sequence[Hint]) -> str:
    """Write hints such that the same hints give the same text; empty for none."""
    rows = [[hint.x, hint.y, hexadecimal(hint.color), hint.radius] for hint in hints]
    return json.dumps(rows) if rows else ""


def load_bytes(path: Path, *, max_bytes: int) -> bytes:
    """Read a small file that somebody else wrote.

    Raises:
        InputError: it is missing or too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > max_bytes:
        raise InputError(f"{path} has more than {max_bytes} bytes")
    return content


def load_json(path: Path, *, max_bytes: int) -> object:
    """Read a small JSON file that somebody else wrote.

    Raises:
        InputError: it is missing, too large or no JSON.
    """
    return parse_json(load_bytes(path, max_bytes=max_bytes), str(path))


def parse_json(content: bytes, where: str) -> object:
    """Read the JSON that somebody else wrote.

    Raises:
        InputError: it is none; the message begins with ``where``.
    """
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is no JSON: {one_line(error)}") from None


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _items(path: Path) -> Sequence[object]:
    held = load_json(path, max_bytes=MAX_BYTES)
    if not isinstance(held, Mapping) or not isinstance(held.get("hints"), list):
        raise InputError(f'{path} holds no hints: it should be {{"hints": [...]}}')
    if odd := sorted(held.keys() - {"hints"}):
        raise InputError(f"{path}: {one_line(odd[0], length=40)} is not known beside hints")
    items: list[object] = held["hints"]
    if len(items) > MAX_HINTS:
        raise InputError(f"{path} has {len(items)} hints: {MAX_HINTS} at most")
    return items


def _parsed(item: object) -> tuple[str | None, Hint]:
    if not isinstance(item, Mapping):
        raise ValueError(f"{one_line(item, length=40)} is no object")
    if odd := sorted(item.keys() - _KEYS):
        known = ", ".join(sorted(_KEYS))
        raise ValueError(f"{one_line(odd[0], length=40)} is not known; known are {known}")
    if missing := sorted({"x", "y", "color"} - item.keys()):
        raise ValueError(f"it lacks {missing[0]}")
    page = item.get("page")
    if page is not None and (not isinstance(page, str) or not page):
        raise ValueError("page is no name")
    hint = Hint(
        x=_share(item["x"], "x", 1),
        y=_share(item["y"], "y", 1),
        color=colour(item["color"]),
        radius=_share(item.get("radius", RADIUS), "radius", MAX_RADIUS),
    )
    return page, hint


def _share(value: object, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number: {one_line(value, length=20)}")
    if not 0 <= value <= most or not math.isfinite(value):
        raise ValueError(f"{name} is {one_line(value, length=20)}, not from 0 to {most:g}")
    return float(value)
