"""Recipes: a name for a network, its training and its decoding, so that others can join.

A recipe added here is trained by ``-S train.recipe=NAME`` and painted with by its name alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from colorize.errors import ModelError
from colorize.model import decode, losses
from colorize.model.domains import Key, View
from colorize.model.methods import Method, Processes, Settings, Supervised
from colorize.model.networks import eccv16

AB_UNIT = 50.0
"""In units of ab, the output of 1 of a network that regresses: of the order of a strong colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What decides the shape of a network beside its recipe.

    Attributes:
        bins: Q, ab bins.
        width: multiplies the hidden channels; 1 is the published network.
        channels: of the input.
        lightness: whether the output holds an L of the colours as its last channel.
    """

    bins: int
    width: float
    channels: int = 1
    lightness: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that is particular to one way of colouring.

    Attributes:
        name: by which params and model files call it.
        network: spec -> module. It is called with the input (N, C, H, W) and the conditions as
            keyword arguments, and gives (N, channels, h, w). All its tensors are in its state dict.
        method: (network, settings, processes) -> how the network is trained.
        decode: (output, centres (Q, 2), temperature) -> (N, 2, h, w) ab, or (N, 3, h, w) L and ab.
        classifies: whether the output's first Q channels are logits of the bins; otherwise the
            decoding knows no temperature.
        head_stride: H / h.
        side_multiple: what H and W must be divisible by.
        simulate: (view, key) -> the view as training shows it: adds conditions.
    """

    name: str
    network: Callable[[Spec], nn.Module]
    method: Callable[[nn.Module, Settings, Processes], Method]
    decode: Callable[[Tensor, Tensor, float], Tensor]
    classifies: bool
    head_stride: int
    side_multiple: int
    simulate: Callable[[View, Key], View] | None = None


def _regression_loss(output: Tensor, target: losses.Target) -> losses.Losses:
    return losses.squared_distance(AB_UNIT * output.float(), target)


_ALL = (
    Recipe(
        name="eccv16",
        network=lambda spec: eccv16.Eccv16(spec.bins, width=spec.width, channels=spec.channels),
        method=partial(Supervised, loss=losses.soft_cross_entropy),
        decode=decode.annealed_mean,
        classifies=True,
        head_stride=eccv16.HEAD_STRIDE,
        side_multiple=eccv16.SIDE_MULTIPLE,
    ),
    Recipe(  # what the paper compares itself with, "L2 regression"
        name="eccv16_l2",
        network=lambda spec: eccv16.Eccv16(2, width=spec.width, channels=spec.channels),
        method=partial(Supervised, loss=_regression_loss),
        decode=lambda output, *_: AB_UNIT * output.float(),
        classifies=False,
        head_stride=eccv16.HEAD_STRIDE,
        side_multiple=eccv16.SIDE_MULTIPLE,
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        ModelError: there is none of that name.
    """
    if name not in RECIPES:
        raise ModelError(f"unknown recipe {ascii(name)[:40]}; known: {', '.join(RECIPES)}")
    return RECIPES[name]
