"""Several processes that train as one: each takes a part of every batch, on one machine or many.

The batch stays the same for any number of processes, and so do its statistics and its loss: what a
process cannot know alone is summed over all of them.
"""

import atexit
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

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
        """This process's part of a batch: consecutive, as large as that of every other process."""
        each = len(numbers) // self.size
        return numbers[self.rank * each : (self.rank + 1) * each]

    def total(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def shared(self, module: nn.Module) -> nn.Module:
        """Wrap a module so that gradients are averaged and batch norms see the whole batch.

        Args:
            module: its batch norms are exchanged in place, sharing weights and statistics.

        Returns:
            What to call in training in place of ``module``: itself, where there is one process.
        """
        if self.size == 1:
            return module
        for parent in list(module.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.BatchNorm2d):
                    setattr(parent, name, _WholeBatchNorm2d(child, self.size))
        partial = any(getattr(child, "partial", False) for child in module.modules())
        return nn.parallel.DistributedDataParallel(
            module, forward_sync_buffers=False, find_unused_parameters=partial
        )

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


ALONE = Group()
"""Of one process."""


def join() -> Group:
    """Join the processes that ``torchrun`` started; a group of one where it did not.

    Tensors of a GPU are summed over nccl, those of the processor over gloo; each process takes the
    GPU of its own number on its machine.

    The group is left when the interpreter exits, and not before: a network that shares gradients
    must be gone by then. One that outlives its group ends the group's threads itself, with the
    interpreter's lock in hand, and hangs if a thread needs the lock to let go of its last tensor.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("cpu:gloo,cuda:nccl", timeout=TIMEOUT)
    else:
        dist.init_process_group("gloo", timeout=TIMEOUT)
    atexit.register(dist.destroy_process_group)
    return Group(dist.get_rank(), dist.get_world_size())


class _WholeBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the parts of all processes; PyTorch's own can do so on GPUs alone.

    Mean and variance are reduced one after the other: E[x^2] - E[x]^2 in one reduction cancels in
    float32 where the mean is large beside the deviation.
    """

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
        count = x.numel() // x.shape[1] * self._processes
        mean = _summed(wide.sum((0, 2, 3))) / count
        centred = wide - mean[:, None, None]
        variance = _summed(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            momentum = cast(float, self.momentum)
            cast(Tensor, self.running_mean).lerp_(mean, momentum)
            unbiased = variance * count / (count - 1)
            cast(Tensor, self.running_var).lerp_(unbiased, momentum)
            cast(Tensor, self.num_batches_tracked).add_(1)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normal: Tensor = centred * scale[:, None, None] + self.bias[:, None, None]
        return normal.to(x.dtype)


def _summed(values: Tensor) -> Tensor:
    """Sum over all processes, with a gradient."""
    return cast(Tensor, _SumOverProcesses.apply(values))  # type: ignore[no-untyped-call]


class _SumOverProcesses(torch.autograd.Function):
    """Sum a tensor over all processes; each one's gradient is the sum of everybody's."""

    @staticmethod
    def forward(ctx: FunctionCtx, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total
