"""The model file: one ``.safetensors`` that is enough to paint with.

Weights and bin centres are tensors; everything else is one JSON text in the metadata. Nothing in
the file is ever executed, and nothing in it depends on when or where it was written.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from colorize import files
from colorize.errors import ModelError
from colorize.model.recipes import Recipe, recipe

METADATA_KEY = "colorize"
FORMAT = 1
"""Raised when a file of this version could no longer be read by the code of the one before."""

_CENTRES = "centres"
_NETWORK = "network."


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained network and what it needs to be used.

    Attributes:
        network: in the recipe's form.
        recipe: how the network is trained and read.
        width: multiplier of the network's channels.
        centres: (Q, 2) ab of the bins.
        side: of the square pictures it was trained on, in pixels.
        params: all values it was trained with, for the record.
    """

    network: nn.Module
    recipe: Recipe
    width: float
    centres: Tensor
    side: int
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
    ) -> Self:
        """Make an untrained model whose first weights depend on ``seed`` alone."""
        chosen = recipe(recipe_name)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = chosen.network(len(centres), width)
        return cls(
            network=network,
            recipe=chosen,
            width=width,
            centres=torch.from_numpy(centres),
            side=side,
            params=params,
        )

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device) -> Self:
        """Move network and centres to a device: a copy where that is another one."""
        return replace(self, network=self.network.to(device), centres=self.centres.to(device))

    def count(self) -> int:
        """Number of trained parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def save(self, path: Path) -> None:
        """Write the model atomically; the same model gives the same bytes."""
        tensors = {
            f"{_NETWORK}{name}": tensor.contiguous().cpu()
            for name, tensor in self.network.state_dict().items()
        }
        described = {
            "format": FORMAT,
            "recipe": self.recipe.name,
            "width": self.width,
            "side": self.side,
            "params": self.params,
        }
        # One key only: the order in which several are written is not defined.
        metadata = {METADATA_KEY: json.dumps(described, sort_keys=True)}
        content = safetensors.torch.save({**tensors, _CENTRES: self.centres.cpu()}, metadata)
        files.write_bytes(path, content)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, damaged, or no model of this project.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise ModelError(f"no model at {path}: run `make repro` to train one") from None
        except (safetensors.SafetensorError, OSError) as error:
            raise ModelError(f"{path} is no readable model: {error}") from None
        try:
            described = json.loads(metadata[METADATA_KEY])
            if described["format"] > FORMAT:
                raise ModelError(f"{path} was written by a newer version of this project")
            centres = tensors.pop(_CENTRES)
            chosen = recipe(described["recipe"])
            width = float(described["width"])
            network = chosen.network(len(centres), width)
            network.load_state_dict(
                {name.removeprefix(_NETWORK): tensor for name, tensor in tensors.items()}
            )
            return cls(
                network=network.eval(),
                recipe=chosen,
                width=width,
                centres=centres,
                side=int(described["side"]),
                params=described["params"],
            )
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise ModelError(f"{path} is no model of this project: {error}") from None
