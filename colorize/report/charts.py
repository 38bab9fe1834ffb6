"""Curves and histograms as pictures; the same arguments give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from colorize.metrics.comparison import CELL, REACH
from colorize.metrics.rownames import is_model
from colorize.metrics.scores import SCORES

Format: TypeAlias = Literal["png", "svg"]
Rows: TypeAlias = Sequence[Mapping[str, object]]


def error_curves(table: Rows, kind: Format = "png") -> bytes:
    """Draw the curves whose area is the AuC.

    Args:
        table: ``error``, and for each row the per cent of its pixels that err no more.
        kind: of picture.
    """
    figure, axes = _figure(1)
    errors = _column(table, "error")
    for row in list(table[0])[1:]:
        style = "-" if is_model(row) else "--"
        axes[0].plot(errors, _column(table, row), style, label=row.replace("_", " "))
    axes[0].set(xlabel="distance from the true ab", ylabel="pixels that err no more, %")
    axes[0].set_xlim(0, errors[-1])
    axes[0].legend(loc="lower right")
    return _saved(figure, kind)


def sweep(table: Rows, over: str, chosen: float, kind: Format = "png") -> bytes:
    """Draw the validation scores by what was varied.

    Args:
        table: a column of that name, and scores.
        over: ``temperature`` or ``adjustment``.
        chosen: the value to be marked.
        kind: of picture.
    """
    names = [name for name in table[0] if name in SCORES]
    figure, axes = _figure(len(names))
    for name, panel in zip(names, axes, strict=True):
        panel.plot(_column(table, over), _column(table, name), "o-")
        panel.axvline(chosen, linestyle=":", color="grey")
        panel.set(title=SCORES[name].title, xlabel=over)
    return _saved(figure, kind)


def hinted(table: Rows, kind: Format = "png") -> bytes:
    """Draw scores by the number of hinted regions, a panel a score, a line a kind of page.

    Args:
        table: ``hints``, and scores: of grey pages by their names, of others as ``toned_psnr``.
        kind: of picture.
    """
    columns = list(table[0])[1:]
    names = [name for name in SCORES if any(_scores(column, name) for column in columns)]
    figure, axes = _figure(len(names))
    for name, panel in zip(names, axes, strict=True):
        for column in (column for column in columns if _scores(column, name)):
            label = column.removesuffix(name).rstrip("_") or "grey"
            panel.plot(_column(table, "hints"), _column(table, column), "o-", label=label)
        panel.set(title=SCORES[name].title, xlabel="hinted regions")
        panel.legend()
    return _saved(figure, kind)


def _scores(column: str, name: str) -> bool:
    """Tell whether a column holds a score of some kind of page."""
    return column == name or column.endswith(f"_{name}")


def planes(counts: Mapping[str, NDArray[np.float64]], kind: Format = "png") -> bytes:
    """Draw histograms over the ab plane side by side, on one logarithmic scale.

    Args:
        counts: a title, and pixels (`CELLS`, `CELLS`) by a and b.
        kind: of picture.
    """
    figure, axes = _figure(len(counts), height=3)
    shares = {title: pixels / pixels.sum() for title, pixels in counts.items()}
    norm = LogNorm(1e-6, max(share.max() for share in shares.values()))
    edge = (REACH + 0.5) * CELL
    for (title, share), panel in zip(shares.items(), axes, strict=True):
        shown = panel.imshow(
            np.where(share > 0, share, np.nan).T,
            norm=norm,
            origin="lower",
            extent=(-edge, edge, -edge, edge),
        )
        panel.set(title=title, xlabel="a: green to red", ylabel="b: blue to yellow")
    figure.colorbar(shown, ax=axes, label="share of the pixels")
    return _saved(figure, kind)


def _figure(panels: int, *, height: float = 4) -> tuple[Figure, list[Axes]]:
    size = (7 if panels == 1 else 3.4 * panels, height)
    figure = Figure(figsize=size, dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def _column(table: Rows, name: str) -> list[float]:
    return [float(str(row[name])) for row in table]


def _saved(figure: Figure, kind: Format) -> bytes:
    out = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with mpl.rc_context({"svg.hashsalt": "colorize"}):
        figure.savefig(out, format=kind, metadata=metadata)
    return out.getvalue()
