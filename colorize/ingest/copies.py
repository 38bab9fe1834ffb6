"""Copies of one picture: the same pixels, or the same drawing saved, shrunk or cropped again.

A near copy is found in two steps. ImageHash's perceptual hash of 64 bits finds candidates, among
them characters that merely share a style. Then the two are laid over each other, moved, scaled and
sheared until they fit best, and compared place by place: a copy differs nowhere by much, another
face does.
"""

from itertools import combinations

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RGB = NDArray[np.uint8]

REACH = 11
"""Bits by which the hashes of candidates differ at the most; of 64."""

COARSE = 12.0
"""Mean difference of two candidates' 6 x 6 averages, in 1/255, above which they are no copies."""

FINE = 15.0
"""Largest difference, in 1/255, of two aligned copies at any place of 5 x 5 of 48 x 48 pixels.

Copies: at most 5 saved again or shrunk by half, 14 with up to 5 % cropped on each side.
"""

_SIDE = 48
_BORDER = 4  # of _SIDE: where a copy may have been cropped
_BANDS = 4
_BAND_BITS = 16
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)


def perceptual_hash(rgb: RGB) -> int:
    """Hash a picture (H, W, 3) uint8 to 64 bits, few of which change when it is saved again."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA)
    bits = imagehash.phash(Image.fromarray(small)).hash.ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def repeated(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which pictures have the digest of an earlier one: (n, 2) -> (n,)."""
    order = np.lexsort(digests.T)  # stable: of equal ones the earliest comes first
    ranked = digests[order]
    again = np.zeros(len(digests), bool)
    again[order[1:]] = (ranked[1:] == ranked[:-1]).all(axis=1)
    return again


class Index:
    """Finds the hashes within `REACH` bits of a given one, without looking at all of them.

    Hashes that differ by 11 bits differ by 2 at the most in one of their 4 bands of 16 bits. So
    each hash is looked up by its bands, and by all that differ from them by 1 or 2 bits.

    Args:
        hashes: (n,) uint64.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self._hashes = hashes
        flips = [0, *(1 << a for a in range(_BAND_BITS))]
        flips += [1 << a | 1 << b for a, b in combinations(range(_BAND_BITS), 2)]
        self._flips = np.array(flips, np.uint16)
        self._bands = []
        for band in range(_BANDS):
            keys = _band(hashes, band)
            rows = np.argsort(keys, kind="stable")
            ends = np.cumsum(np.bincount(keys, minlength=1 << _BAND_BITS))
            self._bands.append((rows, np.concatenate([[0], ends])))

    def near(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Find every pair: (m,) uint64 -> (p, 2) of positions here and in the index, ascending."""
        found = [np.empty((0, 2), np.int64)]
        for band, (rows, ends) in enumerate(self._bands):
            keys = _band(hashes, band)[:, None] ^ self._flips  # (m, 137)
            starts, counts = ends[keys], ends[keys.astype(np.int64) + 1] - ends[keys]
            asked = np.repeat(np.arange(len(hashes)), counts.sum(axis=1))
            counts, starts = counts.ravel(), starts.ravel()
            begins = np.repeat(starts - (np.cumsum(counts) - counts), counts)
            there = rows[begins + np.arange(len(asked))]
            apart = np.bitwise_count(hashes[asked] ^ self._hashes[there])
            close = apart <= REACH
            found.append(np.column_stack([asked[close], there[close]]))
        return np.unique(np.concatenate(found), axis=0)


def _band(hashes: NDArray[np.uint64], band: int) -> NDArray[np.uint16]:
    return (hashes >> np.uint64(band * _BAND_BITS)).astype(np.uint16)


def alike(one: RGB, other: RGB) -> bool:
    """Tell whether two pictures (side, side, 3) uint8 are copies of one, perhaps slightly cropped.

    The alignment is OpenCV's enhanced correlation coefficient (Evangelidis and Psarakis, 2008).
    """
    if np.abs(_shrunk(one, 6) - _shrunk(other, 6)).mean() > COARSE:
        return False
    small = [_shrunk(rgb, _SIDE) for rgb in (one, other)]
    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in small]
    warp = np.eye(2, 3, dtype=np.float32)
    try:
        cv2.findTransformECC(*greys, warp, cv2.MOTION_AFFINE, _CRITERIA, None, 5)  # type: ignore
    except cv2.error:  # it found no way to lay one over the other
        return False
    laid = cv2.warpAffine(
        small[1],
        warp,
        (_SIDE, _SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = [cv2.GaussianBlur(rgb, (0, 0), 1) for rgb in (small[0], laid)]
    apart = cv2.blur(soft[0] - soft[1], (5, 5))[_BORDER:-_BORDER, _BORDER:-_BORDER]
    return float(np.square(apart).sum(axis=2).max() / 3) <= FINE**2


def _shrunk(rgb: RGB, side: int) -> NDArray[np.float32]:
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)
