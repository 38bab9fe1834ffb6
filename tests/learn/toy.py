"""A method of two modules and two optimisers, on a network with a condition and dropout.

As a program it trains and writes the final state: ``python -m tests.learn.toy SHARDS SCRATCH OUT``.
With ``DIE_AT`` in the environment it kills itself in that step, between its two optimisers.
"""

import dataclasses
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn.checkpoint import Checkpoints
from colorize.learn.run import Run
from colorize.learn.schedule import Schedule
from colorize.learn.training import Losses, Trainer
from colorize.model import decode
from colorize.model.domains import Key, View
from colorize.model.methods import Processes, Settings, set_lr
from colorize.model.recipes import Recipe
from colorize.model.spec import Spec
from colorize.model.targets import Batch
from colorize.model.weights import Model

STRIDE = 4


class Network(nn.Module):
    """Gives ab of blocks, tinted by a colour that it is told, with dropout."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(spec.channels, 8, STRIDE, stride=STRIDE), nn.Dropout(0.3), nn.Tanh()
        )
        self.out = nn.Conv2d(8, 2, 1)
        self.told = nn.Linear(2, 2)

    def forward(self, pictures: Tensor, *, colour: Tensor) -> Tensor:
        tint: Tensor = self.told(colour / 100)[:, :, None, None]
        drawn: Tensor = self.out(self.layers(pictures / 100))
        return drawn + tint


class Adversarial:
    """A generator and a critic, in turns; the saved network is an average of the generator's."""

    def __init__(self, network: nn.Module, settings: Settings, processes: Processes) -> None:
        generator = Network(Spec(bins=1, width=1.0))
        generator.load_state_dict(network.state_dict())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            critic = nn.Sequential(nn.Conv2d(2, 8, 3), nn.LeakyReLU(), nn.Conv2d(8, 1, 3))
        self.modules: Mapping[str, nn.Module] = {
            "network": network,
            "generator": generator,
            "critic": critic,
        }
        self._generator, self._critic = processes.shared(generator), processes.shared(critic)
        adam = torch.optim.Adam(generator.parameters(), betas=(0.5, 0.999))
        sgd = torch.optim.SGD(critic.parameters(), momentum=0.9)
        self.optimisers: Mapping[str, Optimizer] = {"generator": adam, "critic": sgd}
        self.steps = 0

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        for optimiser in self.optimisers.values():
            set_lr(optimiser, lr)
        true = batch.target.ab / 100
        painted = self._generator(batch.input, **batch.conditions)
        critic = self._critic(painted.detach()).mean() - self._critic(true).mean()
        self.optimisers["critic"].zero_grad()
        critic.backward()
        self.optimisers["critic"].step()
        self.steps += 1
        if os.environ.get("DIE_AT") == str(self.steps):
            os.kill(os.getpid(), signal.SIGKILL)
        distance = (painted - true).abs().mean()
        generator = distance - 0.01 * self._critic(painted).mean()
        self.optimisers["generator"].zero_grad()
        generator.backward()
        self.optimisers["generator"].step()
        with torch.no_grad():
            pairs = zip(
                self.modules["network"].parameters(),
                self.modules["generator"].parameters(),
                strict=True,
            )
            for average, trained in pairs:
                average.lerp_(trained, 0.1)
        return {"generator": generator, "critic": critic, "distance": distance}

    def check(self, means: Mapping[str, float]) -> None: ...


def told(view: View, key: Key) -> View:
    """Tell the network a colour for the whole picture."""
    colour = key.random(7).normal(0, 30, 2).astype(np.float32)
    return dataclasses.replace(view, conditions={**view.conditions, "colour": colour})


RECIPE = Recipe(
    name="toy",
    network=Network,
    method=Adversarial,
    decode=lambda output, *_: 100 * output.float(),
    enlarge=lambda ab, lightness: decode.enlarge(ab, lightness.shape[2:]),
    toned=lambda shares, centres: shares @ centres.to(shares.dtype) / 100,
    classifies=False,
    head_stride=STRIDE,
    side_multiple=STRIDE,
    simulate=told,
)


def model() -> Model:
    """An untrained one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Network(Spec(bins=1, width=1.0))
    built = Model.build("eccv16", width=0.125, centres=bin_centres(20), side=32, params={}, seed=0)
    return dataclasses.replace(built, network=network, recipe=RECIPE)


def trainer(shards: Path, built: Model, *, epochs: int = 3) -> Trainer:
    """A trainer of the toy on a folder of shards, four pictures a step."""
    table = NeighbourTable.fit(bin_centres(20))
    counts = np.ones(len(table.centres), np.int64)
    quantiser = Quantiser.fit(counts, table, step=20, sigma=5.0, prior_sigma=5.0, mix=1.0)
    schedule = Schedule(
        epochs=epochs, batch=4, crop=24, lr=0.05, warmup=0.0, weight_decay=0.0, seed=0
    )
    return Trainer(built, ShardReader(shards, "train"), quantiser=quantiser, schedule=schedule)


class Silent:
    """A watcher that says nothing and never stops."""

    def on_step(self, done: int, losses: Losses | None) -> None: ...

    def on_epoch(self, record: Mapping[str, float], *, is_kept: bool) -> None: ...

    def warn(self, text: str) -> None: ...

    def stop_asked(self) -> bool:
        return False


def main(shards: Path, scratch: Path, out: Path) -> None:
    """Train to the end, from where a killed one left off."""
    built = model()
    trained = trainer(shards, built)
    history = Run(
        model=built,
        trainer=trained,
        checkpoints=Checkpoints(scratch, every=1),
        validation=lambda: {"psnr": 1.0},
        select="psnr",
        patience=0,
        watcher=Silent(),
    ).to_the_end()
    state = trained.state()
    metadata = {"run": repr((history, state.position))}  # several keys would have no order
    tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
    out.write_bytes(safetensors.torch.save(tensors, metadata))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
