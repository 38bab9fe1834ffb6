"""Colours manga and anime art.

>>> from colorize import Painter
>>> Painter.__module__
'colorize.paint.painter'

`Painter` is imported when it is first asked for, since PyTorch takes more than a second.
"""

import importlib
import importlib.metadata

__all__ = ["Painter", "__version__"]


def __getattr__(name: str) -> object:
    """Give `Painter` and the version on demand."""
    if name == "Painter":
        return importlib.import_module("colorize.paint.painter").Painter
    if name == "__version__":
        return importlib.metadata.version("colorize")
    raise AttributeError(f"module 'colorize' has no attribute '{name}'")
