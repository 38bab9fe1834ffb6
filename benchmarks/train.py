"""A training step: this project's against the same network and loss in plain PyTorch.

The references compute eagerly, against dense targets that are given to them; ours starts from the
8-bit pictures. One reference computes in float32 on contiguous tensors. The other one has the two
lines that PyTorch's documentation advises: autocast to bfloat16, and channels-last tensors. All
take the same pictures from the same weights.

    python -m benchmarks.train [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import plain, report
from benchmarks.processes import CLOCK, CORES, Measured, in_a_process, now, peak_gib, run
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn import dataset
from colorize.learn.memory import keep_freed_memory
from colorize.learn.schedule import Schedule
from colorize.learn.training import Trainer
from colorize.model.domains import Key
from colorize.model.losses import soft_cross_entropy
from colorize.model.precision import CPU, describe, mixed_precision
from colorize.model.targets import Encoder, Examples, to_planes
from colorize.model.weights import Model


@dataclass(frozen=True, slots=True)
class Size:
    """A recipe's step.

    Attributes:
        recipe: by name.
        width: of the network.
        tone: whether it has a tone table.
        crop: side of the pictures, in pixels.
        batch: pictures a step.
    """

    recipe: str
    width: float
    tone: bool
    crop: int
    batch: int


SIZES = {
    "unet": Size("unet", 1.0, True, 192, 8),
    "eccv16, width 0.25": Size("eccv16", 0.25, False, 176, 8),
    "eccv16, width 1": Size("eccv16", 1.0, False, 256, 8),
}
DEFAULT = "unet"
LR = 1e-3
ROUNDS = 2
"""Turns of all ways, so that a busy moment of the machine does not hit one of them alone."""
REPEATS = 5
"""Steps of each way in a turn, after a first one; the fastest of all counts."""
BILLION, TRILLION = 1e9, 1e12


class Setting:
    """The pictures, the untrained model and the schedule of one size."""

    def __init__(self, root: Path, size: str) -> None:
        chosen = SIZES[size]
        self.pictures = ShardReader(root / "data" / "resized", "train")
        self.quantiser = Quantiser.load(root / "data" / "quantiser.npz")
        self.model = Model.build(
            chosen.recipe,
            width=chosen.width,
            centres=self.quantiser.table.centres,
            side=1,
            params={},
            seed=0,
            tones=self.quantiser.tones if chosen.tone else None,
        )
        self.encoder = Encoder(self.quantiser, head_stride=self.model.recipe.head_stride)
        self.schedule = Schedule(
            epochs=1,
            batch=chosen.batch,
            crop=chosen.crop,
            lr=LR,
            warmup=0,
            weight_decay=0.01,
            seed=0,
        )


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Time a piece of work that has been done once: the fastest of several."""
    work()
    taken = []
    for _ in range(repeats):
        start = now()
        work()
        taken.append(now() - start)
    return min(taken)


def plain_network(model: Model) -> nn.Module:
    """Write a model's network in plain PyTorch, with copies of its weights."""
    spec = model.spec
    network = plain.network(model.recipe.name, spec.bins, width=spec.width, tones=spec.tones)
    network.load_state_dict(model.network.state_dict())
    return network


def reference(setting: Setting, *, mixed: bool) -> Measured:
    """Measure a reference's step."""
    batch = setting.encoder(first_pictures(setting))
    n, h, w, _ = batch.target.indices.shape
    dense = torch.zeros(n, h, w, len(setting.quantiser.weights))
    dense.scatter_(-1, batch.target.indices, batch.target.weights)
    layout = torch.channels_last if mixed else torch.contiguous_format
    dense = dense.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    seen = batch.input.contiguous(memory_format=layout)
    network = plain_network(setting.model).to(memory_format=layout)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=LR)

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = plain.loss(network(seen), dense, batch.target.rebalance)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return loss.item()

    first = step()
    taken = seconds(step, REPEATS)
    return {"seconds": taken / n, "loss": first, "gib": peak_gib()}


def float32(setting: Setting) -> Measured:
    """Measure the step of plain PyTorch."""
    return reference(setting, mixed=False)


def autocast(setting: Setting) -> Measured:
    """Measure the step of plain PyTorch with autocast and channels-last."""
    return reference(setting, mixed=True)


def ours(setting: Setting) -> Measured:
    """Measure our steps as a run takes them, and what of one makes the batch."""
    keep_freed_memory()
    batch = setting.schedule.batch
    preparing = seconds(lambda: setting.encoder(first_pictures(setting)), REPEATS)
    losses, ends = losses_and_ends(setting, REPEATS + 2)
    taken = min(after - before for before, after in pairwise(ends[1:]))
    return {
        "seconds": taken / batch,
        "input": preparing / batch,
        "loss": losses[0],
        "gib": peak_gib(),
    }


def first_pictures(setting: Setting) -> Examples:
    """Cut the first batch of a run."""
    order = dataset.order(len(setting.pictures), seed=0, epoch=1)[: setting.schedule.batch]
    crop = setting.schedule.crop
    squares = [
        dataset.augmented(
            setting.pictures[n], {}, variation=dataset.Variation(crop=crop), key=Key(0, 1, n)
        )[0]
        for n in order.tolist()
    ]
    return Examples.grey(to_planes(squares))


class _Enough(Exception):  # noqa: N818 - it is no error
    pass


def losses_and_ends(setting: Setting, steps: int) -> tuple[list[float], list[float]]:
    """Train for some steps: the loss of each, and the time at which it was done."""
    losses: list[float] = []
    ends: list[float] = []

    def on_step(found: Mapping[str, float]) -> None:
        losses.append(found["loss"])
        ends.append(now())
        if len(ends) == steps:
            raise _Enough

    trainer = Trainer(
        setting.model, setting.pictures, quantiser=setting.quantiser, schedule=setting.schedule
    )
    with suppress(_Enough):
        list(trainer.epochs(on_step=on_step))
    return losses, ends


def _flop(setting: Setting) -> int:
    """Count the operations of a step, forward and backward."""
    network = deepcopy(setting.model.network)
    batch = setting.encoder(first_pictures(setting))
    with FlopCounterMode(display=False) as counter:
        loss: Tensor = soft_cross_entropy(network(batch.input), batch.target).rebalanced
        loss.backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


def convolutions(setting: Setting) -> Measured:
    """Find the best rate in FLOP/s of one bfloat16 convolution among those of the network.

    And the time that all of them take alone, forward and backward, each at its best.
    """
    keep_freed_memory()
    seen: list[tuple[nn.Conv2d | nn.ConvTranspose2d, Tensor]] = []

    def note(module: nn.Module, inputs: tuple[Tensor], _: Tensor) -> None:
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            seen.append((module, inputs[0]))

    flop = _flop(setting)
    network = setting.model.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for module in network.modules():
        module.register_forward_hook(note)
    with torch.no_grad(), mixed_precision():
        side = setting.schedule.crop
        network(torch.zeros(setting.schedule.batch, 1, side, side))
    first, *others = seen
    alone = [_alone(*first, with_input=False), *(_alone(*layer) for layer in others)]
    return {
        "rate": max(_rate(layer, x.shape) for layer, x in seen if isinstance(layer, nn.Conv2d)),
        "alone": sum(alone) / setting.schedule.batch,
        "flop": flop / setting.schedule.batch,
    }


def _alone(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, *, with_input: bool = True) -> float:
    """Time one layer of a step, forward and backward, perhaps to its input too. Seconds."""
    x = torch.randn_like(x, memory_format=torch.channels_last).requires_grad_(with_input)
    wanted = [*layer.parameters(), *([x] if with_input else [])]
    with mixed_precision():
        gradient = torch.randn_like(layer(x))

    def step() -> None:
        with mixed_precision():
            y = layer(x)
        torch.autograd.grad(y, wanted, gradient)

    return seconds(step, REPEATS)


@torch.no_grad()
def _rate(layer: nn.Conv2d, shape: torch.Size) -> float:
    like = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    x, weight = torch.randn(shape).to(**like), layer.weight.to(**like)  # type: ignore[call-overload]

    def convolve() -> Tensor:
        return functional.conv2d(x, weight, None, layer.stride, layer.padding, layer.dilation)

    flop = 2 * convolve().numel() * weight[0].numel()
    return float(flop / seconds(convolve, REPEATS))


WAYS = {"float32": float32, "autocast": autocast, "ours": ours, "convolutions": convolutions}


def measure(way: str, root: Path) -> Measured:
    """Measure ``<size>/<way>`` in this process."""
    size, _, name = way.partition("/")
    return WAYS[name](Setting(root, size))


def in_turns(root: Path, size: str) -> dict[str, Measured]:
    """Measure all ways in turns: what was smallest of each, but the largest rate."""
    found: dict[str, Measured] = {}
    for _ in range(ROUNDS):
        for way in WAYS:
            measured = in_a_process(__spec__.name, str(root), f"{size}/{way}")
            before = found.get(way, measured)
            found[way] = {
                name: (max if name == "rate" else min)(value, before[name])
                for name, value in measured.items()
            }
    return found


def main(root: Path) -> None:
    """Measure all sizes and write the section."""
    rows, said = [], []
    for size, chosen in SIZES.items():
        found = in_turns(root, size)
        slow, mixed, fast, bare = (found[way] for way in WAYS)
        rate = bare["flop"] / fast["seconds"]
        rows.append(
            {
                "step": f"{size}: {chosen.batch} pictures of {chosen.crop} pixels",
                "float32, ms a picture": f"{slow['seconds'] * 1e3:.1f}",
                "autocast and channels-last, ms": f"{mixed['seconds'] * 1e3:.1f}",
                "ours, ms": f"{fast['seconds'] * 1e3:.1f}",
                "of it input": f"{fast['input'] / fast['seconds']:.1%}",
                "convolutions alone, ms": f"{bare['alone'] * 1e3:.1f}",
                "peak memory of the three, GiB": ", ".join(
                    f"{way['gib']:.2f}" for way in (slow, mixed, fast)
                ),
                "GFLOP a picture": f"{bare['flop'] / BILLION:.1f}",
                "TFLOP/s": f"{rate / TRILLION:.2f}",
                "best convolution, TFLOP/s": f"{bare['rate'] / TRILLION:.2f}",
            }
        )
        said.append(
            f"- {size}: **{mixed['seconds'] / fast['seconds']:.2f} times as fast** as plain "
            f"PyTorch with autocast and channels-last "
            f"({slow['seconds'] / fast['seconds']:.2f} times as fast as float32); "
            f"{fast['seconds'] / bare['alone']:.2f} times as long as its "
            f"convolutions alone, each at its best; the losses of the first step are "
            f"{slow['loss']:.4f}, {mixed['loss']:.4f} and {fast['loss']:.4f}."
        )
    text = (
        f"On {CORES} cores, {describe(CPU).partition(', ')[2]}; {CLOCK}; the fastest of "
        f"{ROUNDS * REPEATS} steps each, in {ROUNDS} turn{'s' * (ROUNDS > 1)}. "
        "The references are given their batch, "
        f"ours is timed from the 8-bit pictures on.\n\n"
        f"{report.table(rows)}\n\n" + "\n".join(said)
    )
    report.write_section("A training step", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
