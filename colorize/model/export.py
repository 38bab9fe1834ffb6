"""Writes a model as an ONNX file: network, decoding and enlargement, for any size of pages.

The graph has the input ``seen`` (N, C, H, W) float32, as a domain's `observe` gives it, H and W
divisible by the recipe's `side_multiple`, and ``hints`` (N, 4, H, W) where the network takes them.
Its output ``colours`` is (N, 2, H, W), ab, or (N, 3, H, W), L and ab: see `predict.Prediction`.
"""

import json
import warnings
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorize import files
from colorize.colour.lab import L_MAX
from colorize.errors import InputError
from colorize.model import decode, hints
from colorize.model.networks.activation import Relu
from colorize.model.networks.tone import Toned, ToneTable
from colorize.model.networks.unet import Convolution, UNet
from colorize.model.weights import METADATA_KEY, Model

FORMAT = 1
"""Of the metadata."""

_MOST_BLOCKS = 512
_MOST_PICTURES = 4096


def export(model: Model, path: Path) -> None:
    """Write a model as ONNX, atomically.

    Args:
        model: to write, in float32; its temperature and adjustment are constants of the graph.
        path: of the file.

    Raises:
        InputError: the packages of the extra ``onnx`` are missing, or the network pads each page by
            its own size, which no graph can.
    """
    if model.recipe.side_multiple == 1:
        raise InputError(f"models of the recipe {model.recipe.name} cannot be written as ONNX")
    if not all(map(find_spec, ("onnx", "onnxscript"))):
        raise InputError("ONNX files need more packages: pip install 'colorize[onnx]'")
    graph = _Graph(model).eval()
    multiple = model.recipe.side_multiple
    names = ["seen", "hints"] if model.spec.hints else ["seen"]
    planes = {"seen": model.spec.channels, "hints": hints.CHANNELS}
    examples = tuple(torch.zeros(2, planes[name], 2 * multiple, 3 * multiple) for name in names)
    pictures = torch.export.Dim("pictures", min=1, max=_MOST_PICTURES)
    rows, columns = (torch.export.Dim(axis, min=1, max=_MOST_BLOCKS) for axis in "hw")
    sizes = {0: pictures, 2: multiple * rows, 3: multiple * columns}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about its own insides
        program = torch.onnx.export(
            graph,
            examples,
            dynamo=True,
            verbose=False,
            input_names=names,
            output_names=["colours"],
            dynamic_shapes=tuple(sizes for _ in names),
        )
    if program is None:
        raise InputError("PyTorch has written no ONNX model")
    program.model.metadata_props[METADATA_KEY] = json.dumps(described(model), sort_keys=True)
    files.write_bytes(path, program.model_proto.SerializeToString())


def described(model: Model) -> dict[str, Any]:
    """Say what somebody must know who paints with the file, as JSON."""
    return {
        "format": FORMAT,
        "recipe": model.recipe.name,
        "domains": [kind.name for kind in model.domains],
        "hints": model.spec.hints,
        "channels": model.spec.channels,
        "output": ["L", "a", "b"] if model.spec.lightness else ["a", "b"],
        "side": model.side,
        "side_multiple": model.recipe.side_multiple,
        "temperature": model.temperature,
        "adjustment": model.adjustment,
        "centres": model.centres.tolist(),
        "sources": list(model.sources),
    }


class _Graph(nn.Module):
    """A model as one function that the exporter can follow."""

    centres: Tensor
    offset: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        network = deepcopy(model.to(torch.device("cpu")).network)
        self.network = _plain(network, stride=model.recipe.head_stride)
        self.register_buffer("centres", model.centres.cpu().float())
        self._model = [model]  # in a list, so that its network is not registered twice
        offset = model.offset(model.adjustment)
        plain = torch.zeros(model.spec.bins) if offset is None else offset.cpu()
        self.register_buffer("offset", plain[:, None, None])
        self._temperature = model.temperature

    def forward(self, seen: Tensor, told: Tensor | None = None) -> Tensor:
        (model,) = self._model
        output = self.network(seen) if told is None else self.network(seen, **{hints.NAME: told})
        if model.recipe.classifies:
            colours = self._mean(output, bins=model.spec.bins, shifts=model.recipe.shifts)
        else:
            colours = model.recipe.decode(output, self.centres, self._temperature, None)
        return model.recipe.enlarge(colours, seen[:, :1])

    def _mean(self, output: Tensor, *, bins: int, shifts: bool) -> Tensor:
        """Take a mean as `model.decode` does, without its loop over pictures."""
        logits = output[:, :bins] + self.offset
        ab = self._centre(logits / self._temperature)
        if shifts and (precision := decode.precision(self._temperature)):
            towards = torch.einsum("nchw,qc->nqhw", ab, self.centres)
            from_zero = self.centres.square().sum(1)[:, None, None] / 2
            ab = self._centre(logits + precision * (towards - from_zero))
        if output.shape[1] == bins:
            return ab
        lightness = decode.L_CENTRE + decode.L_RANGE * output[:, bins:]
        return torch.cat([lightness.clamp(0.0, L_MAX), ab], dim=1)  # 0.0: no exporter mixes types

    def _centre(self, scores: Tensor) -> Tensor:
        """Mean colours (N, 2, h, w) by scores (N, Q, h, w)."""
        return torch.einsum("nqhw,qc->nchw", torch.softmax(scores, dim=1), self.centres)


class _Tones(ToneTable):
    """The same table, read by operations that an exporter knows: no scattering.

    A pixel's share in a tone falls linearly with their distance, to nothing at the next tone.
    """

    knots: Tensor

    def __init__(self, table: ToneTable, *, stride: int) -> None:
        super().__init__(table.rows.detach(), stride=stride)
        self.register_buffer("knots", torch.arange(len(table.rows)).float()[:, None, None])

    def shares(self, lightness: Tensor) -> Tensor:
        """Share blocks among the tones."""
        place = lightness.clamp(0.0, L_MAX) * ((len(self.rows) - 1) / L_MAX)
        pixels = functional.pixel_unshuffle(place, self._stride)  # (N, stride squared, h, w)
        shares = torch.zeros_like(self.knots)
        for n in range(self._stride**2):
            shares = shares + (1 - (pixels[:, n : n + 1] - self.knots).abs()).relu()
        return shares / self._stride**2


class _BothTables(Toned):
    """A network beside two tone tables, both looked at for any page, without branches."""

    def told(self, seen: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """Give the rows of both tables."""
        assert self.inked is not None
        return self.told_by_page(seen, shares, self.inked)


class _ByFlag(nn.Module):
    """A network with batch norms for each kind of pages; which a page is, its input says."""

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, seen: Tensor, hints: Tensor | None = None) -> Tensor:
        return self.network.coloured(seen, hints, seen[:, 1:2, :1, :1] / L_MAX)


class _Either(nn.Module):
    """A convolution whose batch norm is chosen by a flag for each picture, without branches."""

    scales: Tensor
    shifts: Tensor

    def __init__(self, convolution: Convolution) -> None:
        super().__init__()
        self.convolution, *others = convolution
        self.activation = nn.ReLU()
        pairs = [_affine(norm) for norm in others if isinstance(norm, nn.BatchNorm2d)]
        for name, both in zip(("scales", "shifts"), zip(*pairs, strict=True), strict=True):
            self.register_buffer(name, torch.stack(both)[:, :, None, None])

    def forward(self, x: Tensor, inked: Tensor) -> Tensor:
        scale, shift = (of[0] + inked * (of[1] - of[0]) for of in (self.scales, self.shifts))
        output: Tensor = self.activation(self.convolution(x) * scale + shift)
        return output


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift (C,) of a batch norm that no longer learns."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias.detach() - norm.running_mean * scale


def _plain(module: nn.Module, *, stride: int) -> nn.Module:
    """Replace modules that no exporter can follow by others that compute the same."""
    if isinstance(module, Relu):
        return nn.ReLU()
    if isinstance(module, ToneTable):
        return _Tones(module, stride=stride)
    for name, child in module.named_children():
        module.add_module(name, _plain(child, stride=stride))
    if isinstance(module, Toned) and module.inked is not None:
        return _BothTables(module.network, module.table, module.inked)
    if isinstance(module, UNet) and module.partial:
        return _ByFlag(module)
    if isinstance(module, Convolution) and module.inked is not None:
        return _Either(module)
    return module
