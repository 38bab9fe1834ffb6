"""Recipes: a name for a network, its loss and its decoding, so that others can join.

A recipe added here is trained by ``-S train.recipe=NAME`` and painted with by its name alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from colorize.errors import ModelError
from colorize.model import decode, losses
from colorize.model.networks import eccv16

AB_UNIT = 50.0
"""In units of ab, the output of 1 of a network that regresses: of the order of a strong colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that is particular to one way of colouring.

    Attributes:
        name: by which params and model files call it.
        network: (bins, width) -> module from L (N, 1, H, W) to an output at the head's size.
        loss: (output, target) -> the two losses.
        decode: (output, centres (Q, 2), temperature) -> ab (N, 2, h, w).
        classifies: whether the output is a logit for each of the Q bins, (N, Q, h, w); otherwise
            the decoding knows no temperature.
        head_stride: H / h.
        side_multiple: what H and W must be divisible by.
    """

    name: str
    network: Callable[[int, float], nn.Module]
    loss: Callable[[Tensor, losses.Target], losses.Losses]
    decode: Callable[[Tensor, Tensor, float], Tensor]
    classifies: bool
    head_stride: int
    side_multiple: int


_EIGHT_BLOCKS = {"head_stride": eccv16.HEAD_STRIDE, "side_multiple": eccv16.SIDE_MULTIPLE}
_ALL = (
    Recipe(
        name="eccv16",
        network=lambda bins, width: eccv16.Eccv16(bins, width=width),
        loss=losses.soft_cross_entropy,
        decode=decode.annealed_mean,
        classifies=True,
        **_EIGHT_BLOCKS,
    ),
    Recipe(  # what the paper compares itself with, "L2 regression"
        name="eccv16_l2",
        network=lambda _, width: eccv16.Eccv16(2, width=width),
        loss=lambda output, target: losses.squared_distance(AB_UNIT * output.float(), target),
        decode=lambda output, *_: AB_UNIT * output.float(),
        classifies=False,
        **_EIGHT_BLOCKS,
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        ModelError: there is none of that name.
    """
    if name not in RECIPES:
        raise ModelError(f"unknown recipe '{name}'; known: {', '.join(RECIPES)}")
    return RECIPES[name]
