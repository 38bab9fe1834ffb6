"""Methods: how a network is trained, with all modules and optimisers that this takes.

The trainer owns the order of pictures, checkpoints and records; a method owns what happens in a
step. Modules and optimisers are saved and restored by their names, so a method must keep in them
all that a step depends on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from colorize.model.losses import Losses, Target
from colorize.model.muon import Muon
from colorize.model.precision import mixed_precision
from colorize.model.spec import Spec
from colorize.model.targets import Batch

LISTENERS = "hinted"
"""Name of the layers of a network that take hints."""

BETAS = (0.9, 0.99)
"""Of Adam, as the paper trained."""


class Processes(Protocol):
    """The processes that train together, each with an equal part of every batch."""

    @property
    def size(self) -> int:
        """How many there are."""

    def total(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes, in place."""

    def shared(self, module: nn.Module) -> nn.Module:
        """Wrap a module so that gradients are averaged and batch norms see the whole batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adversary:
    """What params say of a critic, as pix2pix has one, and of what it is weighed against.

    Attributes:
        patch: side of the squares that it judges, in pixels: 1, 16, 70 or 286.
        gan: weight of its judgement in the network's loss; 0 trains without a critic.
        l1: of pix2pix, weight of the mean distance to the true colours.
        share: of other recipes, share of the steps, the last ones, in which there is a critic.
    """

    patch: int = 70
    gan: float = 1.0
    l1: float = 100.0
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What params say of every method.

    Attributes:
        weight_decay: of the optimiser.
        steps: of the whole run.
        seed: of the first weights of modules beside the network.
        spec: of the network.
        decode: output (N, C, h, w) -> (N, 2, h, w) ab, or (N, 3, h, w) L and ab, with a gradient.
        enlarge: (colours (N, 2 or 3, h, w), L (N, 1, H, W)) -> colours (N, 2 or 3, H, W), likewise.
        adversary: of methods that have a critic.
    """

    weight_decay: float
    steps: int
    seed: int
    spec: Spec
    decode: Callable[[Tensor], Tensor]
    enlarge: Callable[[Tensor, Tensor], Tensor]
    adversary: Adversary = Adversary()


class Method(Protocol):
    """Trains a model's network.

    Attributes:
        modules: by name. ``network`` is the model's network, which is validated and saved; a method
            that averages weights trains another module and updates this one.
        optimisers: by name.
    """

    modules: Mapping[str, nn.Module]
    optimisers: Mapping[str, Optimizer]

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        """Train on a batch.

        Randomness may come from torch's default generators, which are seeded before each step.

        Args:
            batch: on the modules' device: this process's part.
            lr: learning rate of the step.
            number: of the step in the whole run, from 0.

        Returns:
            Named losses before the step: scalars of the whole batch. The first one is shown, and
            all become columns of the history. All steps give the same names.
        """

    def check(self, means: Mapping[str, float]) -> None:
        """Look at the means of the losses over an epoch.

        Raises:
            ModelError: more training would be in vain.
        """


class Supervised:
    """Trains one network by one loss with AdamW.

    Args:
        network: in channels-last memory format.
        settings: of the run.
        processes: that train together.
        loss: (output, target) -> the losses.
        muon: whether `Muon` trains the kernels of its convolutions, but those of a single pixel.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: Settings,
        processes: Processes,
        *,
        loss: Callable[[Tensor, Target], Losses],
        muon: bool = False,
    ) -> None:
        self._network = processes.shared(network)
        self._processes = processes
        self._loss = loss
        decay = settings.weight_decay
        groups, kernels = decayed(network, decay), kernels_of(network) if muon else []
        own: dict[str, Optimizer] = {
            "network": torch.optim.AdamW(without(groups, kernels), betas=BETAS, fused=True)
        }
        if kernels:
            own["kernels"] = Muon(kernels, weight_decay=decay)
        self._own = tuple(own.values())
        self.modules: Mapping[str, nn.Module] = {"network": network}
        self.optimisers: Mapping[str, Optimizer] = own

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        """Take one step; see `Method`."""
        _, loss, found = self._compared(batch)
        self._update(loss, lr)
        return found

    def _compared(self, batch: Batch) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Give the output, the loss of this process's part, and the losses of the whole batch."""
        with mixed_precision(batch.input.device):
            output = self._network(batch.input, **batch.conditions)
        losses = self._loss(output, batch.target)
        # The loss is a mean weighted by class: a process's part weighs what its pixels weigh.
        mass = losses.mass
        sums = torch.stack([losses.rebalanced * mass, losses.divergence, mass]).detach()
        total, divergence, whole_mass = self._processes.total(sums)
        # Gradients are averaged over the processes; alone, the factor is exactly one.
        share = mass / whole_mass * self._processes.size
        found = {"loss": total / whole_mass, "divergence": divergence / self._processes.size}
        return output, losses.rebalanced * share, found

    def _update(self, loss: Tensor, lr: float) -> None:
        for optimiser in self._own:
            set_lr(optimiser, lr)
            optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimiser in self._own:
            optimiser.step()

    def check(self, means: Mapping[str, float]) -> None:
        """Accept all means."""


class Listening(Supervised):
    """Trains the layers that take hints, and nothing else of a network.

    They give nothing where there are no hints, so without hints the network stays what it was: its
    batch norms keep their statistics, too.

    Args:
        network: trained already, in channels-last memory format.
        settings: of the run.
        processes: that train together.
        loss: (output, target) -> the losses.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: Settings,
        processes: Processes,
        *,
        loss: Callable[[Tensor, Target], Losses],
    ) -> None:
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(LISTENERS in name.split("."))
        super().__init__(network, settings, processes, loss=loss)

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        """Take one step; see `Method`."""
        self._network.eval()
        return super().step(batch, lr, number)


def decayed(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Group what a network learns for an optimiser: the weights of convolutions alone decay.

    Biases, normalisation and tables have a meaning at their own size, which decay would distort.
    """
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    weights = {module.weight for module in network.modules() if isinstance(module, kinds)}
    parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for parameter in network.parameters():
        if parameter.requires_grad:
            parts[parameter not in weights].append(parameter)
    return [
        {"params": part, "weight_decay": decay}
        for part, decay in zip(parts, (weight_decay, 0.0), strict=True)
        if part
    ]


def kernels_of(network: nn.Module) -> list[nn.Parameter]:
    """List the kernels of convolutions, but those of a single pixel, in the network's order."""
    convolutions = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    found = (module.weight for module in convolutions if module.kernel_size != (1, 1))
    return [weight for weight in found if isinstance(weight, nn.Parameter)]


def without(groups: list[dict[str, Any]], kernels: list[nn.Parameter]) -> list[dict[str, Any]]:
    """Leave kernels out of an optimiser's groups."""
    left_out = set(kernels)
    return [
        {**group, "params": rest}
        for group in groups
        if (rest := [p for p in group["params"] if p not in left_out])
    ]


def set_dropout(network: nn.Module, share: float) -> None:
    """Set the share of maps that a network's layers of `torch.nn.Dropout2d` leave out."""
    for module in network.modules():
        if isinstance(module, nn.Dropout2d):
            module.p = share


def set_lr(optimiser: Optimizer, lr: float) -> None:
    """Set the learning rate of all parameters of an optimiser."""
    for group in optimiser.param_groups:
        group["lr"] = lr
