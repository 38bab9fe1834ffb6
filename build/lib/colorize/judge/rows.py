"""What a model is held against: floors that paint without looking, and ceilings that cheat."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.metrics.comparison import Pictures
from colorize.model.recipes import Recipe

SAMPLED = 4
"""The tone curve is learned from every fourth pixel of every fourth row."""

TONES = int(lab.L_MAX) + 1

_BATCH = 16


def all_grey(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Paint nothing: L (N, H, W) -> ab (N, H, W, 2)."""
    return np.zeros((*lightness.shape, 2), np.float32)


def dominant(quantiser: Quantiser) -> NDArray[np.float32]:
    """(2,) ab of the training split's commonest bin, grey's own left out."""
    table = quantiser.table
    prior = quantiser.prior.copy()
    prior[int(table.nearest(np.zeros(2)))] = 0
    chosen: NDArray[np.float32] = table.centres[int(prior.argmax())].astype(np.float32)
    return chosen


def tone_curve(batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Learn the mean ab of each whole L: what can be known of a pixel by its tone alone.

    Args:
        batches: of (N, H, W, 3) uint8 training pictures.

    Returns:
        (`TONES`, 2); of an L that never occurs, between its neighbours.
    """
    sums, pixels = np.zeros((2, TONES)), np.zeros(TONES)
    for rgb in batches:
        colours = lab.rgb_to_lab(np.ascontiguousarray(rgb[:, ::SAMPLED, ::SAMPLED])).reshape(-1, 3)
        tones = np.rint(colours[:, 0]).astype(np.int64).clip(0, TONES - 1)
        pixels += np.bincount(tones, minlength=TONES)
        for axis in (0, 1):
            sums[axis] += np.bincount(tones, colours[:, 1 + axis], minlength=TONES)
    seen = np.flatnonzero(pixels)
    curves = [np.interp(np.arange(TONES), seen, total[seen] / pixels[seen]) for total in sums]
    return np.stack(curves, axis=-1).astype(np.float32)


def apply_curve(curve: NDArray[np.float32], lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour each pixel by its tone: L (N, H, W) -> ab (N, H, W, 2), linear between whole L."""
    tones = np.arange(len(curve))
    ab = [np.interp(lightness, tones, curve[:, axis]) for axis in (0, 1)]
    return np.stack(ab, axis=-1).astype(np.float32)


def enlarged(colours: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float32]:
    """Shrink true Lab (N, H, W, 3) to a head's size; enlarge it as the recipe does: ab alone."""
    lightness, ab = colours[..., 0], colours[..., 1:]
    height, width = lightness.shape[1:]
    size = (width // recipe.head_stride, height // recipe.head_stride)
    small = np.stack([cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in ab])
    planes = torch.from_numpy(small).permute(0, 3, 1, 2)
    full = recipe.enlarge(planes, torch.from_numpy(np.ascontiguousarray(lightness))[:, None])
    return np.ascontiguousarray(full.permute(0, 2, 3, 1).numpy())


class References:
    """The rows that need no model.

    Args:
        train: the training split, of pictures as large as those to be painted.
        quantiser: fitted on it.
        recipe: whose head's ceiling is asked for.
        seed: of the random row.
    """

    def __init__(
        self, train: ShardReader, quantiser: Quantiser, *, recipe: Recipe, seed: int
    ) -> None:
        self._train = train
        self._table: NeighbourTable = quantiser.table
        self._dominant = dominant(quantiser)
        self._curve = tone_curve(train.batches(_BATCH))
        self._recipe = recipe
        self._seed = seed

    def colours(self, pictures: Pictures) -> dict[str, NDArray[np.float32]]:
        """Floors first, then ceilings.

        ``random`` copies the colours of a training picture drawn at random (Zhang et al., section
        3.1), ``dominant`` is one colour, ``ceiling_head`` the truth as a perfect network of this
        head would give it, and ``ceiling_bins`` the truth as a perfect choice of bins would.
        """
        lightness, truth = pictures.lab[..., 0], pictures.lab[..., 1:]
        return {
            "grey": all_grey(lightness),
            "dominant": np.broadcast_to(self._dominant, truth.shape),
            "tone_curve": apply_curve(self._curve, lightness),
            "random": np.stack(
                [self._drawn(pictures.first + number) for number in range(len(truth))]
            ),
            "ceiling_head": enlarged(pictures.lab, self._recipe),
            "ceiling_bins": self._table.centres[self._table.nearest(truth)].astype(np.float32),
        }

    def _drawn(self, number: int) -> NDArray[np.float32]:
        chosen = int(np.random.default_rng([self._seed, number]).integers(len(self._train)))
        return lab.rgb_to_lab(self._train[chosen])[..., 1:]
