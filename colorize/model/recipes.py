"""Recipes: a name for a network, its loss and its decoding, so that others can join.

A recipe added here is trained by ``-S train.recipe=NAME`` and painted with by its name alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor, nn

from colorize.errors import ModelError
from colorize.model import decode, losses
from colorize.model.networks import eccv16, unet

RAREST = 1e-8
"""Shares below it count as this much where a logarithm is taken."""

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
        enlarge: (ab (N, 2, h, w), L (N, 1, H, W)) -> ab (N, 2, H, W).
        toned: (shares of the bins at each tone (T, Q), centres (Q, 2)) -> (T, C), the output
            that paints by tone alone, where a tone table begins.
        classifies: whether the output is a logit for each of the Q bins, (N, Q, h, w); otherwise
            the decoding knows no temperature.
        head_stride: H / h.
        side_multiple: what H and W must be divisible by.
    """

    name: str
    network: Callable[[int, float], nn.Module]
    loss: Callable[[Tensor, losses.Target], losses.Losses]
    decode: Callable[[Tensor, Tensor, float], Tensor]
    enlarge: Callable[[Tensor, Tensor], Tensor]
    toned: Callable[[Tensor, Tensor], Tensor]
    classifies: bool
    head_stride: int
    side_multiple: int


def log_shares(shares: Tensor, _: Tensor) -> Tensor:
    """Logits (T, Q) of the bins' shares at each tone."""
    return shares.clamp_min(RAREST).log()


def mean_colours(shares: Tensor, centres: Tensor) -> Tensor:
    """Mean ab (T, 2) at each tone, in `AB_UNIT`."""
    return shares @ centres.to(shares.dtype) / AB_UNIT


_UNET = Recipe(
    name="unet",
    network=lambda bins, width: unet.UNet(bins, width=width),
    loss=losses.soft_cross_entropy,
    decode=decode.annealed_mean,
    enlarge=decode.enlarge_along,
    toned=log_shares,
    classifies=True,
    head_stride=unet.HEAD_STRIDE,
    side_multiple=unet.SIDE_MULTIPLE,
)
_ECCV16 = replace(
    _UNET,
    name="eccv16",
    network=lambda bins, width: eccv16.Eccv16(bins, width=width),
    enlarge=lambda ab, lightness: decode.enlarge(ab, lightness.shape[2:]),
    head_stride=eccv16.HEAD_STRIDE,
    side_multiple=eccv16.SIDE_MULTIPLE,
)


def _regressed(like: Recipe) -> Recipe:
    """The same network with two outputs, ab: what the paper compares with, "L2 regression"."""
    return replace(
        like,
        name=f"{like.name}_l2",
        network=lambda _, width: like.network(2, width),
        loss=lambda output, target: losses.squared_distance(AB_UNIT * output.float(), target),
        decode=lambda output, *_: AB_UNIT * output.float(),
        toned=mean_colours,
        classifies=False,
    )


_ALL = (_UNET, _regressed(_UNET), _ECCV16, _regressed(_ECCV16))
RECIPES = {recipe.name: recipe for recipe in _ALL}


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        ModelError: there is none of that name.
    """
    if name not in RECIPES:
        raise ModelError(f"unknown recipe '{name}'; known: {', '.join(RECIPES)}")
    return RECIPES[name]
