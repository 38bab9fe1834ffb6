"""Which pictures a step sees: cut, mirrored, and made a page of a domain."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from colorize.data.shards import ShardReader
from colorize.model.domains import Key, Mixture, View

N = TypeVar("N", bound=np.generic)

Simulation: TypeAlias = Callable[[View, Key], View]
"""Adds conditions to a view, as `Recipe.simulate` does."""


def order(count: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Shuffle ``count`` pictures for one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def augmented(
    picture: NDArray[np.uint8],
    conditions: Mapping[str, NDArray[np.float32]],
    *,
    crop: int,
    key: Key,
) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]]]:
    """Cut a random square out of a picture and mirror it every other time.

    What happens depends on the key, not on the batch or the process that the picture falls to.

    Args:
        picture: (side, side, 3) uint8.
        conditions: (side, side, K) are cut and mirrored with it; (K,) stay as they are.
        crop: side of the square in pixels, at most the picture's side.
        key: of all randomness.

    Returns:
        (crop, crop, 3) uint8, and the conditions.
    """
    random = key.random()
    top, left = random.integers(0, len(picture) - crop, size=2, endpoint=True)
    rows, columns = slice(top, top + crop), slice(left, left + crop)
    mirrored = random.random() < 0.5

    def cut(array: NDArray[N]) -> NDArray[N]:
        part = array[rows, columns]
        return part[:, ::-1] if mirrored else part

    return cut(picture), {
        name: cut(array) if array.ndim == 3 else array for name, array in conditions.items()
    }


def example(
    pictures: ShardReader,
    number: int,
    *,
    crop: int,
    key: Key,
    mixture: Mixture,
    simulate: Simulation | None = None,
) -> View:
    """Give one picture as a step sees it.

    Args:
        pictures: the training split.
        number: which of them.
        crop: side of the square in pixels.
        key: of all randomness.
        mixture: of the domains that are trained for.
        simulate: adds conditions.
    """
    rgb, conditions = augmented(pictures[number], pictures.conditions(number), crop=crop, key=key)
    view = mixture.view(rgb, key)
    view = replace(view, conditions={**conditions, **view.conditions})
    return simulate(view, key) if simulate else view
