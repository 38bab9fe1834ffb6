"""A whole run: train, validate, keep the best epoch, save states, stop when asked, go on later."""

from collections.abc import Callable, Mapping
from typing import Protocol

from colorize.errors import Interrupted, ModelError
from colorize.learn.checkpoint import History, Store
from colorize.learn.training import Trainer
from colorize.learn.validation import Criterion, best_of
from colorize.model.weights import Model


class Watcher(Protocol):
    """Who looks on: a terminal, or a test."""

    def on_step(self, done: int, loss: float | None) -> None:
        """Hear of a step, or, without a loss, where a resumed run starts."""

    def on_epoch(self, record: Mapping[str, float], *, is_best: bool) -> None:
        """Hear of an epoch's scores."""

    def warn(self, text: str) -> None:
        """Hear of something odd that does not stop the run."""

    def stop_asked(self) -> bool:
        """Say whether the run should save its state and stop."""


def fit(
    model: Model,
    trainer: Trainer,
    store: Store,
    *,
    validation: Callable[[], Mapping[Criterion, float]],
    select: Criterion,
    patience: int,
    watcher: Watcher,
) -> History:
    """Train to the end of the plan, or until it no longer gets better.

    Args:
        model: that the trainer trains.
        trainer: at its beginning; goes on from the store's latest state where there is one.
        store: locked by the caller; its ``best`` holds the model of the best epoch afterwards.
        validation: measures the model as it is.
        select: which of the scores chooses the best epoch.
        patience: epochs without a better one after which to stop; 0 never stops early.
        watcher: is told, and may ask to stop.

    Returns:
        A record for each epoch: means of the training, then ``val_`` scores.

    Raises:
        Interrupted: the watcher asked; the state is saved.
        ModelError: the loss is no longer a finite number; names the last good checkpoint.
    """
    history = store.resume(trainer, on_damage=watcher.warn)
    watcher.on_step(trainer.step, None)

    def on_step(loss: float) -> None:
        watcher.on_step(trainer.step, loss)
        stop = watcher.stop_asked()
        if stop or store.is_due(trainer.step):
            store.save(trainer, history)
        if stop:
            raise Interrupted(f"stopped after step {trainer.step}; run it again to go on")

    def is_stale() -> bool:
        return patience > 0 and len(history) - 1 - best_of(history, select) >= patience

    try:
        if history and is_stale():
            return history
        for epoch in trainer.epochs(on_step=on_step):
            scores = {f"val_{name}": value for name, value in validation().items()}
            history.append(epoch.as_record() | scores)
            is_best = best_of(history, select) == len(history) - 1
            if is_best:
                model.save(store.best)
            store.save(trainer, history)
            watcher.on_epoch(history[-1], is_best=is_best)
            if is_stale():
                break
    except ModelError as error:
        raise ModelError(f"{error}; last good checkpoint: {store.latest() or 'none'}") from None
    return history
