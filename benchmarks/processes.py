"""Each way that is measured runs in a process of its own, so that its peak of memory is its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CORES = 2

Measured = dict[str, float]


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
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[1]))))
    else:
        main(Path(*sys.argv[1:]))
