"""A whole run: train, validate, keep the best or the last epoch, save states, stop and resume."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from colorize.errors import Interrupted, ModelError
from colorize.learn.checkpoint import Checkpoints, History
from colorize.learn.distributed import ALONE, Group
from colorize.learn.training import Losses, Trainer
from colorize.metrics.scores import SCORES, Criterion
from colorize.model.weights import Model

Keep: TypeAlias = Literal["best", "last"]


class Watcher(Protocol):
    """Who is told of a run: a terminal, or a test."""

    def on_step(self, done: int, losses: Losses | None) -> None:
        """Hear of a step, or, without losses, where a resumed run starts."""

    def on_epoch(self, record: Mapping[str, float], *, is_kept: bool) -> None:
        """Hear of an epoch's record."""

    def warn(self, text: str) -> None:
        """Hear of something odd that does not stop the run."""

    def stop_asked(self) -> bool:
        """Say whether the run should save its state and stop."""


@dataclass(kw_only=True)
class Run:
    """Training with validation, checkpoints and early stopping.

    Attributes:
        model: that the trainer trains.
        trainer: at its beginning; resumes from the latest checkpoint where there is one.
        checkpoints: locked by the caller; ``kept`` and ``one_epoch`` are there afterwards.
        validation: scores the model as it is, `select` among the scores.
        select: which of the scores chooses the best epoch.
        keep: which epoch's model is kept: the ``best`` or the ``last`` one.
        patience: epochs without a better one after which to stop; 0 never stops early.
        watcher: is told, and may ask to stop.
        group: of the processes that train together; the first one alone measures and writes.
        history: a record for each epoch: means of the training, then ``val_`` scores.
    """

    model: Model
    trainer: Trainer
    checkpoints: Checkpoints
    validation: Callable[[], Mapping[str, float]]
    select: Criterion
    keep: Keep = "best"
    patience: int
    watcher: Watcher
    group: Group = ALONE
    history: History = field(default_factory=list)

    def to_the_end(self) -> History:
        """Train to the end of the schedule, or until it no longer gets better.

        Raises:
            Interrupted: the watcher asked; the state is saved.
            ModelError: a loss is no longer a finite number; names the last good checkpoint.
        """
        self._resume()
        try:
            if not self._is_stale():
                for record in self.trainer.epochs(on_step=self._on_step):
                    if self.group.leads:
                        self._measure(record)
                    self.history = self.group.share(self.history)
                    if self._is_stale():
                        break
        except ModelError as error:
            last = self.checkpoints.latest() or "none"
            raise ModelError(f"{error}; last good checkpoint: {last}") from None
        return self.history

    def _resume(self) -> None:
        """Resume from the first process's latest state; the others may be on other machines."""
        state = None
        if self.group.leads:
            self.history = self.checkpoints.resume(self.trainer, on_damage=self.watcher.warn)
            state = self.trainer.state() if self.trainer.step else None
        self.history, state = self.group.share((self.history, state))
        if state and not self.group.leads:
            self.trainer.restore(state)
        self.watcher.on_step(self.trainer.step, None)

    def _on_step(self, losses: Losses) -> None:
        self.watcher.on_step(self.trainer.step, losses)
        stop = self.group.any(self.watcher.stop_asked())
        due = self.checkpoints.is_due(self.trainer.step) and not self.trainer.ends_epoch
        if self.group.leads and (stop or due):  # an epoch's end is saved with its scores
            self.checkpoints.save(self.trainer, self.history)
        if stop:
            raise Interrupted(f"stopped after step {self.trainer.step}; run it again to resume")

    def _measure(self, record: Mapping[str, float]) -> None:
        scores = {f"val_{name}": value for name, value in self.validation().items()}
        self.history.append({**record, **scores})
        is_kept = kept(self.history, self.select, self.keep) == len(self.history) - 1
        if is_kept:
            self.model.save(self.checkpoints.kept)
        if len(self.history) == 1:
            self.model.save(self.checkpoints.one_epoch)
        self.checkpoints.save(self.trainer, self.history)
        self.watcher.on_epoch(self.history[-1], is_kept=is_kept)

    def _is_stale(self) -> bool:
        if not self.patience or not self.history:
            return False
        return len(self.history) - 1 - best_of(self.history, self.select) >= self.patience


def kept(history: Sequence[Mapping[str, float]], select: Criterion, keep: Keep) -> int:
    """Find the place in a history of the epoch whose model is kept."""
    return best_of(history, select) if keep == "best" else len(history) - 1


def best_of(history: Sequence[Mapping[str, float]], select: Criterion) -> int:
    """Find the place in a history of the best ``val_<select>``: the first of equal ones."""
    return SCORES[select].best([record[f"val_{select}"] for record in history])
