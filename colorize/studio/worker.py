"""One thread that does what is asked for, urgent things first, from a queue of bounded length.

What people wait for is urgent; pages that are painted ahead are patient, and wait until nobody has
asked for anything urgent for a moment.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TypeVar, cast

from colorize.errors import ColorizeError

MAX_URGENT = 64
MAX_PATIENT = 20_000
"""Tasks that may wait; one of a key counts once."""

PAUSE = 1.0
"""Seconds after an urgent task in which no patient one begins."""

Made = TypeVar("Made")


class Busy(ColorizeError):  # noqa: N818 - not an error
    """The queue is full."""


class Worker:
    """Runs tasks one after another; ends with `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgent: OrderedDict[Hashable, tuple[Callable[[], object], Future[object]]]
        self._urgent = OrderedDict()
        self._patient = self._urgent.copy()
        self._last_urgent = 0.0
        self._closed = False
        self._running: Future[object] | None = None
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def submit(
        self, key: Hashable, work: Callable[[], Made], *, urgent: bool, pause: bool = True
    ) -> "Future[Made]":
        """Ask for a task.

        Args:
            key: of two tasks of one key that wait, the first one serves both.
            work: what to do; it looks at the state of things only when it runs.
            urgent: whether it comes before patient tasks.
            pause: whether somebody waits for it, so that patient tasks pause afterwards.

        Raises:
            Busy: too many wait already.
        """
        with self._changed:
            queue, most = (self._urgent, MAX_URGENT) if urgent else (self._patient, MAX_PATIENT)
            if key in self._urgent:
                task = self._urgent[key]
            elif key in self._patient:
                task = self._patient[key]
                if urgent:
                    self._urgent[key] = self._patient.pop(key)
            elif self._closed or len(queue) >= most:
                raise Busy("too much is waiting to be painted; try again in a moment")
            else:
                task = queue[key] = (work, Future())
            if urgent and pause:
                self._last_urgent = time.monotonic()
            self._changed.notify()
            return cast("Future[Made]", task[1])

    def close(self) -> None:
        """Let the task that runs end, and forget the others."""
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Forget all tasks, and take no more; who waits for the one that runs is let go."""
        with self._changed:
            self._closed = True
            if self._running is not None and not self._running.done():
                self._running.set_exception(Busy("the server stops"))
            for queue in (self._urgent, self._patient):
                while queue:
                    queue.popitem()[1][1].cancel()
            self._changed.notify()

    def _next(self) -> tuple[Callable[[], object], "Future[object]"] | None:
        with self._changed:
            while not self._closed:
                if self._urgent:
                    return self._urgent.popitem(last=False)[1]
                left = self._last_urgent + PAUSE - time.monotonic()
                if self._patient and left <= 0:
                    return self._patient.popitem(last=False)[1]
                self._changed.wait(left if self._patient else None)
            return None

    def _run(self) -> None:
        while (task := self._next()) is not None:
            work, future = task
            if not future.set_running_or_notify_cancel():
                continue
            self._running = future
            made, fault = _done(work)
            with self._changed:
                self._running = None
                if future.done():  # everybody was let go
                    continue
            if fault is None:
                future.set_result(made)
            else:
                future.set_exception(fault)


def _done(work: Callable[[], object]) -> tuple[object, BaseException | None]:
    """Do a task: what it gives, and what it raised."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        return None, error
