"""In how many processes to train: ``COLORIZE_NPROC``, or those that torchrun started."""

import contextlib
import os
import signal
import sys
from pathlib import Path

from colorize.errors import Interrupted, ParamsError

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
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) < 1:
        raise ParamsError(f"{variable} must be a whole number above 0, not '{text}'")
    return int(text)


def relaunched(module: str, root: Path) -> bool:
    """Run a module in several processes where several are asked for.

    This process becomes torchrun, which passes signals on to its workers, so no worker outlives it.

    Returns:
        Whether it has run there; False in the processes that torchrun started, and for one alone.

    Raises:
        Interrupted: a signal has ended the workers.
    """
    count = processes()
    if count == 1 or "WORLD_SIZE" in os.environ:
        return False
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    with contextlib.chdir(root):
        try:
            main(["--standalone", f"--nproc-per-node={count}", "-m", module])
        except SignalException as error:
            name = signal.Signals(error.sigval).name
            raise Interrupted(f"{name} has stopped {count} processes; run it again") from None
        except ChildFailedError:  # it has said why
            sys.exit(1)
    return True
