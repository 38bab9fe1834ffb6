"""Runs a stage as a program of its own, against a double: ``python driver.py API CDN CA [SPEED]``.

This is how a process that a test kills, or that DVC starts, gets the profile of the double; the
stages themselves know the real sites alone. Time runs SPEED times as fast.
"""

import sys
import time
from functools import partial
from pathlib import Path

from colorize.sources.boards.danbooru import Danbooru
from colorize.sources.boards.limits import Clock
from colorize.sources.boards.site import Site
from stages import fetch, run


def clock(speed: float) -> Clock:
    """Make a clock that runs fast."""
    return Clock(
        now=lambda: time.monotonic() * speed, sleep=lambda seconds: time.sleep(seconds / speed)
    )


if __name__ == "__main__":
    api, cdn, ca, speed = sys.argv[1:5]
    site = Site(
        name="danbooru",
        api=api,
        files=(cdn,),
        ca=Path(ca),
        clock=clock(float(speed)),
        read_s=20.0,
        deadline_s=30.0,
    )
    board = Danbooru(site)
    sources = {**fetch.SOURCES, "danbooru": partial(fetch.from_board, board)}
    run(partial(fetch.main, sources=sources))
    # Not getrusage, whose peak a child inherits from the process that started it.
    status = Path("/proc/self/status").read_text("utf-8")
    print(*(line for line in status.splitlines() if line.startswith("VmHWM")), file=sys.stderr)
