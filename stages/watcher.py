"""Shows a training on the terminal, and stops it on request."""

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Self

from stages import progress

STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Within this context Ctrl-C and SIGTERM ask to stop; the same one again insists."""

    def __init__(self) -> None:
        self._asked: set[int] = set()

    def stop_asked(self) -> bool:
        """Tell whether a signal has come."""
        return bool(self._asked)

    def __enter__(self) -> Self:
        self._before = {sign: signal.signal(sign, self._on_signal) for sign in STOPPING}
        return self

    def __exit__(self, *_: object) -> None:
        for sign, handler in self._before.items():
            signal.signal(sign, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number in self._asked:
            raise KeyboardInterrupt
        self._asked.add(number)


class Bar(StopSignals):
    """A progress bar with losses, rate and time left, a line an epoch, and an ear for signals."""

    def __init__(self, title: str, *, shown: bool = True) -> None:
        super().__init__()
        self._bar = progress(title, 0, shown=shown)
        self._shown = shown
        self._batch = 1

    def start(self, steps: int, *, batch: int) -> None:
        """Say how many steps there will be, and how many pictures in each."""
        self._batch = batch
        self._bar.reset(steps * batch)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._bar.close()

    def on_step(self, done: int, losses: Mapping[str, float] | None) -> None:
        """Move the bar to where the run is."""
        pictures = done * self._batch
        if losses is None:  # the rate is that of this process
            self._bar.initial = self._bar.n = self._bar.last_print_n = pictures
            self._bar.refresh()
        else:
            shown = {name: f"{loss:.3f}" for name, loss in losses.items()}
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(pictures - self._bar.n)

    def on_epoch(self, record: Mapping[str, float], *, is_kept: bool) -> None:
        """Write the scores; an asterisk marks the one to keep so far."""
        shown = ", ".join(f"{name} {value:.4g}" for name, value in record.items())
        self._bar.write(shown + (" *" if is_kept else ""))

    def warn(self, text: str) -> None:
        """Write a line of its own."""
        if self._shown:
            self._bar.write(f"train: {text}")
