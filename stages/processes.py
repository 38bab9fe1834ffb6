"""Training as several processes: ``COLORIZE_NPROC`` of this machine, or those of torchrun."""

import os
import subprocess
import sys
from pathlib import Path

from colorize.errors import ParamsError

VARIABLE = "COLORIZE_NPROC"


def processes() -> int:
    """How many processes train together: torchrun's number, or the one asked for.

    Raises:
        ParamsError: ``COLORIZE_NPROC`` is no whole number above 0.
    """
    asked = os.environ.get("WORLD_SIZE", os.environ.get(VARIABLE, "1"))
    if not asked.isdecimal() or int(asked) < 1:
        raise ParamsError(f"{VARIABLE} must be a whole number above 0, not '{asked}'")
    return int(asked)


def relaunched(module: str, root: Path) -> bool:
    """Start a module anew under torchrun where several processes are asked for.

    Returns:
        Whether it has run there; False in the processes that torchrun started, and for one alone.
    """
    count = processes()
    if count == 1 or "WORLD_SIZE" in os.environ:
        return False
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, f"--nproc-per-node={count}", "-m", module]
    done = subprocess.run(command, cwd=root)  # noqa: S603 - our own interpreter and module
    if done.returncode:
        sys.exit(done.returncode)
    return True
