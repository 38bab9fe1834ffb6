"""``colorize studio [INPUT...]``: a page in the browser to colour pages by hand and network."""

import argparse
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colorize import files
from colorize.commands import console
from colorize.errors import ArchiveError, ImageError, InputError
from colorize.paint.jobs import describe, plan
from colorize.weights import registry

if TYPE_CHECKING:
    from colorize.studio.project import Project

STEM = 40
"""Letters of an input's name that stay in the name of its folder."""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize studio",
        description="Colour pages in the browser: set hints by clicks, look closely, export. "
        "Nothing leaves this computer.",
        epilog="What is done is saved at once, and found again by the same command.",
    )
    add = made.add_argument
    add("inputs", metavar="INPUT", nargs="*", type=console.path, help="page, folder or book")
    folder = "where the work is kept (default: one for these inputs among the user's data)"
    add("--folder", metavar="DIR", type=console.path, help=folder)
    console.add_model(made)
    console.add_device(made)
    console.add_server(made)
    return made


def run(arguments: Sequence[str], root: Path) -> int:
    """Serve the studio until it is stopped.

    Args:
        arguments: of the command line.
        root: of the project whose pipeline made the model.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    console.need("uvicorn", "starlette", "platformdirs", extra="web")
    with console.importing():
        from colorize.paint.painter import Painter
        from colorize.studio.app import Studio, most
        from colorize.studio.project import Project
        from colorize.studio.server import serve

    model = registry.locate(options.model, trained=root / registry.TRAINED)
    folder: Path = options.folder or _folder(options.inputs)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: give a folder for the work")
    painter = Painter.load(model, device=options.device)
    busy = f"another studio works in {folder}: use its page, or end it"
    with files.locked(folder, busy, error=InputError):
        project = Project(folder)
        _open(project, options.inputs)
        named = options.model or ""
        studio = Studio(project, painter, model=registry.digest(model), model_name=named)
        serve(
            studio.app(),
            port=options.port,
            show=options.browser,
            title="studio",
            most=most,
            leave=studio.leave,
        )
    return 0


def _folder(inputs: Sequence[Path]) -> Path:
    """The folder of the work on some inputs: the same ones give the same."""
    import platformdirs

    base = Path(platformdirs.user_data_dir("colorize", appauthor=False)) / "studio"
    if not inputs:
        return base / "desk"
    places = sorted(str(path.resolve()) for path in inputs)
    name = "".join(sign for sign in Path(places[0]).name if sign.isalnum() or sign in " -_.")
    digest = hashlib.sha256(os.fsencode("\n".join(places))).hexdigest()
    return base / f"{name[:STEM].strip(' .')}-{digest[:8]}"


def _open(project: "Project", inputs: Sequence[Path]) -> None:
    """Add the pages and books of the command line; say of each that cannot be added why."""
    if not inputs:
        return
    found = plan(inputs, project.folder / "out")
    for job in found.jobs:
        try:
            project.add_file(job.source, job.name)
        except (ImageError, ArchiveError) as error:
            console.say(f"{job.source}: {error}")
    for path, reason in found.faults:
        console.say(f"{path}: {reason}")
    if found.left:
        console.say(f"left as they are: {describe(found.left)}")
