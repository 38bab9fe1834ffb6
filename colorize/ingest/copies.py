"""Finds copies of a picture: equal pixels, or the same drawing saved, shrunk or cropped again.

A near copy is found in two steps. ImageHash's perceptual hash of 64 bits finds candidates, among
them characters that merely share a style. Then the two are laid over each other, moved, scaled and
sheared until they fit best, and compared place by place: a copy differs nowhere by much, another
face does.
"""

from collections.abc import Iterator
from itertools import combinations

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RGB = NDArray[np.uint8]

REACH = 11
"""Bits of 64 by which the hashes of candidates differ at the most."""

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
_FAR = 65  # more than the bits by which two hashes can differ
_CANDIDATES = 1 << 19  # looked at together: about 30 MB
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

    Hashes that differ by 11 bits differ by at most 2 in one of their 4 bands of 16 bits. So each
    hash is looked up by its bands, and by everything that differs from them by 1 or 2 bits. Equal
    hashes are looked up once, and few candidates are held at a time, so that thousands of pictures
    that look alike cost neither their square in memory nor much time.

    Args:
        hashes: (n,) uint64; the same one may occur many times.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        unique, first, group = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first)  # groups in the order of their first members
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        self._hashes: NDArray[np.uint64] = unique[order]
        self._members = np.argsort(rank[group], kind="stable")
        self._sizes = np.bincount(rank[group], minlength=len(unique))
        flips = [0, *(1 << a for a in range(_BAND_BITS))]
        flips += [1 << a | 1 << b for a, b in combinations(range(_BAND_BITS), 2)]
        self._flips = np.array(flips, np.uint16)
        self._bands = []
        for band in range(_BANDS):
            keys = _band(self._hashes, band)
            rows = np.argsort(keys, kind="stable")
            ends = np.cumsum(np.bincount(keys, minlength=1 << _BAND_BITS))
            self._bands.append((rows, np.concatenate([[0], ends])))

    def nearest(self, hashes: NDArray[np.uint64], most: int) -> NDArray[np.int64]:
        """Find for each hash the nearest ones in the index, of equally near ones the first.

        Args:
            hashes: (m,) uint64.
            most: how many for each, at the most.

        Returns:
            (p, 2): positions in ``hashes``, ascending, and in the index, nearest first.
        """
        asked, back = np.unique(hashes, return_inverse=True)
        found = [np.empty((0, 3), np.int64)]
        found += [self._groups(asked, rows, most) for rows in self._blocks(asked)]
        one, apart, group = np.concatenate(found).T
        sizes = np.minimum(self._sizes[group], most)
        member = self._members[_runs((np.cumsum(self._sizes) - self._sizes)[group], sizes)]
        one, apart = np.repeat(one, sizes), np.repeat(apart, sizes)
        order = np.lexsort((member, apart, one))
        order = order[_first(one[order], most)]
        one, member = one[order], member[order]
        counts = np.bincount(one, minlength=len(asked))
        starts = np.cumsum(counts) - counts
        there = member[_runs(starts[back], counts[back])]
        return np.column_stack([np.repeat(np.arange(len(hashes)), counts[back]), there])

    def _blocks(self, asked: NDArray[np.uint64]) -> Iterator[slice]:
        """Part the hashes such that a part has few candidates, or consists of a single hash."""
        counts = np.zeros(len(asked), np.int64)
        for band, (_, ends) in enumerate(self._bands):
            keys = self._keys(asked, band)
            counts += (ends[keys + 1] - ends[keys]).sum(axis=1)
        first, total = 0, 0
        for row, count in enumerate(np.minimum(counts, len(self._hashes)).tolist()):
            if row > first and total + count > _CANDIDATES:
                yield slice(first, row)
                first, total = row, 0
            total += count
        if len(asked) > first:
            yield slice(first, len(asked))

    def _groups(self, asked: NDArray[np.uint64], rows: slice, most: int) -> NDArray[np.int64]:
        """Find the nearest groups of equal hashes: (p, 3) of row, bits apart and group."""
        numbers, size = np.arange(rows.start, rows.stop), max(1, len(self._hashes))
        found = []
        for band, (order, ends) in enumerate(self._bands):
            keys = self._keys(asked[rows], band)
            found.append((order, ends[keys], ends[keys + 1] - ends[keys]))
        many = sum(counts.sum(axis=1) for _, _, counts in found) > size
        # A pair as one number, which sorts by row, then bits apart, then group.
        apart = np.bitwise_count(asked[numbers[many], None] ^ self._hashes).astype(np.int64)
        keys = (numbers[many, None] * _FAR + apart) * size + np.arange(len(self._hashes))
        if most < size:
            keys = np.partition(keys, most, axis=1)[:, :most]
        near = [keys.ravel()]
        for order, starts, counts in found:
            few = np.where(many[:, None], 0, counts)
            one = np.repeat(numbers, few.sum(axis=1))
            group = order[_runs(starts.ravel(), few.ravel())]
            apart = np.bitwise_count(asked[one] ^ self._hashes[group]).astype(np.int64)
            near.append(((one * _FAR + apart) * size + group)[apart <= REACH])
        pairs = np.unique(np.concatenate(near))
        one, apart, group = pairs // (size * _FAR), pairs // size % _FAR, pairs % size
        return np.column_stack([one, apart, group])[(apart <= REACH) & _first(one, most)]

    def _keys(self, hashes: NDArray[np.uint64], band: int) -> NDArray[np.int64]:
        keys = _band(hashes, band)[:, None] ^ self._flips  # (m, 137)
        return keys.astype(np.int64)


def _runs(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join ranges of whole numbers: ``counts[i]`` of them from ``starts[i]`` on."""
    begins = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return begins + np.arange(len(begins))


def _first(sorted_rows: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Tell which entries are among the first of their row."""
    return np.arange(len(sorted_rows)) - np.searchsorted(sorted_rows, sorted_rows) < most


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
