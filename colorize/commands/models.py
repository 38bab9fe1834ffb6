"""``colorize models``: lists the weights that are shipped with the package."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from colorize.commands import console
from colorize.errors import ModelError
from colorize.weights import registry
from colorize.weights.registry import DEFAULT, Abilities, Shipped


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="colorize models",
        description="List the weights that are shipped with this version.",
        epilog="Exit status: 0 all is well, 1 a file is missing or not the one that was shipped.",
    )
    made.add_argument("--json", action="store_true", help="write a line of JSON for each")
    return made


def run(arguments: Sequence[str], root: Path) -> int:
    """List.

    Args:
        arguments: of the command line.
        root: of the project; its own trained model is not listed.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    status = 0
    known = registry.shipped()
    for weights in known.values():
        try:
            weights.check()
            able = registry.abilities(weights.path)
        except ModelError as error:
            console.say(error)
            status = console.FAILED
            continue
        print(json.dumps(_entry(weights, able)) if options.json else _text(weights, able))
    if not known:
        console.say("no weights are shipped with this version")
    return status


def _entry(weights: Shipped, able: Abilities) -> dict[str, object]:
    """Everything that is known of weights, for programs."""
    return {
        "name": weights.name,
        "default": weights.name == DEFAULT,
        "path": str(weights.path),
        **weights.entry(),
        "recipe": able.recipe,
        "domains": list(able.domains),
        "hints": able.hints,
    }


def _text(weights: Shipped, able: Abilities) -> str:
    """The same in a few lines for people."""
    pages = ", ".join(able.domains)
    learned = "; its network has learned them, too" if able.hints else ""
    default = " (default)" if weights.name == DEFAULT else ""
    return "\n".join(
        [
            f"{weights.name}{default}: {weights.bytes / 1e6:.1f} MB, {weights.licence}",
            f"  paints {pages} pages, with or without hints{learned}",
            f"  trained on {'; '.join(weights.sources)}",
            f"  SHA-256 {weights.sha256}",
        ]
    )
