"""Models to paint with, and what is in a folder of results."""

from pathlib import Path

from tests.models import model_path, orange, orange_model

__all__ = ["model_path", "orange", "orange_model"]


def seen(folder: Path) -> list[str]:
    """Names of a folder of results, but that of the record."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".colorize.jsonl")
