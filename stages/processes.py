"""What the environment says of how to train: ``COLORIZE_NPROC`` processes, or torchrun's."""

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
    return whole_number("WORLD_SIZE", whole_number(VARIABLE, 1))


def whole_number(variable: str, default: int) -> int:
    """Read a number above 0 from the environment, for what changes no result.

    Raises:
        ParamsError: the variable holds something else.
    """
    text = os.environ.get(variable, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise ParamsError(f"{variable} must be a whole number above 0, not '{text}'")
    return int(text)


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
