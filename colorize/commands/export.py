"""``colorize export MODEL --onnx FILE``: writes a model for other programs."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from colorize.commands import console
from colorize.errors import InputError
from colorize.weights import registry


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize export",
        description="Write a model as an ONNX file, which other programs can run.",
    )
    model = "shipped weights, see `colorize models`, or a file (default: the shipped ones)"
    made.add_argument("model", metavar="NAME|FILE", nargs="?", help=model)
    made.add_argument(
        "--onnx", metavar="FILE", type=console.path, required=True, help="file to write"
    )
    made.add_argument(
        "--temperature",
        metavar="T",
        type=console.number(0.01, 1),
        help="of the annealed mean, a constant of the file (default: the model's own)",
    )
    return made


def run(arguments: Sequence[str], root: Path) -> int:
    """Write the file.

    Args:
        arguments: of the command line.
        root: of the project, whose trained model is taken where none is named or shipped.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    if options.onnx.is_dir():
        raise InputError(f"{options.onnx} is a folder: name the file to write")
    model = registry.locate(options.model, trained=root / registry.TRAINED)
    if options.onnx.exists() and options.onnx.samefile(model):
        raise InputError(f"{options.onnx} is the model itself: name another file to write")
    # PyTorch takes more than a second to import: a typo need not wait for it.
    with console.importing():
        from colorize.model.export import export
        from colorize.model.weights import Model

    loaded = Model.load(model)
    if options.temperature:
        loaded = replace(loaded, temperature=options.temperature)
    # What PyTorch's exporter logs is about its own insides, such as packages that are not there.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    export(loaded, options.onnx)
    print(f"{options.onnx}: {options.onnx.stat().st_size} bytes")
    return 0
