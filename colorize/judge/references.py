"""Rows to compare a model with: floors, which know little, and ceilings, which know the truth."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.views import Views
from colorize.metrics import rownames
from colorize.model.decode import TEMPERATURE
from colorize.model.recipes import Recipe
from colorize.model.weights import Model

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


def enlarged(
    ab: NDArray[np.float32], lightness: NDArray[np.float32], recipe: Recipe
) -> NDArray[np.float32]:
    """Shrink true colours (N, H, W, 2) to a head's size; enlarge them as the recipe does."""
    height, width = ab.shape[1:3]
    size = (width // recipe.head_stride, height // recipe.head_stride)
    small = np.stack([cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in ab])
    planes = torch.from_numpy(small).permute(0, 3, 1, 2)
    full = recipe.enlarge(planes, torch.from_numpy(np.ascontiguousarray(lightness))[:, None])
    return np.ascontiguousarray(full.permute(0, 2, 3, 1).numpy())


class References:
    """The rows that are not the model.

    Args:
        train: the training split, of pictures as large as those to be painted.
        quantiser: fitted on it.
        recipe: whose head's ceiling is asked for.
        seed: of the random row.
        one_epoch: the model after its first epoch, which becomes a floor, if there is one.
    """

    def __init__(
        self,
        train: ShardReader,
        quantiser: Quantiser,
        *,
        recipe: Recipe,
        seed: int,
        one_epoch: Model | None = None,
    ) -> None:
        self._train = train
        self._table: NeighbourTable = quantiser.table
        self._dominant = dominant(quantiser)
        self._curve = tone_curve(train.batches(_BATCH))
        self._recipe = recipe
        self._seed = seed
        self._one_epoch = one_epoch

    def paintings(self, views: Views) -> dict[str, NDArray[np.uint8]]:
        """Paint pages in every row: `colours`, joined to the pages as their domain does."""
        return {row: views.join(colours) for row, colours in self.colours(views).items()}

    def colours(self, views: Views) -> dict[str, NDArray[np.float32]]:
        """Floors first, then ceilings: (N, H, W, 2) float32 ab each.

        ``random`` copies the colours of a training picture drawn at random (Zhang et al., section
        3.1), ``dominant`` is one colour, ``ceiling_head`` the truth as a perfect network of this
        head would give it, and ``ceiling_bins`` the truth as a perfect choice of bins would.
        """
        lightness = np.stack([page.lightness for page in views.pages])
        truth = views.truth.lab[..., 1:]
        first = views.truth.first
        found = {
            rownames.GREY: all_grey(lightness),
            rownames.DOMINANT: np.broadcast_to(self._dominant, truth.shape),
            rownames.TONE_CURVE: apply_curve(self._curve, lightness),
            rownames.RANDOM: np.stack([self._drawn(first + n) for n in range(len(truth))]),
        }
        if self._one_epoch:
            found[rownames.ONE_EPOCH] = views.predict(self._one_epoch).colours(TEMPERATURE)
        return found | {
            rownames.CEILING_HEAD: enlarged(truth, lightness, self._recipe),
            rownames.CEILING_BINS: self._table.centres[self._table.nearest(truth)].astype(
                np.float32
            ),
        }

    def _drawn(self, number: int) -> NDArray[np.float32]:
        chosen = int(np.random.default_rng([self._seed, number]).integers(len(self._train)))
        return lab.rgb_to_lab(self._train[chosen])[..., 1:]
