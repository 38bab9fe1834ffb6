"""The trained model at work: grey in, colour out, at the size that came in.

The network sees a page at the scale that it was trained for. Its colours are brought to a working
size, where paper is kept white and regions settle, and then to that of the page, where they join
the page's own lightness: lines and lettering stay as sharp as they were.

Letters in shapes: H and W of the page, h and w of the working size.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.model.decode import TEMPERATURE
from colorize.model.predict import predict
from colorize.model.weights import Model
from colorize.paint import paper, regions

SNAP = True
"""Whether regions settle on their median colour: better by every score, see benchmarks/snap.py."""

LONGEST = 16
"""How many times its short side a page's long side may be as the network sees it; a longer strip
is seen smaller, lest a page one pixel wide fill the memory."""

WORKING_PIXELS = 2_100_000
"""Pixels of a page at most while its regions are looked for; lines of larger pages stay closed."""

LINE = 1 / 60
"""Lines that a layer of colours leaves out are at most this wide, in short sides of the page."""

BAND_PIXELS = 1 << 16
"""Pixels joined at a time: they fit a processor's cache, and a large page needs little memory."""


class Painter:
    """Paints pages with one model.

    Args:
        model: trained or in training; its network is used as it is at each call.
        temperature: T of the annealed mean.
        saturation: multiplies ab; 0 is grey, 1 what the model says.
        side: of a page as the network sees it, its short one, in pixels; that of the pictures it
            was trained on if not given. More for pages of many small panels.
        snap: settle each region between lines on its median colour.

    >>> from colorize.colour.gamut import bin_centres
    >>> model = Model.build(
    ...     "eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0
    ... )
    >>> page = np.full((170, 120, 3), 255, np.uint8)
    >>> page[40:130, 30:90] = 128
    >>> painted = Painter(model, saturation=1.2).paint(page)
    >>> painted.shape, painted.dtype
    ((170, 120, 3), dtype('uint8'))
    >>> painted[5, 5].tolist()
    [255, 255, 255]
    """

    def __init__(
        self,
        model: Model,
        *,
        temperature: float = TEMPERATURE,
        saturation: float = 1.0,
        side: int | None = None,
        snap: bool = SNAP,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.saturation = saturation
        self.side = side or model.side
        self.snap = snap

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        temperature: float = TEMPERATURE,
        saturation: float = 1.0,
        side: int | None = None,
        snap: bool = SNAP,
    ) -> Self:
        """Load a model file; the other arguments are those of the class.

        Raises:
            ModelError: it is missing, damaged or no model of this project.
        """
        model = Model.load(Path(path))
        return cls(model, temperature=temperature, saturation=saturation, side=side, snap=snap)

    def colours(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict ab of pictures (N, H, W) of the scale trained at: see `predict`."""
        return predict(self.model, lightness, temperature=self.temperature)

    def paint(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one page by its lightness alone.

        Args:
            rgb: (H, W, 3) uint8, grey or coloured.

        Returns:
            (H, W, 3) uint8 of the same L within 8-bit rounding.
        """
        lightness = _lightness(rgb)
        ab, _ = self._finished(lightness)
        return _join(lightness, _resized(ab, lightness.shape))

    def layer(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint the colours alone, to lay under the line art of one page.

        Lines are filled with the lightness beside them, and paper is transparent.

        Args:
            rgb: (H, W, 3) uint8, grey or coloured.

        Returns:
            (H, W, 4) uint8: RGB and alpha.
        """
        lightness = _lightness(rgb)
        ab, white = self._finished(lightness)
        line = paper.window(min(lightness.shape) * LINE)
        filled = np.asarray(cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, line), np.float32)
        opaque = 1 - _resized(white, lightness.shape).clip(0, 1)
        alpha = np.rint(opaque * 255).astype(np.uint8)
        return np.dstack([_join(filled, _resized(ab, lightness.shape)), alpha])

    def _finished(
        self, lightness: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Colours (h, w, 2) for L (H, W), and its whiteness (h, w), at the working size."""
        height, width = lightness.shape
        seen = _resized(lightness, self._seen(height, width)).clip(0, lab.L_MAX)
        ab = self.colours(paper.levelled(seen)[None])[0]
        shrink = min(1.0, (WORKING_PIXELS / (height * width)) ** 0.5)
        working = _resized(lightness, _scaled(height, width, shrink))
        ab = _resized(ab, working.shape)
        if self.snap:
            ab = regions.settle(working, ab)
        white = paper.whiteness(working)
        ab *= self.saturation * (1 - white)[..., None]
        return ab, white

    def _seen(self, height: int, width: int) -> tuple[int, int]:
        """Size at which the network sees a page of a size."""
        short, long = sorted((height, width))
        return _scaled(height, width, self.side * min(1.0, LONGEST * short / long) / short)


def _scaled(height: int, width: int, scale: float) -> tuple[int, int]:
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resized(plane: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Bring (H, W) or (H, W, 2) to a size: area-averaged if it shrinks, bicubic if it grows."""
    height, width = size[:2]
    if plane.shape[:2] == (height, width):
        return plane
    method = cv2.INTER_AREA if height * width < plane.shape[0] * plane.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(plane, (width, height), interpolation=method), np.float32)


def _bands(height: int, width: int) -> Iterator[slice]:
    """Rows of a page in bands of about `BAND_PIXELS`."""
    rows = max(1, BAND_PIXELS // width)
    return (slice(top, top + rows) for top in range(0, height, rows))


def _lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """L (H, W) of a page (H, W, 3)."""
    lightness = np.empty(rgb.shape[:2], np.float32)
    for rows in _bands(*rgb.shape[:2]):
        lightness[rows] = lab.rgb_to_lightness(rgb[rows])
    return lightness


def _join(lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay ab (H, W, 2) over L (H, W): (H, W, 3) uint8 sRGB of that L, whatever the colour."""
    rgb = np.empty((*lightness.shape, 3), np.uint8)
    for rows in _bands(*lightness.shape):
        joined = np.dstack([lightness[rows], ab[rows]])
        rgb[rows] = lab.lab_to_rgb(joined, keep_lightness=True)
    return rgb
