"""A training step: this project's against the same network and loss in plain PyTorch.

The reference computes in float32, eagerly, on contiguous tensors, against dense targets that are
given to it; ours starts from the 8-bit pictures. Both take the same pictures from the same weights.

    python -m benchmarks.train [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import report
from benchmarks.processes import CORES, Measured, in_a_process, run
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.learn import dataset
from colorize.learn.memory import keep_freed_memory
from colorize.learn.schedule import Schedule
from colorize.learn.training import Trainer
from colorize.model.domains import Key
from colorize.model.losses import soft_cross_entropy
from colorize.model.networks.activation import Relu
from colorize.model.networks.eccv16 import Eccv16
from colorize.model.precision import CPU, describe, mixed_precision
from colorize.model.targets import Batch, Encoder, Examples, to_planes
from colorize.model.weights import Model

SIZES = {"width 1": (1.0, 256, 16), "the default width": (0.25, 176, 8)}
"""Width, side of the crop in pixels, and pictures a step."""
LR = 1e-3
REPEATS = {"reference": 3, "ours": 8}
BILLION, TRILLION = 1e9, 1e12


class Setting:
    """The pictures, the untrained model and the plan of one size."""

    def __init__(self, root: Path, size: str) -> None:
        width, crop, batch = SIZES[size]
        self.pictures = ShardReader(root / "data" / "resized", "train")
        self.quantiser = Quantiser.load(root / "data" / "quantiser.npz")
        centres = self.quantiser.table.centres
        self.model = Model.build("eccv16", width=width, centres=centres, side=1, params={}, seed=0)
        self.encoder = Encoder(self.quantiser, head_stride=self.model.recipe.head_stride)
        self.schedule = Schedule(
            epochs=1, batch=batch, crop=crop, lr=LR, warmup=0, weight_decay=0.01, seed=0
        )


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Time a piece of work that has been done once: the fastest of several."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def plain(network: Eccv16) -> nn.Sequential:
    """Rebuild a network of PyTorch's own modules, contiguous, with copies of its weights."""
    layers = [
        nn.ReLU(inplace=True) if isinstance(layer, Relu) else deepcopy(layer)
        for layer in (*network.trunk, network.head)
    ]
    first = cast(nn.Conv2d, layers[0])
    layers[0] = nn.Conv2d(1, first.out_channels, 3, padding=1)
    layers[0].load_state_dict(first.state_dict())
    return nn.Sequential(*layers)


def plain_step(
    network: nn.Module, optimiser: torch.optim.Optimizer, batch: Batch, dense: Tensor
) -> float:
    """Take the reference's step and give its loss."""
    logits = network((batch.input - 50) / 100)
    by_pixel = -(dense * functional.log_softmax(logits, dim=1)).sum(1)
    rebalance = batch.target.rebalance
    loss = (by_pixel * rebalance).sum() / rebalance.sum()
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return loss.item()


def first_pictures(setting: Setting) -> Examples:
    """Cut the first batch of a run."""
    order = dataset.order(len(setting.pictures), seed=0, epoch=1)[: setting.schedule.batch]
    crop = setting.schedule.crop
    squares = [
        dataset.augmented(setting.pictures[n], {}, crop=crop, key=Key(0, 1, n))[0]
        for n in order.tolist()
    ]
    return Examples.grey(to_planes(squares))


def reference(setting: Setting) -> Measured:
    """Measure the reference's step."""
    batch = setting.encoder(first_pictures(setting))
    n, h, w, _ = batch.target.indices.shape
    dense = torch.zeros(n, h, w, len(setting.quantiser.weights))
    dense.scatter_(-1, batch.target.indices, batch.target.weights)
    dense = dense.permute(0, 3, 1, 2).contiguous()
    network = plain(cast(Eccv16, setting.model.network))
    optimiser = torch.optim.AdamW(network.parameters(), lr=LR)
    first = plain_step(network, optimiser, batch, dense)
    taken = seconds(lambda: plain_step(network, optimiser, batch, dense), REPEATS["reference"])
    return {"seconds": taken / n, "loss": first}


def ours(setting: Setting) -> Measured:
    """Measure our steps as a run takes them, and what of one makes the batch."""
    keep_freed_memory()
    batch = setting.schedule.batch
    preparing = seconds(lambda: setting.encoder(first_pictures(setting)), REPEATS["ours"])
    flop = _flop(setting)
    losses, ends = losses_and_ends(setting, REPEATS["ours"] + 1)
    taken = min(after - before for before, after in pairwise(ends))
    return {
        "seconds": taken / batch,
        "input": preparing / batch,
        "loss": losses[0],
        "flop": flop / batch,
    }


class _Enough(Exception):  # noqa: N818 - it is no error
    pass


def losses_and_ends(setting: Setting, steps: int) -> tuple[list[float], list[float]]:
    """Train for some steps: the loss of each, and the time at which it was done."""
    losses: list[float] = []
    ends: list[float] = []

    def on_step(found: Mapping[str, float]) -> None:
        losses.append(found["loss"])
        ends.append(time.perf_counter())
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

    return seconds(step, REPEATS["ours"])


@torch.no_grad()
def _rate(layer: nn.Conv2d, shape: torch.Size) -> float:
    like = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    x, weight = torch.randn(shape).to(**like), layer.weight.to(**like)  # type: ignore[call-overload]

    def convolve() -> Tensor:
        return functional.conv2d(x, weight, None, layer.stride, layer.padding, layer.dilation)

    flop = 2 * convolve().numel() * weight[0].numel()
    return float(flop / seconds(convolve, REPEATS["ours"]))


WAYS = {"reference": reference, "ours": ours, "convolutions": convolutions}


def measure(way: str, root: Path) -> Measured:
    """Measure ``<size>/<way>`` in this process."""
    size, _, name = way.partition("/")
    return WAYS[name](Setting(root, size))


def main(root: Path) -> None:
    """Measure both sizes and write the section."""
    rows, said = [], []
    for size, (width, crop, batch) in SIZES.items():
        found = {way: in_a_process(__spec__.name, str(root), f"{size}/{way}") for way in WAYS}
        slow, fast = found["reference"], found["ours"]
        rate = fast["flop"] / fast["seconds"]
        alone = found["convolutions"]["alone"]
        rows.append(
            {
                "step": f"{size}: {width:g}, {crop} pixels, {batch} pictures",
                "reference, ms a picture": f"{slow['seconds'] * 1e3:.1f}",
                "ours, ms a picture": f"{fast['seconds'] * 1e3:.1f}",
                "of it input": f"{fast['input'] / fast['seconds']:.1%}",
                "GFLOP a picture": f"{fast['flop'] / BILLION:.1f}",
                "TFLOP/s": f"{rate / TRILLION:.2f}",
                "best convolution, TFLOP/s": f"{found['convolutions']['rate'] / TRILLION:.2f}",
                "convolutions alone, ms a picture": f"{alone * 1e3:.1f}",
            }
        )
        said.append(
            f"At {size} **{slow['seconds'] / fast['seconds']:.1f} times as fast** as the "
            f"reference, at **{rate / found['convolutions']['rate']:.0%}** of the rate of the "
            f"network's fastest bfloat16 convolution; its convolutions alone, each at its best, "
            f"would be at {fast['flop'] / alone / found['convolutions']['rate']:.0%}, and the step "
            f"takes {fast['seconds'] / alone:.2f} times as long; the losses of the first step are "
            f"{slow['loss']:.4f} and {fast['loss']:.4f}."
        )
    text = (
        f"On {CORES} cores, {describe(CPU).partition(', ')[2]}; the fastest of "
        f"{REPEATS['reference']} steps of the reference and {REPEATS['ours']} of ours. The "
        f"reference is given its batch, ours is timed from the 8-bit pictures on.\n\n"
        f"{report.table(rows)}\n\n" + " ".join(said)
    )
    report.write_section("A training step", text)
    print(text)


if __name__ == "__main__":
    run(main, measure)
