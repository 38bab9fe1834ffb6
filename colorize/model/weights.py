"""The model file: one ``.safetensors`` that is enough to paint with.

Weights and bin centres are tensors; everything else is one JSON text in the metadata. Nothing in
the file is ever executed, and nothing in it depends on when or where it was written. A file from
elsewhere is checked before memory is taken for it: names, shapes and types of its tensors must be
those of the network that it names.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from colorize import files
from colorize.errors import ModelError
from colorize.model.decode import TEMPERATURE, Decoding
from colorize.model.domains import Domain, domain
from colorize.model.precision import CPU
from colorize.model.recipes import Recipe, network, recipe
from colorize.model.spec import Spec

METADATA_KEY = "colorize"
FORMAT = 2
"""Raised when code of the version before could no longer read, or would misuse, the file."""

MAX_WIDTH = 4.0
MAX_SIDE = 4096
MAX_AB = 150
MAX_TONES = 1001
MAX_ADJUSTMENT = 4.0
"""Bounds of what a file may ask for; those of the params are no wider."""

_CENTRES = "centres"
_WEIGHTS = "weights"
_NETWORK = "network."
_ROWS = "table.rows"
_INKED_ROWS = "inked.rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained network and what it needs to be used.

    Attributes:
        network: in the recipe's form.
        recipe: how the network is trained and read.
        spec: decides the network's shape.
        centres: (Q, 2) int64, ab of the bins.
        weights: (Q,) float32, the class weights that it was trained with; all 1 where none were.
        domains: that it is trained for; the first one is assumed where nobody says otherwise.
        temperature: T of the annealed mean that suits it best.
        adjustment: that suits it best; see `Decoding`.
        side: of the square pictures it was trained on, in pixels.
        sources: names of what it was trained on, for the record.
        params: all values it was trained with, for the record.
    """

    network: nn.Module
    recipe: Recipe
    spec: Spec
    centres: Tensor
    weights: Tensor
    domains: tuple[Domain, ...]
    temperature: float
    adjustment: float
    side: int
    sources: tuple[str, ...]
    params: dict[str, Any]

    @classmethod
    def build(
        cls,
        recipe_name: str,
        *,
        width: float,
        centres: NDArray[np.int64],
        side: int,
        params: dict[str, Any],
        seed: int,
        domains: Sequence[str] = ("grey",),
        weights: NDArray[np.float64] | None = None,
        temperature: float = TEMPERATURE,
        adjustment: float = 0.0,
        sources: Sequence[str] = (),
        tones: NDArray[np.float64] | None = None,
        hints: bool = False,
        norms: bool = False,
    ) -> Self:
        """Make an untrained model whose first weights depend on ``seed`` and ``tones`` alone.

        Args:
            recipe_name: a key of `RECIPES`.
            width: see `Spec`.
            centres: (Q, 2) ab of the bins.
            side: see the attributes, as for the others.
            params: for the record.
            seed: of the first weights.
            domains: names; repeated ones count once.
            weights: (Q,) class weights; 1 if not given.
            temperature: T of the annealed mean.
            adjustment: see the attributes.
            sources: for the record.
            tones: (T, Q) shares of the bins at each tone: the network gets a tone table that
                begins there. No table if not given.
            hints: whether it takes hints.
            norms: whether grey and inked pages have batch norms of their own, where the recipe and
                the domains allow it.

        Raises:
            ModelError: the recipe cannot have that domain, or no hints.
        """
        chosen = recipe(recipe_name)
        kinds = tuple(dict.fromkeys(domain(name) for name in domains))
        rows = 0 if tones is None else len(tones)
        apart = norms and chosen.takes_norms
        spec = _spec(len(centres), width, kinds, tones=rows, hints=hints, norms=apart)
        _check(chosen, spec)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = network(chosen, spec)
        if tones is not None:
            shares = torch.tensor(tones)
            state = made.state_dict()
            state[_ROWS].copy_(chosen.toned(shares, torch.tensor(centres)))
            if _INKED_ROWS in state:  # what lightness says of a colour is not known of them
                alike = shares.mean(0, keepdim=True).expand_as(shares)
                state[_INKED_ROWS].copy_(chosen.toned(alike, torch.tensor(centres)))
        return cls(
            network=made,
            recipe=chosen,
            spec=spec,
            centres=torch.tensor(centres),
            weights=torch.ones(len(centres)) if weights is None else torch.tensor(weights).float(),
            domains=kinds,
            temperature=temperature,
            adjustment=adjustment,
            side=side,
            sources=tuple(sources),
            params=params,
        )

    def with_hints(self) -> Self:
        """Give a copy whose network has layers that take hints, which change nothing yet.

        Raises:
            ModelError: the recipe takes no hints.
        """
        spec = replace(self.spec, hints=True)
        _check(self.recipe, spec)
        with torch.random.fork_rng(devices=[]):
            made = network(self.recipe, spec)
        made.load_state_dict(made.state_dict() | self.network.state_dict())
        return replace(self, network=made.to(self.device), spec=spec)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device) -> Self:
        """Give the model on a device: itself if it is there, otherwise a copy."""
        if self.device == device:
            return self
        network = deepcopy(self.network).to(device)
        centres, weights = self.centres.to(device), self.weights.to(device)
        return replace(self, network=network, centres=centres, weights=weights)

    @property
    def decoding(self) -> Decoding:
        """The one that suits it best."""
        return Decoding(self.temperature, self.adjustment)

    def offset(self, adjustment: float) -> Tensor | None:
        """(Q,) float32, what an adjustment adds to the logits; see `Decoding`."""
        return self.weights.log() * -adjustment if adjustment else None

    def count(self) -> int:
        """Number of trained parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write the model atomically; the same model gives the same bytes.

        Args:
            path: of the file.
            half: keep the weights of convolutions in half precision, at half the size. All else
                stays float32: the statistics of normalisations, biases and the tone table are small
                and need the digits.

        Raises:
            ModelError: a weight is too large for half precision.
        """
        tensors = {
            f"{_NETWORK}{name}": (_halved(name, tensor) if half else tensor).contiguous().cpu()
            for name, tensor in self.network.state_dict().items()
        }
        described = {
            "format": FORMAT,
            "recipe": self.recipe.name,
            "width": self.spec.width,
            "domains": [kind.name for kind in self.domains],
            "hints": self.spec.hints,
            **({"norms": self.spec.norms} if self.spec.norms > 1 else {}),
            "temperature": self.temperature,
            "adjustment": self.adjustment,
            "side": self.side,
            "sources": list(self.sources),
            "params": self.params,
        }
        # One key only: the order in which several are written is not defined.
        metadata = {METADATA_KEY: json.dumps(described, sort_keys=True)}
        bins = {_CENTRES: self.centres.cpu(), _WEIGHTS: self.weights.cpu()}
        content = safetensors.torch.save({**tensors, **bins}, metadata)
        files.write_bytes(path, content)

    @classmethod
    def load(cls, path: Path, device: torch.device | None = None) -> Self:
        """Read what `save` wrote; weights in half precision become float32.

        Args:
            path: of the file.
            device: where the network will be; the processor if not given.

        Raises:
            ModelError: the file is missing, damaged, or no model of this project.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                return cls._read(path, file, device or CPU)
        except FileNotFoundError:
            raise ModelError(f"no model at {path}: run `make repro` to train one") from None
        except (safetensors.SafetensorError, OSError) as error:
            raise ModelError(f"{path} is no readable model: {_line(error)}") from None
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise ModelError(f"{path} is no model of this project: {_line(error)}") from None

    @classmethod
    def _read(cls, path: Path, file: Any, device: torch.device) -> Self:  # noqa: ANN401
        described = json.loads((file.metadata() or {})[METADATA_KEY])
        found = described["format"]
        if found != FORMAT:
            kind = "a newer" if isinstance(found, int) and found > FORMAT else "another"
            raise ModelError(
                f"{path} was written by {kind} version of this project: "
                f"format {ascii(found)[:20]}, not {FORMAT}"
            )
        chosen = recipe(_text(described, "recipe"))
        kinds = tuple(domain(name) for name in _texts(described, "domains"))
        if not kinds:
            raise ValueError("no domain")
        width = _number(described, "width", 0, MAX_WIDTH)
        centres = _centres(file)
        hints = described.get("hints", False)
        if not isinstance(hints, bool):
            raise ValueError("hints is neither true nor false")
        norms = described.get("norms", 1)
        if norms not in {1, 2} or isinstance(norms, bool):
            raise ValueError(f"norms is {ascii(norms)[:40]}, neither 1 nor 2")
        spec = _spec(len(centres), width, kinds, tones=_tones(file), hints=hints, norms=norms == 2)
        _check(chosen, spec)
        with torch.device("meta"), _WithoutInitialisation():
            made = network(chosen, spec)
        _fill(made, file)
        params = described["params"]
        if not isinstance(params, dict):
            raise ValueError("params are no mapping")
        return cls(
            network=made.eval().to(device),
            recipe=chosen,
            spec=spec,
            centres=centres.to(device),
            weights=_weights(file, len(centres)).to(device),
            domains=kinds,
            temperature=_number(described, "temperature", 0, 1),
            adjustment=_adjustment(described),
            side=int(_number(described, "side", 1, MAX_SIDE)),
            sources=tuple(_texts(described, "sources")),
            params=params,
        )


class _WithoutInitialisation(TorchFunctionMode):
    """Leaves first weights as they are: without memory they cost a second of imports."""

    _SKIPPED = frozenset({"fill_", "normal_", "uniform_", "zero_"})

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        if getattr(func, "__name__", "") in self._SKIPPED:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _can_be_half(tensor: Tensor) -> bool:
    """Tell the weights of convolutions from all other tensors of a network."""
    return tensor.dtype == torch.float32 and tensor.ndim == 4


def _halved(name: str, tensor: Tensor) -> Tensor:
    """Give the weights of a convolution in half precision, other tensors as they are."""
    if not _can_be_half(tensor):
        return tensor
    half = tensor.half()
    if not bool(half.isfinite().all()):
        raise ModelError(f"{name} holds numbers that are too large for half precision")
    return half


def _tones(file: Any) -> int:  # noqa: ANN401
    """Rows of a file's tone table; 0 where it has none."""
    if _NETWORK + _ROWS not in file.keys():  # noqa: SIM118
        return 0
    shape = file.get_slice(_NETWORK + _ROWS).get_shape()
    if len(shape) != 2 or not 1 <= shape[0] <= MAX_TONES:
        raise ValueError(f"the tone table has the shape {shape}")
    return int(shape[0])


def _spec(
    bins: int, width: float, domains: Sequence[Domain], *, tones: int, hints: bool, norms: bool
) -> Spec:
    channels = max(kind.channels for kind in domains)
    return Spec(
        bins=bins,
        width=width,
        channels=channels,
        norms=channels if norms else 1,
        lightness=any(kind.gives_lightness for kind in domains),
        tones=tones,
        hints=hints,
    )


def _check(chosen: Recipe, spec: Spec) -> None:
    if spec.lightness and not chosen.takes_ink:
        raise ModelError(f"recipe {chosen.name} gives ab alone: it cannot learn inked pages")
    if spec.norms > 1 and not chosen.takes_norms:
        raise ModelError(f"recipe {chosen.name} has one set of batch norms")
    if spec.hints and not chosen.takes_hints:
        raise ModelError(f"recipe {chosen.name} takes no hints")


def _centres(file: Any) -> Tensor:  # noqa: ANN401
    shape = file.get_slice(_CENTRES).get_shape()
    if len(shape) != 2 or shape[1] != 2 or shape[0] < 1:
        raise ValueError(f"the bin centres have the shape {shape}")
    centres: Tensor = file.get_tensor(_CENTRES).clone()
    if centres.dtype != torch.int64 or not bool((centres.abs() <= MAX_AB).all()):
        raise ValueError("the bin centres are no whole numbers of the ab plane")
    return centres


def _weights(file: Any, bins: int) -> Tensor:  # noqa: ANN401
    """Class weights of a file; all 1 where it has none, as files of before had."""
    if _WEIGHTS not in file.keys():  # noqa: SIM118
        return torch.ones(bins)
    shape = file.get_slice(_WEIGHTS).get_shape()
    if shape != [bins]:
        raise ValueError(f"the class weights have the shape {shape}, not {[bins]}")
    weights: Tensor = file.get_tensor(_WEIGHTS).clone()
    if weights.dtype != torch.float32 or not bool((weights > 0).all() & weights.isfinite().all()):
        raise ValueError("the class weights are no finite numbers above 0")
    return weights


def _fill(network: nn.Module, file: Any) -> None:  # noqa: ANN401
    """Give a network without memory its tensors, once all of them are known to fit."""
    expected = network.state_dict()
    names = set(file.keys()) - {_CENTRES, _WEIGHTS}
    found = {name.removeprefix(_NETWORK) for name in names}
    if odd := sorted(found ^ expected.keys()):
        what = "lacks" if odd[0] in expected else "should not hold"
        raise ValueError(f"it {what} the tensor {ascii(odd[0])[:60]}")
    for name, tensor in expected.items():
        shape = file.get_slice(_NETWORK + name).get_shape()
        if shape != list(tensor.shape):
            raise ValueError(f"{name} has the shape {shape}, not {list(tensor.shape)}")
    tensors = {}
    for name, tensor in expected.items():
        # A copy: the file's own memory changes when somebody writes to the file.
        tensors[name] = file.get_tensor(_NETWORK + name).clone()
        if _can_be_half(tensor) and tensors[name].dtype == torch.float16:
            tensors[name] = tensors[name].float()
        if tensors[name].dtype != tensor.dtype:
            raise ValueError(f"{name} is of type {tensors[name].dtype}, not {tensor.dtype}")
        if tensor.is_floating_point() and not bool(tensors[name].isfinite().all()):
            raise ValueError(f"{name} holds numbers that are not finite")
    network.load_state_dict(tensors, assign=True)


def _number(described: Mapping[str, object], key: str, low: float, high: float) -> float:
    """Read a number above ``low`` and at most ``high``, or at least 1 where low is 1."""
    value = described[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} is no number")
    if not (low < value <= high or value == low == 1) or not math.isfinite(value):
        raise ValueError(f"{key} is {ascii(value)[:40]}, not between {low:g} and {high:g}")
    return float(value)


def _adjustment(described: Mapping[str, object]) -> float:
    """Read the adjustment; files of before have none."""
    value = described.get("adjustment", 0.0)
    if value == 0 and not isinstance(value, bool):
        return 0.0
    return _number({"adjustment": value}, "adjustment", 0, MAX_ADJUSTMENT)


def _text(described: Mapping[str, object], key: str) -> str:
    value = described[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return value


def _texts(described: Mapping[str, object], key: str) -> list[str]:
    value = described[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key} is no list of texts")
    return value


def _line(error: BaseException) -> str:
    """An error's text as one printable line."""
    text = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
    return ascii(" ".join(text.split()))[1:-1][:200]
