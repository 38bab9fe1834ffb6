"""A Dask scheduler and its workers, as processes on this machine."""

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.imports import ROOT

_LACKING = "import sys; sys.modules['colorize'] = None; "
_RUN = "from distributed.cli.dask_{kind} import main; main(sys.argv[1:])"
START_S = 60


class Cluster:
    """Use it as a context manager; everything that it has started ends with it.

    Args:
        folder: for logs.
        workers: how many to start at once.
    """

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder = folder
        self._count = workers
        self._stack = ExitStack()
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._said(scheduler, r"Scheduler at:\s+(tcp://\S+)")
        started = [self._start("worker", *self._worker()) for _ in range(self._count)]
        for log in started:
            self._said(log, r"Registered to:\s+(tcp://\S+)")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "COLORIZE_BACKEND": "dask",
            "DASK_SCHEDULER_ADDRESS": self.address,
            "COLORIZE_TASK_TIMEOUT": "60",
        }

    def add_worker_without_the_package(self) -> None:
        log = self._start("worker", *self._worker(), lacking=True)
        self._said(log, r"Registered to:\s+(tcp://\S+)")

    def kill_workers(self, count: int) -> None:
        for process in self.processes[1 : 1 + count]:
            process.kill()

    def _worker(self) -> list[str]:
        return [self.address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1"]

    def _start(self, kind: str, *options: str, lacking: bool = False) -> Path:
        log = self._folder / f"{kind}-{len(self.processes)}.log"
        code = (_LACKING if lacking else "import sys; ") + _RUN.format(kind=kind)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *options, "--no-dashboard"],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=self._stack.enter_context(log.open("wb")),
        )
        self._stack.callback(_end, process)
        self.processes.append(process)
        return log

    def _said(self, log: Path, pattern: str) -> str:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            found = re.search(pattern, log.read_text("utf-8"))
            if found:
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"{log} never said {pattern}: {log.read_text('utf-8')}")


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait(timeout=30)
