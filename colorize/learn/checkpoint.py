"""Checkpoints: a run that was killed resumes, and ends with the same bytes as an unbroken one.

They are scratch, not output: one folder for each fingerprint of params and inputs, so that no run
resumes from the state of another one.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import safetensors
import safetensors.torch
import torch

from colorize import files, provenance
from colorize.data.shards import ShardReader
from colorize.errors import DataError, ModelError
from colorize.learn.distributed import ALONE, Group
from colorize.learn.training import State, Trainer

History: TypeAlias = list[dict[str, float]]
"""A record for each epoch."""

CODE = (__package__, "colorize.judge.validation")
"""What trains, and what scores the epochs, of which one is chosen."""

SAMPLED = 100
"""Pictures of each split that a fingerprint is taken of."""

KEPT = 2
"""Checkpoints that stay: should the last one be damaged, there is the one before it."""

_METADATA_KEY = "colorize"


def fingerprint(params: dict[str, Any], *read: Path, pictures: Iterable[ShardReader]) -> str:
    """Name a run by everything that it depends on.

    Args:
        params: all values of the run.
        read: small inputs, taken in full. The quantiser is one: it holds a count of the colours of
            all training pictures.
        pictures: the splits; some of their pictures are taken, evenly spread.

    Returns:
        16 hex digits of the inputs, a hyphen, and 16 of the code that trains and scores epochs.
    """
    digest = hashlib.sha256(json.dumps([torch.__version__, params], sort_keys=True).encode())
    for path in read:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for split in pictures:
        digest.update(len(split).to_bytes(8))
        for number in range(0, len(split), -(-len(split) // SAMPLED)):
            digest.update(split[number].tobytes())
    return f"{digest.hexdigest()[:16]}-{provenance.digest(*CODE)}"


class Checkpoints:
    """The checkpoints of one run.

    Attributes:
        kept: file in which the caller keeps the model of the best or the last epoch so far.
        one_epoch: file in which the caller keeps the model after the first epoch.

    Args:
        folder: of this run alone, named by its fingerprint.
        every: steps from one checkpoint to the next.
    """

    def __init__(self, folder: Path, *, every: int) -> None:
        self._folder = folder
        self._every = every
        self.kept = folder / "kept.safetensors"
        self.one_epoch = folder / "one_epoch.safetensors"

    @contextmanager
    def locked(self, group: Group = ALONE) -> Iterator[None]:
        """Hold the run: a second trainer of the same run, perhaps an orphan, would write into it.

        Args:
            group: of processes that train together; the first one holds for all.

        Raises:
            DataError: somebody else holds it.
        """
        if not group.leads:
            self._folder.mkdir(parents=True, exist_ok=True)
            yield
            return
        message = f"another process trains this very run in {self._folder}: wait for it, or end it"
        with files.locked(self._folder, message):
            self._folder.mkdir(exist_ok=True)
            files.sweep(self._folder)
            yield

    def of_other_code(self) -> Path | None:
        """Find the states of the same run that other code has left, where this one has none."""
        inputs = self._folder.name.partition("-")[0]
        if self._paths():
            return None
        others = self._folder.parent.glob(f"{inputs}-*/step-*.safetensors")
        return max((path.parent for path in others), default=None)

    def resume(self, trainer: Trainer, *, on_damage: Callable[[str], None]) -> History:
        """Bring a trainer to the latest usable state, where there is one.

        Args:
            trainer: at its beginning, where it stays if no state can be used.
            on_damage: told of each checkpoint that cannot be used.

        Returns:
            The history that was saved with the state; empty at the beginning.
        """
        for path in reversed(self._paths()):
            try:
                with safetensors.safe_open(path, framework="pt") as file:
                    saved = json.loads(file.metadata()[_METADATA_KEY])
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                trainer.restore(State(tensors, saved["position"]))
            except (
                safetensors.SafetensorError,
                KeyError,
                ModelError,
                RuntimeError,
                TypeError,
                ValueError,
            ) as error:
                on_damage(f"checkpoint {path} cannot be used ({error}): taking the one before it")
                path.unlink()
                continue
            history: History = saved["history"]
            return history
        return []

    def is_due(self, step: int) -> bool:
        """Tell whether a checkpoint should follow this step."""
        return step % self._every == 0

    def save(self, trainer: Trainer, history: History) -> None:
        """Write a checkpoint atomically, then delete the oldest ones."""
        state = trainer.state()
        saved = json.dumps({"position": state.position, "history": history})
        tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
        content = safetensors.torch.save(tensors, {_METADATA_KEY: saved})
        files.write_bytes(self._folder / f"step-{trainer.step:09}.safetensors", content)
        for path in self._paths()[:-KEPT]:
            path.unlink()

    def latest(self) -> Path | None:
        """Path of the newest checkpoint."""
        paths = self._paths()
        return paths[-1] if paths else None

    def clear(self) -> None:
        """Remove everything: the run has ended and its outputs are written.

        What other code has left of the same run is removed too, unless a process holds it.
        """
        files.remove_folder(self._folder)
        for other in self._folder.parent.glob(f"{self._folder.name.partition('-')[0]}-*"):
            with suppress(DataError), files.locked(other, "in use"):
                files.remove_folder(other)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("step-*.safetensors"))
