"""Lets a network look at a page: at the whole of it, and at each panel as large as it was trained.

A network learns from pictures of about one panel each. Seen with a whole page, a large panel shows
it faces larger than any that it knows, and a small one figures of a few pixels. So it looks at each
panel for what is in it, and at the whole page for what is around them and for a second opinion.

Letters in shapes: H and W of the page, K of a condition, C of what the network sees.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from colorize.ingest.gutters import Box
from colorize.model.predict import Prediction, margins, predict
from colorize.model.targets import stack_conditions
from colorize.model.weights import Model
from colorize.paint.scale import sizes_of

Observe: TypeAlias = Callable[[NDArray[Any], tuple[int, int]], NDArray[np.float32]]
"""Gives what a network sees, (1, C, h, w), of a part of a page at a size (h, w)."""


def look(
    model: Model,
    page: NDArray[Any],
    size: tuple[int, int],
    observe: Observe,
    *,
    conditions: Mapping[str, NDArray[np.float32]],
    panels: Sequence[Box] = (),
    whole: tuple[int, int] | None = None,
    share: float = 0.0,
) -> Prediction:
    """Look at a page.

    Args:
        model: its network looks.
        page: (H, W), its values or its lightness.
        size: height and width of the page in the prediction.
        observe: see `Observe`.
        conditions: by name, what the network is told beside: (H, W, K), or (K,) for the page.
        panels: at which it looks, too.
        whole: height and width at which it looks at the whole page; ``size`` if not given.
        share: how much, of 1, that look counts in a panel.
    """

    def seen(part: NDArray[Any], at: tuple[int, int], given: Mapping[str, Any]) -> Prediction:
        told = {name: _nearest(array, at) for name, array in given.items()}
        return predict(model, observe(part, at), stack_conditions([told]))

    first = seen(page, whole or size, conditions)
    if not panels and first.size == size:
        return first
    framed = _framed(model, observe(page, size), size, channels=first.output.shape[1])
    output = _output(framed)
    output.copy_(_resized(_output(first), output.shape[2:]))
    rows, columns = (
        cells / length for cells, length in zip(output.shape[2:], page.shape, strict=True)
    )
    for box, seen_at in zip(panels, sizes_of(panels, page.shape, model.side), strict=True):
        top, bottom = round(box.top * rows), round(box.bottom * rows)
        left, right = round(box.left * columns), round(box.right * columns)
        if bottom > top and right > left:
            at = np.s_[box.top : box.bottom, box.left : box.right]
            there = {name: x[at] if x.ndim == 3 else x for name, x in conditions.items()}
            own = _output(seen(page[at], seen_at, there))
            part = output[:, :, top:bottom, left:right]
            part.lerp_(_resized(own, part.shape[2:]), 1 - share)
    # What is beside the page is like its border.
    framed.output[:, :, :, output.shape[3] :] = framed.output[:, :, :, output.shape[3] - 1, None]
    framed.output[:, :, output.shape[2] :] = framed.output[:, :, output.shape[2] - 1, None]
    return framed


def _nearest(condition: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Bring a condition (H, W, K) to a size without mixing its values; (K,) stays."""
    if condition.ndim != 3:
        return condition
    rows, columns = (
        (np.arange(length) + 0.5) * old // length
        for length, old in zip(size, condition.shape[:2], strict=True)
    )
    chosen: NDArray[np.float32] = condition[rows.astype(int)[:, None], columns.astype(int)]
    return chosen


def _cells(model: Model, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a network's output for a picture of some height and width."""
    rows, columns = (-(-length // model.recipe.head_stride) for length in size)
    return rows, columns


def _output(prediction: Prediction) -> Tensor:
    """A network's output (1, channels, rows, columns) without margins."""
    rows, columns = _cells(prediction.model, prediction.size)
    return prediction.output[:, :, :rows, :columns].float()


def _resized(output: Tensor, cells: Sequence[int]) -> Tensor:
    """Bring an output (1, channels, h, w) to so many rows and columns."""
    if tuple(output.shape[2:]) == tuple(cells):
        return output
    return interpolate(output, tuple(cells), mode="bilinear")


def _framed(
    model: Model, picture: NDArray[np.float32], size: tuple[int, int], *, channels: int
) -> Prediction:
    """Make a prediction for a picture (1, C, h, w), with an output that is still to be filled."""
    height, width = size
    bottom, right = margins(height, width, model.recipe.side_multiple)
    guide = np.pad(picture[:, :1], ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    cells = _cells(model, (height + bottom, width + right))
    output = torch.empty(
        1, channels, *cells, device=model.device, memory_format=torch.channels_last
    )
    return Prediction(model, output, torch.from_numpy(guide).to(model.device), size)
