"""The training loop: it yields a record an epoch, and knows neither files nor terminals.

All that a run depends on is in its plan, its pictures and its state: randomness is keyed by seed,
epoch and picture, so that a state taken after any step continues to the very same end.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import ModelError
from colorize.learn import dataset
from colorize.learn.distributed import ALONE, Group, shared
from colorize.learn.schedule import Plan
from colorize.model.precision import mixed_precision
from colorize.model.targets import Encoder
from colorize.model.weights import Model

BETAS = (0.9, 0.99)
"""Of Adam, as the paper trained."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training split gave, as means over its steps."""

    epoch: int
    loss: float
    divergence: float
    lr: float

    def as_record(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)


@dataclass(slots=True)
class Position:
    """How far a run has come: in the middle of an epoch, with the losses of its steps so far."""

    epoch: int = 1
    losses: list[float] = field(default_factory=list)
    divergences: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """A run between two of its steps: everything that it needs to go on as if never stopped."""

    tensors: dict[str, Tensor]
    position: dict[str, Any]


class Trainer:
    """Trains a model's network in place, step by step.

    Args:
        model: untrained, or as a restored state will find it; trained on the device it is on.
        pictures: the training split.
        quantiser: fitted on it.
        plan: checked against the pictures here.
        group: of the processes that train together; the batch is parted between them.

    Raises:
        DataError: the pictures do not allow the plan.
    """

    def __init__(
        self,
        model: Model,
        pictures: ShardReader,
        *,
        quantiser: Quantiser,
        plan: Plan,
        group: Group = ALONE,
    ) -> None:
        plan.check(pictures, model.recipe, processes=group.size)
        self._group = group
        self._model = model
        self._pictures = pictures
        self._plan = plan
        self._device = model.device
        self._encoder = Encoder(quantiser, head_stride=model.recipe.head_stride).to(model.device)
        self._position = Position()
        self._steps_an_epoch = len(pictures) // plan.batch
        model.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = model.network if group.size == 1 else shared(model.network, group)
        self._optimiser = torch.optim.AdamW(
            model.network.parameters(),
            lr=plan.lr,
            betas=BETAS,
            weight_decay=plan.weight_decay,
            fused=True,
        )

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self._plan.epochs * self._steps_an_epoch

    @property
    def step(self) -> int:
        """Steps taken so far."""
        return (self._position.epoch - 1) * self._steps_an_epoch + len(self._position.losses)

    @property
    def ends_epoch(self) -> bool:
        """Whether the step just taken is the last one of its epoch."""
        return len(self._position.losses) == self._steps_an_epoch

    def epochs(self, *, on_step: Callable[[float], None]) -> Iterator[Epoch]:
        """Train from where the run stands to its end, pausing after each epoch.

        Args:
            on_step: called with the loss of each step; `state` may be taken there.

        Yields:
            A record after each epoch; the caller may use the network as it likes in between.

        Raises:
            ModelError: the loss is no longer a finite number.
        """
        here = self._position
        with ThreadPoolExecutor(max_workers=1) as ahead:
            while here.epoch <= self._plan.epochs:
                self._model.network.train()
                for rgb in self._batches(here.epoch, len(here.losses), ahead):
                    self._take_step(rgb)
                    on_step(here.losses[-1])
                means = fmean(here.losses), fmean(here.divergences)
                record = Epoch(
                    here.epoch, *means, self._plan.learning_rate(self.step - 1, steps=self.steps)
                )
                here.epoch, here.losses, here.divergences = here.epoch + 1, [], []
                yield record

    def state(self) -> State:
        """Take the whole state, not to be written to while the run goes on."""
        tensors = {f"network.{k}": v for k, v in self._model.network.state_dict().items()}
        for number, values in self._optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": value for name, value in values.items()}
        on_processor = {name: tensor.cpu() for name, tensor in tensors.items()}
        return State(on_processor, asdict(self._position))

    def restore(self, state: State) -> None:
        """Go back to a state of a run with the same model, pictures and plan.

        Raises:
            KeyError, RuntimeError, TypeError: it is the state of another network.
        """
        network: dict[str, Tensor] = {}
        moments: dict[int, dict[str, Tensor]] = {}  # by number of the parameter
        for name, tensor in state.tensors.items():
            kind, rest = name.split(".", 1)
            if kind == "network":
                network[rest] = tensor
            else:
                number, moment = rest.split(".", 1)
                moments.setdefault(int(number), {})[moment] = tensor
        self._model.network.load_state_dict(network)
        for parameter, held in _paired(self._model.network, moments):
            # The fused step walks weights and moments side by side: both need one memory format.
            for name in held.keys() - {"step"}:
                held[name] = torch.empty_like(parameter).copy_(held[name])
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self._position = Position(**state.position)

    def _batches(self, epoch: int, first: int, ahead: ThreadPoolExecutor) -> Iterator[Tensor]:
        """Give an epoch's batches from the ``first`` on; the next one is cut during a step."""
        plan = self._plan
        order = dataset.order(len(self._pictures), seed=plan.seed, epoch=epoch)

        def cut(step: int) -> Tensor:
            chosen = order[step * plan.batch : (step + 1) * plan.batch].tolist()
            squares = [
                dataset.augmented(self._pictures, n, crop=plan.crop, seed=plan.seed, epoch=epoch)
                for n in self._group.part(chosen)
            ]
            planes = dataset.to_planes(squares)
            return planes.pin_memory() if self._device.type == "cuda" else planes

        coming = ahead.submit(cut, first)
        for step in range(first, self._steps_an_epoch):
            rgb = coming.result()
            if step + 1 < self._steps_an_epoch:
                coming = ahead.submit(cut, step + 1)
            yield rgb.to(self._device, non_blocking=True)

    def _take_step(self, rgb: Tensor) -> None:
        """Take one step with (N, 3, H, W) uint8 pictures, and note the losses before it."""
        lr = self._plan.learning_rate(self.step, steps=self.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        batch = self._encoder(rgb)
        with mixed_precision(self._device):
            output = self._network(batch.lightness)
        losses = self._model.recipe.loss(output, batch.target)
        # The loss is a mean weighted by class: a process's part weighs what its pixels weigh.
        mass = losses.mass
        sums = torch.stack([losses.rebalanced * mass, losses.divergence, mass]).detach()
        total, divergence, whole_mass = self._group.total(sums)
        loss = float(total / whole_mass)
        if not math.isfinite(loss):
            raise ModelError(f"loss is {loss} at step {self.step}, learning rate {lr:g}")
        self._optimiser.zero_grad()
        # Gradients are averaged over the processes; alone, the factor is exactly one.
        share = mass / whole_mass * self._group.size
        (losses.rebalanced * share).backward()
        self._optimiser.step()
        self._position.losses.append(loss)
        self._position.divergences.append(float(divergence) / self._group.size)


def _paired(
    network: nn.Module, moments: dict[int, dict[str, Tensor]]
) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Each parameter with what the optimiser holds of it; nothing before the first step."""
    return ((p, moments[number]) for number, p in enumerate(network.parameters()) if moments)
