"""Recipes: a name for a network, its training and its decoding, so that others can join.

A recipe added here is trained by ``-S train.recipe=NAME`` and painted with by its name alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from colorize.errors import ModelError
from colorize.model import decode, losses
from colorize.model.adversarial import Adversarial, SupervisedThenAdversarial
from colorize.model.domains import Key, View
from colorize.model.methods import Listening, Method, Processes, Settings, Supervised
from colorize.model.networks import eccv16, pix2pix, unet
from colorize.model.networks.tone import Toned, ToneTable
from colorize.model.spec import Spec

RAREST = 1e-8
"""Shares below it count as this much where a logarithm is taken."""

AB_UNIT = 50.0
"""In units of ab, the output of 1 of a network that regresses: of the order of a strong colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that is particular to one way of colouring.

    Attributes:
        name: by which params and model files call it.
        network: spec -> module. It is called with the input (N, C, H, W) and the conditions as
            keyword arguments, and gives (N, channels, h, w). All its tensors are in its state dict.
        method: (network, settings, processes) -> how the network is trained; one that takes hints
            has been trained without them, and learns them now.
        decode: (output, centres (Q, 2), temperature, offset (Q,) or (N, Q) of logits or None) ->
            (N, 2, h, w) ab, or (N, 3, h, w) L and ab.
        enlarge: (colours (N, 2 or 3, h, w), L (N, 1, H, W)) -> colours (N, 2 or 3, H, W).
        toned: (shares of the bins at each tone (T, Q), centres (Q, 2)) -> (T, outputs), the output
            that paints by tone alone, where a tone table begins.
        classifies: whether the output's first Q channels are logits of the bins; otherwise the
            decoding knows no temperature.
        shifts: whether they are decoded by `decode.mode_mean`, and not by `decode.annealed_mean`.
        head_stride: H / h.
        side_multiple: what H and W must be divisible by.
        takes_hints: whether the network can be built to take hints.
        takes_norms: whether the network can have a set of batch norms for each kind of pages.
        takes_ink: whether it can be built to give an L beside ab, as inked pages need.
        simulate: (view, key) -> the view as training shows it: adds conditions.
    """

    name: str
    network: Callable[[Spec], nn.Module]
    method: Callable[[nn.Module, Settings, Processes], Method]
    decode: Callable[[Tensor, Tensor, float, Tensor | None], Tensor]
    enlarge: Callable[[Tensor, Tensor], Tensor]
    toned: Callable[[Tensor, Tensor], Tensor]
    classifies: bool
    shifts: bool = False
    head_stride: int
    side_multiple: int
    takes_hints: bool = False
    takes_norms: bool = False
    takes_ink: bool = True
    simulate: Callable[[View, Key], View] | None = None


def _outputs(spec: Spec) -> int:
    return spec.bins + spec.lightness


def decoded(
    output: Tensor,
    centres: Tensor,
    temperature: float,
    offset: Tensor | None,
    *,
    mean: Callable[..., Tensor],
) -> Tensor:
    """Decode bins by a kind of mean, and L where the output has a channel more than there are."""
    bins = len(centres)
    ab = mean(output[:, :bins], centres, temperature, offset)
    if output.shape[1] == bins:
        return ab
    return torch.cat([decode.lightness(output[:, bins:]), ab], dim=1)


def _regression_loss(output: Tensor, target: losses.Target) -> losses.Losses:
    return losses.squared_distance(AB_UNIT * output.float(), target)


def log_shares(shares: Tensor, _: Tensor) -> Tensor:
    """Logits (T, Q) of the bins' shares at each tone."""
    return shares.clamp_min(RAREST).log()


def mean_colours(shares: Tensor, centres: Tensor) -> Tensor:
    """Mean ab (T, 2) at each tone, in `AB_UNIT`."""
    return shares @ centres.to(shares.dtype) / AB_UNIT


def _supervised(
    network: nn.Module,
    settings: Settings,
    processes: Processes,
    *,
    loss: Callable[[Tensor, losses.Target], losses.Losses] = losses.soft_cross_entropy,
    muon: bool = False,
) -> Method:
    if settings.spec.hints:
        return Listening(network, settings, processes, loss=loss)
    kind = SupervisedThenAdversarial if settings.adversary.share else Supervised
    return kind(network, settings, processes, loss=loss, muon=muon)


_UNET = Recipe(
    name="unet",
    network=lambda spec: unet.UNet(
        _outputs(spec),
        width=spec.width,
        channels=spec.channels,
        hints=spec.hints,
        norms=spec.norms,
    ),
    method=partial(_supervised, muon=True),
    decode=partial(decoded, mean=decode.mode_mean),
    enlarge=decode.enlarge_along,
    toned=log_shares,
    classifies=True,
    shifts=True,
    head_stride=unet.HEAD_STRIDE,
    side_multiple=unet.SIDE_MULTIPLE,
    takes_hints=True,
    takes_norms=True,
)
_ECCV16 = replace(
    _UNET,
    name="eccv16",
    network=lambda spec: eccv16.Eccv16(_outputs(spec), width=spec.width, channels=spec.channels),
    method=_supervised,
    decode=partial(decoded, mean=decode.annealed_mean),
    shifts=False,
    enlarge=lambda colours, lightness: decode.enlarge(
        colours, (lightness.shape[2], lightness.shape[3])
    ),
    head_stride=eccv16.HEAD_STRIDE,
    side_multiple=eccv16.SIDE_MULTIPLE,
    takes_hints=False,
    takes_norms=False,
)


def _regressed(like: Recipe, *, muon: bool = False) -> Recipe:
    """The same network with two outputs, ab: what the paper compares with, "L2 regression"."""
    return replace(
        like,
        name=f"{like.name}_l2",
        network=lambda spec: like.network(replace(spec, bins=2)),
        method=partial(_supervised, loss=_regression_loss, muon=muon),
        decode=lambda output, *_: AB_UNIT * output.float(),
        toned=mean_colours,
        classifies=False,
        shifts=False,
        takes_ink=False,
    )


def _in_lab(output: Tensor) -> Tensor:
    """Give ab (N, 2, h, w), or L and ab (N, 3, h, w), of the output of pix2pix."""
    ab = pix2pix.AB_RANGE * output[:, :2].float()
    return torch.cat([decode.lightness(output[:, 2:]), ab], dim=1) if output.shape[1] > 2 else ab


_PIX2PIX = Recipe(
    name="pix2pix",
    network=lambda spec: pix2pix.Generator(
        2 + spec.lightness, width=spec.width, channels=spec.channels
    ),
    method=Adversarial,
    decode=lambda output, *_: _in_lab(output),
    enlarge=lambda colours, _: colours,
    toned=lambda shares, centres: shares @ centres.to(shares.dtype) / pix2pix.AB_RANGE,
    classifies=False,
    head_stride=1,
    side_multiple=1,
)

_ALL = (_UNET, _regressed(_UNET, muon=True), _ECCV16, _regressed(_ECCV16), _PIX2PIX)
RECIPES = {recipe.name: recipe for recipe in _ALL}


def network(chosen: Recipe, spec: Spec) -> nn.Module:
    """Build a recipe's network, with tone tables of zeros where the spec asks for one."""
    made = chosen.network(spec)
    if not spec.tones:
        return made
    outputs = spec.bins if chosen.classifies else 2
    tables = [
        ToneTable(torch.zeros(spec.tones, outputs), stride=chosen.head_stride)
        for _ in range(spec.channels)
    ]
    return Toned(made, *tables)


def recipe(name: str) -> Recipe:
    """Look a recipe up.

    Raises:
        ModelError: there is none of that name.
    """
    if name not in RECIPES:
        raise ModelError(f"unknown recipe {ascii(name)[:40]}; known: {', '.join(RECIPES)}")
    return RECIPES[name]
