"""Several processes that train as one: each takes a part of every batch, on one machine or many.

The batch stays the same for any number of processes, and so do its statistics and its loss: what a
process cannot know alone is summed over all of them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others, who may be waiting for the first one's validation."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group:
    """This process among those that train together.

    Attributes:
        rank: from 0; the first one alone writes and shows.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and shows."""
        return self.rank == 0

    def part(self, numbers: list[int]) -> list[int]:
        """This process's part of a batch: consecutive, and as large as everybody's."""
        each = len(numbers) // self.size
        return numbers[self.rank * each : (self.rank + 1) * each]

    def total(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def any(self, vote: bool) -> bool:
        """Tell whether some process votes yes; all must ask."""
        return bool(self.total(torch.tensor(float(vote))))

    def share(self, value: T) -> T:
        """Give everybody what the first process has."""
        if self.size == 1:
            return value
        held = [value]
        dist.broadcast_object_list(held, src=0)
        return held[0]


@contextmanager
def joined() -> Iterator[Group]:
    """Join the processes that ``torchrun`` started; a group of one where it did not."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Group()
        return
    dist.init_process_group("gloo", timeout=TIMEOUT)
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def shared(network: nn.Module, group: Group) -> nn.Module:
    """Wrap a network so that gradients are averaged and batch norms see the whole batch.

    Args:
        network: its batch norms are exchanged in place, sharing weights and statistics.
        group: of more than one process.

    Returns:
        What to call in training in place of ``network``.
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, _WholeBatchNorm2d(child, group.size))
    return nn.parallel.DistributedDataParallel(network, broadcast_buffers=False)


class _WholeBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the parts of all processes; PyTorch's own can do so on GPUs alone."""

    def __init__(self, like: nn.BatchNorm2d, processes: int) -> None:
        super().__init__(like.num_features, eps=like.eps, momentum=like.momentum)
        self.weight, self.bias = like.weight, like.bias
        self.running_mean, self.running_var = like.running_mean, like.running_var
        self.num_batches_tracked = like.num_batches_tracked
        self._processes = processes

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W) by the mean and variance of the whole batch."""
        if not self.training:
            return super().forward(x)
        wide = x.float()
        sums = torch.stack([wide.sum((0, 2, 3)), (wide * wide).sum((0, 2, 3))])  # (2, C)
        count = x.numel() // x.shape[1] * self._processes
        mean, square = all_reduce(sums) / count  # type: ignore[no-untyped-call]
        variance = square - mean * mean
        with torch.no_grad():
            momentum = cast(float, self.momentum)
            cast(Tensor, self.running_mean).lerp_(mean, momentum)
            unbiased = variance * count / (count - 1)
            cast(Tensor, self.running_var).lerp_(unbiased, momentum)
            cast(Tensor, self.num_batches_tracked).add_(1)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        normal: Tensor = wide * scale[:, None, None] + shift[:, None, None]
        return normal.to(x.dtype)
