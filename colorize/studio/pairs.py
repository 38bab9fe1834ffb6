"""Real pictures and their painted twins, as people are shown them.

A folder of pairs holds ``real/`` and, beside it, a folder for each model: a picture has the same
name in all of them, whatever its suffix. The answers lie in ``answers.jsonl`` in it.
"""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from colorize.colour import lab
from colorize.errors import ImageError, InputError
from colorize.imaging import formats
from colorize.imaging.decode import RGB, decode, read
from colorize.imaging.encode import encode
from colorize.paint.opening import MAX_BYTES, MAX_PIXELS

REAL = "real"

SIDE = 256
"""Pixels of a crop's side at most, as in Zhang et al. and pix2pix."""

SHARE = 0.5
"""Of the short side of a picture that a crop shows at least."""


class Pairs:
    """The pictures of a folder of pairs.

    Args:
        folder: see the module.

    Attributes:
        models: names of the folders beside ``real/``.
        names: of the pictures that all of them hold.

    Raises:
        InputError: the folder holds no pairs.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / REAL).is_dir():
            raise InputError(f"{folder} holds no pairs: it should have real/ and a folder a model")
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
        self.models = [path.name for path in inside if path.name != REAL and path.name[0] != "."]
        if not self.models:
            raise InputError(f"{folder} has no folder of painted pictures beside real/")
        self._files = {name: _pictures(folder / name) for name in (REAL, *self.models)}
        shared = set.intersection(*(set(files) for files in self._files.values()))
        self.names = sorted(shared)

    def real(self, name: str, place: tuple[float, float]) -> RGB:
        """Give the crop of a real picture: see `painted`."""
        return _crop(self._read(REAL, name), place)

    def painted(self, model: str, name: str, place: tuple[float, float]) -> RGB:
        """Give the crop of a painted picture.

        Args:
            model: that painted it.
            name: of the picture.
            place: of the crop, from 0 (left, top) to 1.

        Returns:
            (n, n, 3) uint8, n at most `SIDE`.

        Raises:
            ImageError: it cannot be read, or is not of the size of the real one.
        """
        painted, real = self._read(model, name), self._read(REAL, name)
        if painted.shape != real.shape:
            raise ImageError("unreadable", f"{model}/{name} is not of the size of {REAL}/{name}")
        return _crop(painted, place)

    def absurd(self, name: str, other: str, place: tuple[float, float]) -> RGB:
        """Give a real picture's lightness the colours of another: the catch trials of Zhang et al.

        Args:
            name: of the picture.
            other: of the one that gives the colours.
            place: of the crop.
        """
        rgb = self.real(name, place)
        colours = cv2.resize(self.real(other, place), rgb.shape[1::-1])
        planes = lab.rgb_to_lab(rgb)
        planes[..., 1:] = lab.rgb_to_lab(np.asarray(colours, np.uint8))[..., 1:]
        return lab.lab_to_rgb(planes, keep_lightness=True)

    def _read(self, folder: str, name: str) -> RGB:
        content = read(self._files[folder][name], max_bytes=MAX_BYTES)
        return decode(content, max_pixels=MAX_PIXELS)


def shown(rgb: RGB) -> bytes:
    """Encode a crop without loss."""
    return encode(rgb, kind=".png")


def _pictures(folder: Path) -> Mapping[str, Path]:
    return {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.is_file() and formats.suffix(path.name) in formats.WRITERS
    }


def _crop(rgb: RGB, place: tuple[float, float]) -> RGB:
    height, width = rgb.shape[:2]
    short = min(height, width)
    side = min(short, max(SIDE, round(short * SHARE)))
    left, top = (round((n - side) * share) for n, share in zip((width, height), place, strict=True))
    crop = rgb[top : top + side, left : left + side]
    if side > SIDE:
        crop = np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(crop)
