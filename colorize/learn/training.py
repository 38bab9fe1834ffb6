"""The training loop: yields a record per epoch; does no I/O.

A run depends on its schedule, its pictures and its state alone: randomness is keyed by seed, epoch
and picture, or by seed and step, so that a state taken after any step leads to the same end.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any, TypeAlias

import torch
from numpy.random import SeedSequence
from torch import Tensor, nn
from torch.optim import Optimizer

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import ModelError
from colorize.learn import dataset
from colorize.learn.distributed import ALONE, Group
from colorize.learn.schedule import Schedule
from colorize.model import hints
from colorize.model.domains import Key, Mixture
from colorize.model.methods import Adversary, Settings, set_dropout
from colorize.model.targets import Encoder, Examples
from colorize.model.weights import Model

Losses: TypeAlias = Mapping[str, float]
"""Losses by name, as the method calls them."""


@dataclass(slots=True)
class Position:
    """How far a run has come: in the middle of an epoch, with the losses of its steps so far."""

    epoch: int = 1
    losses: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """A run between two of its steps: everything that it needs to resume as if never stopped."""

    tensors: dict[str, Tensor]
    position: dict[str, Any]


class Trainer:
    """Trains a model's network in place, step by step, by its recipe's method.

    Args:
        model: untrained, or as a restored state will find it; trained on the device it is on.
        pictures: the training split.
        quantiser: fitted on it.
        schedule: checked against the pictures here.
        mixture: of the domains; that of the model's own domains if not given.
        group: of the processes that train together; the batch is parted between them.
        adversary: of methods that have a critic.

    Raises:
        DataError: the pictures do not allow the schedule.
    """

    def __init__(
        self,
        model: Model,
        pictures: ShardReader,
        *,
        quantiser: Quantiser,
        schedule: Schedule,
        mixture: Mixture | None = None,
        group: Group = ALONE,
        adversary: Adversary = Adversary(),  # noqa: B008 - it is frozen
    ) -> None:
        schedule.check(pictures, model.recipe, processes=group.size)
        self._group = group
        self._pictures = pictures
        self._schedule = schedule
        self._mixture = mixture or Mixture(model.domains)
        self._apart = model.spec.norms > 1  # then a batch holds pages of one kind
        self._simulate = hints.simulate if model.spec.hints else model.recipe.simulate
        self._device = model.device
        self._encoder = Encoder(
            quantiser,
            head_stride=model.recipe.head_stride,
            channels=model.spec.channels,
            lightness=model.spec.lightness,
            classes=model.recipe.classifies,
        ).to(model.device)
        self._position = Position()
        self._steps_per_epoch = len(pictures) // schedule.batch
        model.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        set_dropout(model.network, schedule.dropout)
        decoding = model.temperature, model.offset(model.adjustment)
        settings = Settings(
            weight_decay=schedule.weight_decay,
            steps=self.steps,
            seed=schedule.seed,
            spec=model.spec,
            decode=lambda output: model.recipe.decode(output, model.centres, *decoding),
            enlarge=model.recipe.enlarge,
            adversary=adversary,
        )
        self._method = model.recipe.method(model.network, settings, group)

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self._schedule.epochs * self._steps_per_epoch

    @property
    def step(self) -> int:
        """Steps taken so far."""
        return (self._position.epoch - 1) * self._steps_per_epoch + len(self._position.losses)

    @property
    def ends_epoch(self) -> bool:
        """Whether the step just taken is the last one of its epoch."""
        return len(self._position.losses) == self._steps_per_epoch

    def epochs(self, *, on_step: Callable[[Losses], None]) -> Iterator[dict[str, float]]:
        """Train from the current step to the end of the run, pausing after each epoch.

        Args:
            on_step: called with the losses of each step; `state` may be taken there.

        Yields:
            A record after each epoch: its number, the means of the losses over its steps, and the
            last learning rate. The caller may use the network as it likes in between.

        Raises:
            ModelError: a loss is no longer a finite number, or the method sees no use in more.
        """
        here = self._position
        with ThreadPoolExecutor(max_workers=1) as ahead:
            while here.epoch <= self._schedule.epochs:
                for module in self._method.modules.values():
                    module.train()
                for examples in self._batches(here.epoch, len(here.losses), ahead):
                    self._take_step(examples)
                    on_step(here.losses[-1])
                means = {name: fmean(of[name] for of in here.losses) for name in here.losses[0]}
                self._method.check(means)
                lr = self._schedule.learning_rate(self.step - 1, steps=self.steps)
                record = {"epoch": here.epoch, **means, "lr": lr}
                here.epoch, here.losses = here.epoch + 1, []
                yield record

    def state(self) -> State:
        """Take the whole state, which is not to be written to while the run continues."""
        tensors = {
            f"module.{name}.{key}": tensor
            for name, module in self._method.modules.items()
            for key, tensor in module.state_dict().items()
        }
        numbers: dict[str, Any] = {}
        for name, optimiser in self._method.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                for key, value in moments.items():
                    kept = tensors if isinstance(value, Tensor) else numbers
                    kept[f"optimiser.{name}.{number}.{key}"] = value
        on_processor = {name: tensor.cpu() for name, tensor in tensors.items()}
        return State(on_processor, {**asdict(self._position), "numbers": numbers})

    def restore(self, state: State) -> None:
        """Return to a state of a run with the same model, pictures and schedule.

        Raises:
            ModelError: it is the state of other modules or optimisers. Nothing has changed then.
        """
        now = self.state()
        before = State({name: t.clone() for name, t in now.tensors.items()}, now.position)
        try:
            self._load(state)
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            self._load(before)
            raise ModelError(" ".join(str(error).split())) from None

    def _load(self, state: State) -> None:
        position = dict(state.position)
        by_module: dict[str, dict[str, Tensor]] = {name: {} for name in self._method.modules}
        by_optimiser: dict[str, dict[int, dict[str, Any]]] = {
            name: {} for name in self._method.optimisers
        }
        for name, value in {**state.tensors, **position.pop("numbers")}.items():
            kind, owner, rest = name.split(".", 2)
            if kind == "module":
                by_module[owner][rest] = value
            else:
                number, key = rest.split(".", 1)
                by_optimiser[owner].setdefault(int(number), {})[key] = value
        found = Position(**position)
        for name, module in self._method.modules.items():
            module.load_state_dict(by_module[name])
        for name, optimiser in self._method.optimisers.items():
            _load_optimiser(optimiser, by_optimiser[name])
        self._position = found

    def _batches(self, epoch: int, first: int, ahead: ThreadPoolExecutor) -> Iterator[Examples]:
        """Give an epoch's batches from the ``first`` on; the next one is made during a step."""
        schedule = self._schedule
        order = dataset.order(len(self._pictures), seed=schedule.seed, epoch=epoch)

        def make(step: int) -> Examples:
            chosen = order[step * schedule.batch : (step + 1) * schedule.batch].tolist()
            mixture = self._mixture
            if self._apart:
                mixture = mixture.alone(Key(schedule.seed, epoch, step))
            examples = Examples.of(
                [
                    dataset.example(
                        self._pictures,
                        number,
                        variation=schedule.variation,
                        key=Key(schedule.seed, epoch, number),
                        mixture=mixture,
                        simulate=self._simulate,
                    )
                    for number in self._group.part(chosen)
                ]
            )
            return examples.pin_memory() if self._device.type == "cuda" else examples

        coming = ahead.submit(make, first)
        for step in range(first, self._steps_per_epoch):
            examples = coming.result()
            if step + 1 < self._steps_per_epoch:
                coming = ahead.submit(make, step + 1)
            yield examples.to(self._device)

    def _take_step(self, examples: Examples) -> None:
        """Take one step, and note its losses."""
        lr = self._schedule.learning_rate(self.step, steps=self.steps)
        batch = self._encoder(examples)
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(_seed(self._schedule.seed, self.step, self._group.rank))
            losses = self._method.step(batch, lr, self.step)
        values = torch.stack([loss.detach().float() for loss in losses.values()]).tolist()
        found = dict(zip(losses, values, strict=True))
        for name, value in found.items():
            if not math.isfinite(value):
                raise ModelError(f"{name} is {value} at step {self.step}, learning rate {lr:g}")
        self._position.losses.append(found)


def _seed(*numbers: int) -> int:
    """Give a seed of torch's generators for each combination of numbers."""
    return int(SeedSequence(numbers).generate_state(1)[0])


def _load_optimiser(optimiser: Optimizer, moments: dict[int, dict[str, Any]]) -> None:
    """Give an optimiser what it held of each parameter, by the parameter's number.

    A tensor is either a scalar or of the parameter's shape, as those of PyTorch's Adam and SGD are.
    """
    parameters: list[nn.Parameter] = [p for g in optimiser.param_groups for p in g["params"]]
    for number, held in moments.items():
        parameter = parameters[number]
        for name, value in held.items():
            if not isinstance(value, Tensor) or value.ndim == 0:
                continue
            if value.shape != parameter.shape:
                raise ValueError(f"{name} of parameter {number} is of another shape")
            # A fused step walks weights and moments side by side: both need one memory format.
            held[name] = torch.empty_like(parameter).copy_(value)
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
