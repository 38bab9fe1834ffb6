"""Turns views of pictures into a step's input and soft targets, on the network's device.

`colour.encoding` defines the soft targets; this computes the same in PyTorch for whole batches.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from colorize.colour.gamut import AB_LIMIT
from colorize.colour.quantiser import Quantiser
from colorize.model.conversion import LabConverter
from colorize.model.domains import GREY, Domain, Encoded, View
from colorize.model.losses import Target

_SIDE = 2 * AB_LIMIT + 1
_FAR = 1e6
"""Where no bin is, and no colour near."""


class Examples(NamedTuple):
    """Views as tensors, ready to be moved to a device and encoded there.

    Attributes:
        page: (N, 3, H, W) uint8 sRGB.
        truth: (N, 3, H, W) uint8 sRGB; the same object as ``page`` where all are equal.
        domains: of each picture.
        conditions: by name, (N, K, H, W) or (N, K) float32.
    """

    page: Tensor
    truth: Tensor
    domains: tuple[Domain, ...]
    conditions: Mapping[str, Tensor] = {}

    @classmethod
    def of(cls, views: Sequence[View]) -> "Examples":
        """Stack views of one size, all with the same conditions."""
        truth = to_planes([view.truth for view in views])
        same = all(view.page is view.truth for view in views)
        return cls(
            truth if same else to_planes([view.page for view in views]),
            truth,
            tuple(view.domain for view in views),
            stack_conditions([view.conditions for view in views]),
        )

    @classmethod
    def grey(cls, rgb: Tensor) -> "Examples":
        """Pictures (N, 3, H, W) uint8 in the domain ``grey``."""
        return cls(rgb, rgb, (GREY,) * len(rgb))

    def pin_memory(self) -> "Examples":
        """Put everything into page-locked memory, which a GPU copies from in the background."""
        return self._each(lambda tensor: tensor.pin_memory())

    def to(self, device: torch.device) -> "Examples":
        """Move everything to a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Examples":
        page = change(self.page)
        return Examples(
            page,
            page if self.truth is self.page else change(self.truth),
            self.domains,
            {name: change(tensor) for name, tensor in self.conditions.items()},
        )


def to_planes(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
    """Lay pictures out as a network reads them: N of (H, W, 3) to (N, 3, H, W), uint8."""
    height, width, channels = pictures[0].shape
    planes = np.empty((len(pictures), channels, height, width), np.uint8)
    for plane, rgb in zip(planes, pictures, strict=True):
        plane[...] = rgb.transpose(2, 0, 1)
    return torch.from_numpy(planes)


def stack_conditions(
    conditions: Sequence[Mapping[str, NDArray[np.float32]]],
) -> dict[str, Tensor]:
    """Stack conditions: N of (H, W, K) to (N, K, H, W), N of (K,) to (N, K).

    Args:
        conditions: of each picture, all with the same names and shapes.
    """
    return {
        name: torch.from_numpy(
            np.stack([np.moveaxis(np.asarray(of[name], np.float32), -1, 0) for of in conditions])
        )
        for name in conditions[0]
    }


class Batch(NamedTuple):
    """Input and target of one step.

    Attributes:
        input: (N, C, H, W) float32; for the domain ``grey`` L in 0..100.
        target: at the head's size.
        conditions: by name, (N, K, H, W) or (N, K) float32: the network's keyword arguments.
        domains: of each picture.
    """

    input: Tensor
    target: Target
    conditions: Mapping[str, Tensor] = {}
    domains: tuple[Domain, ...] = ()


class Encoder(nn.Module):
    """Gives input and soft-encoded colours.

    Args:
        quantiser: gives bins, spread and class weights.
        head_stride: H / h.
        channels: of the network's input.
        lightness: whether the network gives an L: the target then always has one.
        classes: whether the target has bins; without them k is 0 and all class weights are 1.
    """

    candidates: Tensor
    a: Tensor
    b: Tensor
    rebalance: Tensor

    def __init__(
        self,
        quantiser: Quantiser,
        *,
        head_stride: int,
        channels: int = 1,
        lightness: bool = False,
        classes: bool = True,
    ) -> None:
        super().__init__()
        self.converter = LabConverter()
        table = quantiser.table
        places = np.vstack([table.centres, [_FAR, _FAR]]).astype(np.float32)
        candidates = table.candidates.reshape(_SIDE**2, -1)  # filled up with -1: the far place
        for name, array in {
            "candidates": candidates.ravel().astype(np.int64),
            "a": places[candidates, 0],
            "b": places[candidates, 1],
            "rebalance": quantiser.weights.astype(np.float32),
        }.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))
        self._neighbours = table.neighbours
        self._spread = 2 * quantiser.sigma**2
        self._head_stride = head_stride
        self._channels = channels
        self._lightness = lightness
        self._classes = classes

    @torch.no_grad()
    def forward(self, examples: Examples) -> Batch:
        """Encode pictures; H and W must be divisible by the head's stride."""
        encoded = self._encoded(examples)
        target = self.target(encoded.ab)
        if encoded.weight is not None:
            rebalance = target.rebalance * encoded.weight
            target = target._replace(rebalance=rebalance, weight=encoded.weight)
        if encoded.lightness is not None:
            target = target._replace(lightness=encoded.lightness)
        return Batch(encoded.input, target, examples.conditions, examples.domains)

    def _encoded(self, examples: Examples) -> Encoded:
        first, *others = dict.fromkeys(examples.domains)
        complete = first.gives_lightness or not self._lightness
        if not others and first.channels == self._channels and complete:
            return first.encode(self.converter, examples.page, examples.truth, self._head_stride)
        return self._mixed(examples)

    def _mixed(self, examples: Examples) -> Encoded:
        """Encode each domain's pictures and put them in their places.

        Where a domain asks for no L its target is NaN, so that no loss can use it by mistake.
        """
        n, _, height, width = examples.page.shape
        h, w = height // self._head_stride, width // self._head_stride
        page = examples.page
        channels = max(self._channels, *(domain.channels for domain in examples.domains))
        whole = Encoded(
            torch.zeros(n, channels, height, width, device=page.device),
            torch.empty(n, 2, h, w, device=page.device),
            torch.ones(n, h, w, device=page.device),
            torch.full((n, 1, h, w), torch.nan, device=page.device),
        )
        for domain in dict.fromkeys(examples.domains):
            rows = [n for n, of in enumerate(examples.domains) if of is domain]
            part = domain.encode(
                self.converter, page[rows], examples.truth[rows], self._head_stride
            )
            whole.input[rows, : domain.channels] = part.input
            for held, found in zip(whole[1:], part[1:], strict=True):
                if held is not None and found is not None:
                    held[rows] = found
        if self._lightness or any(domain.gives_lightness for domain in examples.domains):
            return whole
        return whole._replace(lightness=None)

    def target(self, ab: Tensor) -> Target:
        """Soft-encode colours (N, 2, h, w) as `NeighbourTable.encode` does, in float32."""
        a, b = ab.unbind(1)
        if not self._classes:
            none = a.new_zeros(*a.shape, 0)
            return Target(none.long(), none, torch.ones_like(a), ab)
        row, column = (axis.round().clamp(-AB_LIMIT, AB_LIMIT).long() + AB_LIMIT for axis in (a, b))
        cell = (row * _SIDE + column).flatten()
        squared = self.a.index_select(0, cell).sub_(a.reshape(-1, 1)).square_()
        squared += self.b.index_select(0, cell).sub_(b.reshape(-1, 1)).square_()  # (N h w, c)
        nearest, place = (found[:, : self._neighbours] for found in squared.sort())
        place = place + cell[:, None] * squared.shape[1]
        indices = self.candidates.index_select(0, place.flatten())
        weights = nearest.sub(nearest[:, :1]).div_(-self._spread).exp_()
        weights /= weights.sum(-1, keepdim=True)
        shape = (*a.shape, self._neighbours)
        indices, weights = indices.view(shape), weights.view(shape)
        return Target(indices, weights, self.rebalance[indices[..., 0]], ab)
