"""ship: make the weights that the package contains of a trained model.

    python -m stages.ship [MODEL [NAME]]

Writes ``colorize/weights/NAME.safetensors`` in half precision, enters it in the index there, and
prints its digest. Without arguments the model of ``weights/`` becomes the default weights. Not a
stage of the pipeline.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from colorize import files, params
from colorize.errors import InputError
from colorize.weights import registry
from colorize.weights.registry import DEFAULT, INDEX, Shipped
from stages import artlist, run

MODEL = Path("weights", "models", "colorizer.safetensors")

LICENCE = "CC BY-SA 4.0"
"""Of the weights: the terms of those sources that ask for the same terms."""

MAX_BYTES = 12_000_000
"""Of shipped weights, so that the wheel stays below 15 MB."""


def main(root: Path) -> None:
    """Convert and tell."""
    model = Path(sys.argv[1]) if len(sys.argv) > 1 else root / MODEL
    name = sys.argv[2] if len(sys.argv) > 2 else DEFAULT
    folder = root / "colorize" / "weights"
    made = convert(model, name, folder, licence=LICENCE, sources=titles(root))
    print(f"{made.path}: {made.bytes} bytes, SHA-256 {made.sha256}")


def titles(root: Path) -> list[str]:
    """Name the art that the weights are trained on, with its credits."""
    names = list(dict.fromkeys(art.credit for art in artlist.read(root)))
    if "panels" in params.read(root / "weights")["fetch"]["source"]:
        names.append("panels drawn of DiceBear's styles and OpenMoji, see CREDITS.md")
    return names


def convert(
    model: Path, name: str, folder: Path, *, licence: str, sources: Iterable[str]
) -> Shipped:
    """Write a model in half precision, and enter it in the index of a folder.

    Args:
        model: file of the trained model.
        name: by which the weights will be asked for.
        folder: of the weights.
        licence: of the weights.
        sources: titles of the art that it was trained on.

    Raises:
        InputError: the name would be taken for a path, or the weights would be too large.
        ModelError: the model cannot be read, or the index is damaged.
    """
    from colorize.model.weights import Model

    if not name or registry.is_path(name):
        raise InputError(f"'{name}' cannot be a name: it would be taken for a path")
    known = registry.shipped(folder)
    path = folder / f"{name}.safetensors"
    new = path.with_suffix(".new")
    try:
        Model.load(model).save(new, half=True)
        size = new.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{name} would have {size} bytes, more than {MAX_BYTES}")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    known[name] = made = Shipped(
        name=name,
        path=path,
        sha256=registry.digest(path),
        bytes=size,
        licence=licence,
        sources=tuple(sources),
    )
    entries = {name: weights.entry() for name, weights in sorted(known.items())}
    files.write_bytes(folder / INDEX, f"{json.dumps(entries, indent=2)}\n".encode())
    return made


if __name__ == "__main__":
    run(main)
