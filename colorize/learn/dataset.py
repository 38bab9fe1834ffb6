"""Which pictures a step sees: cut, varied, mirrored, and made a page of a domain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import cv2
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How far a picture may be varied before a step sees it.

    Attributes:
        crop: side of the square that is seen, in pixels.
        scale: the picture is enlarged by exp(u), u uniform in +- this.
        gamma: its values in 0..1 are raised to exp(u), u uniform in +- this, as if it were printed
            or scanned darker or lighter. All channels alike, which keeps hues. Grey pages alone:
            an inked page does not tell how dark the layer under it was.
    """

    crop: int
    scale: float = 0.0
    gamma: float = 0.0


def augmented(
    picture: NDArray[np.uint8],
    conditions: Mapping[str, NDArray[np.float32]],
    *,
    variation: Variation,
    key: Key,
) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]]]:
    """Cut a random square out of a picture, vary it, and mirror it every other time.

    What happens depends on the key, not on the batch or the process that the picture falls to.

    Args:
        picture: (side, side, 3) uint8.
        conditions: (side, side, K) are cut, resized and mirrored with it; (K,) stay as they are.
        variation: its crop is at most the picture's side.
        key: of all randomness.

    Returns:
        (crop, crop, 3) uint8, and the conditions.
    """
    random, crop = key.random(), variation.crop
    scale = np.exp(random.uniform(-1, 1) * variation.scale) if variation.scale else 1.0
    side = min(len(picture), round(crop / scale))
    top, left = random.integers(0, len(picture) - side, size=2, endpoint=True)
    rows, columns = slice(top, top + side), slice(left, left + side)
    mirrored = random.random() < 0.5

    def cut(array: NDArray[N], enlarging: int) -> NDArray[N]:
        part: NDArray[Any] = array[rows, columns]
        if side != crop:
            how = cv2.INTER_AREA if side > crop else enlarging
            part = cv2.resize(part, (crop, crop), interpolation=how).reshape(crop, crop, -1)
        return part[:, ::-1] if mirrored else part

    cropped = cut(picture, cv2.INTER_CUBIC)
    if variation.gamma:
        exponent = np.exp(random.uniform(-1, 1) * variation.gamma)
        table = np.rint(255 * np.linspace(0, 1, 256) ** exponent).astype(np.uint8)
        cropped = table[cropped]
    return cropped, {
        name: cut(array, cv2.INTER_NEAREST) if array.ndim == 3 else array
        for name, array in conditions.items()
    }


def example(
    pictures: ShardReader,
    number: int,
    *,
    variation: Variation,
    key: Key,
    mixture: Mixture,
    simulate: Simulation | None = None,
) -> View:
    """Give one picture as a step sees it.

    Args:
        pictures: the training split.
        number: which of them.
        variation: how it is cut and varied.
        key: of all randomness.
        mixture: of the domains that are trained for.
        simulate: adds conditions.
    """
    domain = mixture.choose(key)
    if domain.gives_lightness:
        variation = replace(variation, gamma=0.0)
    rgb, conditions = augmented(
        pictures[number], pictures.conditions(number), variation=variation, key=key
    )
    view = domain.view(rgb, key)
    view = replace(view, conditions={**conditions, **view.conditions})
    return simulate(view, key) if simulate else view
