"""Which colours of a picture its tones do not explain; without any it is grey, or as good as grey.

A grey scan, a tinted paper and a sepia print give each L one colour. So ab is fitted by a cubic
curve of L over the mid-tones, and what lies far from the curve is colour. `measure` says how much
of it a picture has, for the data set; `kept` says where a page has it, for painting.

Letters in shapes: H and W of the picture.
"""

from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import ImageError

RGB: TypeAlias = NDArray[np.uint8]

MID_TONES = (5.0, 97.0)
"""L between which a colour is told from ink and paper, and from a sepia scan's clipped white."""
TONE_DEGREE = 3

FIRST_LOOK = 8
"""Step between the pixels of a first look, each way; three times the limit there is enough."""

Recolour: TypeAlias = Literal["all", "grey", "none"]
"""What of a page with colours is painted: all of it, its grey parts, or nothing."""

BROWN = np.deg2rad(75)
"""Hue of yellowed paper and of sepia: an angle in the ab plane."""
TINT = (-8.0, 32.0)
"""Range, along `BROWN` in ab, in which the tones of a grey page lie."""
CAST = 8.0
"""Range of the tones to either side of `BROWN`: the cast of a scanner or an ink."""
PAPER = 20.0
"""Chroma of coloured paper, up to which the tones may follow it beyond `TINT` and `CAST`."""
BRIGHTEST = 95.0
"""Percentile of L from which a pixel is taken for paper."""

LOOKED_AT = 256
"""Pixels of the long side at which colours are looked for: grain and JPEG blocks are gone."""
BLUR = 5
"""Pixels over which the fringes of a scanner's misaligned channels cancel out."""
FEWEST = 20
"""Mid-tone pixels below which nothing can be said, and nothing is coloured."""

CHROMA = 5.0
"""Distance from the tones, in ab, from which a pixel counts as coloured."""
COLOURED_SHARE = 2.0
"""Percentage of the mid-tones that has to be coloured for a page to have colours ..."""
VIVID = 20.0
"""... unless some are this far from the tones, where no fringe or grain comes ..."""
VIVID_SHARE = 0.05
"""... and cover this percentage of the page."""
GREY = 3.0
"""Distance from the tones, in ab, up to which a pixel counts as grey."""
GREY_SHARE = 75.0
"""Percentage of the mid-tones that has to be grey on a page that is coloured in part only; below
it the grey belongs to a coloured picture."""
BAND_PIXELS = 1 << 18
"""Pixels of a page that are compared with its tones at a time."""


def check(rgb: RGB, *, at_least: float) -> None:
    """Refuse a grey or sepia picture, which would teach that everything is grey.

    Raises:
        ImageError: ``grey``.
    """
    if measure(rgb[::FIRST_LOOK, ::FIRST_LOOK]) >= 3 * at_least:
        return
    measured = measure(rgb)
    if measured < at_least:
        raise ImageError("grey", f"chroma {measured:.2f} beyond its tones")


def measure(rgb: RGB) -> float:
    """Measure the colour that a picture's tones do not explain: near 0 for grey *and* for sepia.

    A grey scan, a tinted paper and a sepia print all give each L one colour. So ab is fitted by a
    cubic curve of L over the mid-tones, and what is left counts. Real illustrations leave 4 and
    more, sepia copies of the same 0.4 to 1.4.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Root mean square distance from the fitted tone curve, in units of ab.
    """
    planes = lab.rgb_to_planes(rgb)
    low, high = MID_TONES
    tones, a, b = planes[:, (planes[0] > low) & (planes[0] < high)].astype(np.float64)
    if len(tones) == 0:
        return 0.0
    powers = np.polynomial.chebyshev.chebvander(tones / 50 - 1, TONE_DEGREE)  # (n, 4)
    colours = np.stack([a, b], axis=1)  # (n, 2)
    rest = colours - powers @ _fit(powers, colours)
    return float(np.sqrt((rest**2).sum(axis=1).mean()))


def kept(rgb: RGB, *, recolour: Recolour = "grey") -> NDArray[np.bool_] | None:
    """Find the pixels of a page that have colours already and keep them.

    In a grey scan L explains the colour: a tinted paper gives each L one ab, more of it towards a
    side that has yellowed. So ab is fitted by a cubic of L, and by L times the position, within
    the tints that papers, inks and scanners have. What lies far from that is coloured.

    Of a coloured page more than a quarter of the mid-tones differ from its tones, however dull it
    is; of a grey page with some coloured thing few do. That share tells the two apart.

    Args:
        rgb: (H, W, 3) uint8.
        recolour: ``grey`` keeps the coloured pixels, or the whole page where there is little grey;
            ``none`` keeps the whole of a page that has colours; ``all`` keeps nothing.

    Returns:
        (H, W), true where the page keeps its colours; None where it has none to keep.
    """
    if recolour == "all":
        return None
    height, width = rgb.shape[:2]
    scale = min(1.0, LOOKED_AT / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    if (small == small[..., :1]).all():
        return None
    pixels = np.asarray(cv2.blur(lab.rgb_to_lab(small), (BLUR, BLUR)), np.float32)
    low, high = MID_TONES
    middle = (pixels[..., 0] > low) & (pixels[..., 0] < high)
    if middle.sum() < FEWEST:
        return None
    tones = _Tones(pixels, middle)
    distance = tones.distance(pixels)
    share = 100 * (distance > VIVID).mean()
    if share < VIVID_SHARE and np.percentile(distance[middle], 100 - COLOURED_SHARE) <= CHROMA:
        return None
    if recolour == "none" or 100 * (distance[middle] < GREY).mean() < GREY_SHARE:
        return np.broadcast_to(np.True_, (height, width))
    near = cv2.dilate((distance > CHROMA).astype(np.uint8), np.ones((BLUR, BLUR), np.uint8))
    return _coloured(rgb, tones, np.asarray(near, np.uint8))


def _coloured(rgb: RGB, tones: "_Tones", near: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark the pixels that differ from the tones, (H, W), where a smaller mask ``near`` has 1.

    A median takes the grain out of the mask; vivid pixels stay without neighbours.
    """
    height, width = rgb.shape[:2]
    mask = np.empty((height, width), np.uint8)
    vivid = np.empty((height, width), np.bool_)
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = slice(top, top + rows)
        pixels = lab.rgb_to_lab(rgb[band])
        distance = tones.distance(pixels, top=top, height=height)
        distance[pixels[..., 0] <= MID_TONES[0]] = 0  # black, for which no tone is known
        mask[band] = distance > CHROMA
        vivid[band] = distance > VIVID
    around = cv2.resize(near, (width, height), interpolation=cv2.INTER_NEAREST)
    smooth = np.asarray(cv2.medianBlur(mask, BLUR), np.uint8) & mask
    coloured: NDArray[np.bool_] = ((smooth > 0) | vivid) & (around > 0)
    return coloured


class _Tones:
    """The tones of a page: ab as a function of L and of the position.

    Args:
        pixels: (H, W, 3) Lab.
        middle: (H, W), true at the mid-tones, by which they are fitted.
    """

    def __init__(self, pixels: NDArray[np.float32], middle: NDArray[np.bool_]) -> None:
        tones, ab = pixels[..., 0], _turned(pixels)
        bright = tones >= np.percentile(tones, BRIGHTEST)
        paper = np.median(ab[bright], axis=0) / max(1.0, float(np.median(tones[bright])))
        self._paper = paper * min(1.0, PAPER / max(1.0, lab.L_MAX * float(np.hypot(*paper))))
        low, high = self._range(tones)
        used = middle & ((ab >= low) & (ab <= high)).all(axis=-1)
        terms = _terms(tones, 0, len(tones))[used].astype(np.float64)
        self._weights = np.zeros((TONE_DEGREE + 3, 2), np.float32)
        if used.any():
            self._weights[:] = _fit(terms, ab[used].astype(np.float64))

    def distance(
        self, pixels: NDArray[np.float32], *, top: int = 0, height: int | None = None
    ) -> NDArray[np.float32]:
        """Distance in ab (h, W) of Lab pixels (h, W, 3), rows of a page from ``top`` on."""
        tones = pixels[..., 0]
        expected = _terms(tones, top, height or len(tones)) @ self._weights
        rest = _turned(pixels) - expected.clip(*self._range(tones))
        distance: NDArray[np.float32] = np.hypot(rest[..., 0], rest[..., 1])
        return distance

    def _range(self, tones: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lowest and highest ab (H, W, 2), turned by `BROWN`, that tones of that L may have."""
        follows = tones[..., None] * self._paper.astype(np.float32)
        low = np.array([TINT[0], -CAST], np.float32) + np.minimum(follows, 0)
        high = np.array([TINT[1], CAST], np.float32) + np.maximum(follows, 0)
        return low, high


def _turned(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ab (H, W, 2) of Lab (H, W, 3), along `BROWN` and across it."""
    cosine, sine = np.float32(np.cos(BROWN)), np.float32(np.sin(BROWN))
    turned: NDArray[np.float32] = pixels[..., 1:] @ np.array([[cosine, -sine], [sine, cosine]])
    return turned


def _terms(tones: NDArray[np.float32], top: int, height: int) -> NDArray[np.float32]:
    """What explains the tint of L (h, W), rows of a page from ``top`` on: (h, W, 6)."""
    rows, width = tones.shape
    share = tones / np.float32(lab.L_MAX)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[top : top + rows, None]
    powers = [share**power for power in range(TONE_DEGREE + 1)]
    return np.stack([*powers, share * x, share * y], axis=-1)


def _fit(terms: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit colours (n, 2) by a sum of terms (n, k): coefficients (k, 2).

    By the normal equations, which a hair on the diagonal keeps solvable where tones are few.
    """
    square = terms.T @ terms + len(terms) * np.diag(np.full(terms.shape[1], 1e-9))
    return np.linalg.solve(square, terms.T @ colours)
