"""Each way that is measured runs in a process of its own, so that its peak of memory is its own."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

CORES = 2

Measured = dict[str, float]

SHARED = os.environ.get("BENCH_CLOCK") == "processor"
"""Whether to measure processor time, all threads together, because others use the machine too."""

now: Callable[[], float] = time.process_time if SHARED else time.perf_counter
"""Seconds."""

CLOCK = "processor time of all threads, on a shared machine" if SHARED else "time by the clock"
"""What `now` measures, in words."""


def in_a_process(module: str, *arguments: str, **environment: str) -> Measured:
    """Run ``python -m module arguments`` on `CORES` cores, and read the numbers it prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", module, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": str(CORES), **environment},
    )
    measured: Measured = json.loads(done.stdout)
    return measured


def run(main: Callable[[Path], None], measure: Callable[[str, Path], Measured]) -> None:
    """Be the program: ``[ROOT]`` measures everything, ``ROOT WAY`` one way in this process."""
    if len(sys.argv) > 2:
        keep_to(CORES)
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[1]))))
    else:
        main(Path(*sys.argv[1:]))


def keep_to(cores: int) -> None:
    """Keep this process to its first few cores, on systems that can; macOS cannot."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(sorted(process.cpu_affinity())[:cores])


def peak_gib() -> float:
    """The most memory that this process has held, in GiB."""
    if platform.system() == "Windows":
        return float(psutil.Process().memory_info().peak_wset) / 2**30
    import resource

    unit = 1 if platform.system() == "Darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def held_gib(process: psutil.Process) -> float:
    """Memory that a process holds now, in GiB: on Linux without the files that it maps."""
    info = process.memory_info()
    return float(info.rss - getattr(info, "shared", 0)) / 2**30
