"""The command ``colorize``: paints, or does what its first word names."""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from colorize.commands import colour
from colorize.commands.console import FAILED, INTERRUPTED, REFUSED, say
from colorize.errors import ColorizeError

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = {
    "book": "colorize.commands.book",
    "export": "colorize.commands.export",
    "models": "colorize.commands.models",
    "real-or-fake": "colorize.commands.real_or_fake",
    "studio": "colorize.commands.studio",
}
"""Modules by the word that calls them; imported only then. A file of that name is `./WORD`."""

RESUMES = "; the same command resumes from here"


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command.

    Args:
        arguments: of the command line; those of the process if not given.
        root: of the project whose pipeline made the model.

    Returns:
        The exit status.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            status: int = import_module(COMMANDS[given[0]]).run(given[1:], root)
            return status
        return colour.run(given, root)
    except ColorizeError as error:
        say(error)
        return REFUSED
    except BrokenPipeError:  # the reader has stopped, as in `colorize --json ... | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # a full disk, a folder without rights
        where = f"{error.filename}: " if error.filename else ""
        paints = not (given and given[0] in COMMANDS)
        resumes = RESUMES if paints and error.errno == errno.ENOSPC else ""
        say(f"{where}{error.strerror or error}{resumes}")
        return FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        say(f"interrupted{RESUMES}")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
