"""Palettes: the colours that a painted page may have.

A palette is text such as ``#aabbcc,#102030``, a GIMP palette (``.gpl``) or a JSON list of such
colours.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import InputError, one_line
from colorize.metrics.ciede2000 import ciede2000
from colorize.paint.hints import Colour, colour, hexadecimal, load_bytes, parse_json

MAX_BYTES = 1_000_000
MAX_COLOURS = 256

DARKER, LIGHTER = 0.35, 0.7
"""How much of a difference in L counts: a shadow of a colour is still that colour."""

_HEAD = "GIMP Palette"
_ROW = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(\s.*)?", re.ASCII)


def parse(text: str) -> tuple[Colour, ...]:
    """Read a palette: colours, or the name of a file that holds them.

    Raises:
        InputError: it is none; the message is one line.
    """
    if text.lstrip().startswith("#"):
        return _checked([part.strip() for part in text.split(",")], "the palette")
    path = Path(text)
    try:
        is_there = bool(text) and path.is_file()
    except OSError:  # too long for a name
        is_there = False
    if not is_there:
        given = one_line(repr(text), length=80)
        raise InputError(f"{given} is no file, and no palette such as '#e8b48c,#3a6ea5'")
    return of_bytes(load_bytes(path, max_bytes=MAX_BYTES), str(path))


def of_bytes(content: bytes, where: str) -> tuple[Colour, ...]:
    """Read the palette in a file: a GIMP palette or a JSON list.

    Args:
        content: of the file.
        where: its name, for messages.

    Raises:
        InputError: it is none; the message is one line.
    """
    if where.lower().endswith(".gpl") or content.startswith(_HEAD.encode()):
        return _gimp(content, where)
    held = parse_json(content, where)
    if not isinstance(held, list):
        raise InputError(f"{where} is no palette: it should be a list of colours")
    return _checked(held, where)


def written(colours: Sequence[Colour]) -> bytes:
    """Write a palette as a JSON list."""
    return json.dumps([hexadecimal(colour) for colour in colours]).encode() + b"\n"


def _checked(values: Sequence[object], where: str) -> tuple[Colour, ...]:
    if not 1 <= len(values) <= MAX_COLOURS:
        raise InputError(f"{where} has {len(values)} colours, not 1 to {MAX_COLOURS}")
    try:
        return tuple(dict.fromkeys(colour(value) for value in values))
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def _gimp(content: bytes, where: str) -> tuple[Colour, ...]:
    rows = content.decode("utf-8-sig", "replace").splitlines()
    if not rows or rows[0].strip() != _HEAD:
        raise InputError(f"{where} is no palette of GIMP: its first line is not {_HEAD!r}")
    found: list[object] = []
    for number, row in enumerate(rows[1:], 2):
        text = row.strip()
        if not text or text.startswith(("#", "Name:", "Columns:")):
            continue
        match = _ROW.fullmatch(row)
        values = [int(value) for value in match.groups()[:3]] if match else []
        if not values or max(values) > 255:
            raise InputError(f"{where}: line {number} is no colour: {one_line(text, length=40)}")
        found.append(hexadecimal(values))
    return _checked(found, where)


def shades(colours: NDArray[np.float32], lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give colours as they are in another light: chroma changes with L, hue stays.

    Light that is a share of what it was divides X, Y and Z by the same number, and Lab's L + 16, a
    and b by its cube root.

    Args:
        colours: (..., 3) Lab.
        lightness: (...) L.

    Returns:
        (..., 3) Lab.
    """
    factor = (lightness + 16) / (colours[..., 0] + 16)
    ab = colours[..., 1:] * factor[..., None]
    shaded: NDArray[np.float32] = np.concatenate([lightness[..., None], ab], -1).astype(np.float32)
    return shaded


def nearest(
    colours: NDArray[np.float32], palette: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find the colour of a palette of which each colour is most likely a shade, by CIEDE2000.

    Args:
        colours: (n, 3) Lab.
        palette: (k, 3) Lab.

    Returns:
        (n,) its number, and (n,) the difference, in which L counts less: see `DARKER`.
    """
    seen = np.repeat(colours[:, None], len(palette), 1)  # (n, k, 3)
    held = shades(np.broadcast_to(palette, seen.shape), seen[..., 0])
    apart = palette[:, 0] - seen[..., 0]
    # A colour without L of its own is compared as a shade; what is left of L is counted in part.
    held[..., 0] += apart * np.where(apart > 0, DARKER, LIGHTER)
    planes = [np.ascontiguousarray(x.reshape(-1, 3).T) for x in (seen, held)]
    difference = ciede2000(planes[0], planes[1]).reshape(seen.shape[:2])
    chosen = difference.argmin(axis=1)
    return chosen, np.asarray(difference.min(axis=1), np.float32)


def as_lab(colours: Sequence[Colour]) -> NDArray[np.float32]:
    """Lab (n, 3) of colours."""
    if not colours:
        return np.empty((0, 3), np.float32)
    return lab.rgb_to_lab(np.array(colours, np.uint8).reshape(-1, 3))
