"""Draws the ab plane: a value for each bin, beside the colours of the bins."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.gamut import AB_LIMIT

SHOWN_LIGHTNESS = 60.0
"""L at which the right-hand panel shows each bin's colour; most bins are in gamut near it."""


def draw(
    values: NDArray[np.float64], centres: NDArray[np.int64], *, step: int, title: str
) -> bytes:
    """Draw a value for each ab bin on a logarithmic scale, with the bins' colours beside it.

    Args:
        values: (Q,), above 0 to be drawn; others are left blank.
        centres: (Q, 2) of (a, b), multiples of ``step``.
        step: of the grid, in units of ab.
        title: of the left-hand panel.

    Returns:
        A PNG; the same arguments give the same bytes.
    """
    reach = AB_LIMIT // step + 1
    size = 2 * reach + 1
    rows, columns = centres[:, 1] // step + reach, centres[:, 0] // step + reach  # b up, a right
    grid = np.full((size, size), np.nan)
    grid[rows, columns] = np.where(values > 0, values, np.nan)
    ab = np.column_stack([np.full(len(centres), SHOWN_LIGHTNESS), centres])
    colours = np.full((size, size, 3), 255, np.uint8)
    colours[rows, columns] = lab.lab_to_rgb(ab)

    figure = Figure(figsize=(10, 4.4), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    edge = (reach + 0.5) * step
    extent = (-edge, edge, -edge, edge)
    shown = left.imshow(grid, norm=LogNorm(), origin="lower", extent=extent)
    figure.colorbar(shown, ax=left)
    right.imshow(colours, origin="lower", extent=extent)
    left.set_title(title)
    right.set_title(f"the bins' colours at L = {SHOWN_LIGHTNESS:g}")
    for axes in (left, right):
        axes.set_xlabel("a: green to red")
        axes.set_ylabel("b: blue to yellow")
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
