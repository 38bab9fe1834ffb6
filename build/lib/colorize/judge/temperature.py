"""Which temperature suits a model: every one of a grid, on the validation split."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from colorize.colour.encoding import NeighbourTable
from colorize.data.shards import ShardReader
from colorize.judge.judgement import MODEL, Table, batches
from colorize.metrics.scoreboard import Board
from colorize.metrics.scores import SCORES
from colorize.model.predict import look
from colorize.model.weights import Model

Criterion: TypeAlias = Literal["auc", "auc_balanced", "rmse_ab", "psnr"]
"""The scores that choose: those that need no more than a few milliseconds a picture."""

SHOWN: tuple[Criterion, ...] = ("auc", "auc_balanced", "rmse_ab", "psnr")

CHOSEN, MEAN = "model_chosen", "model_mean"
"""Rows of the model at the temperature that validation chose, and at 1."""


def sweep(
    model: Model,
    pictures: ShardReader,
    table: NeighbourTable,
    temperatures: Sequence[float],
    *,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Table:
    """Score a model at every temperature; the network sees each picture once.

    Args:
        model: to be decoded at each T.
        pictures: the validation split.
        table: whose bins are told apart.
        temperatures: the grid.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        A row for each T: ``temperature``, and its scores.
    """
    grid = {f"{temperature:g}": temperature for temperature in temperatures}
    board = Board(table, {name: SCORES[name] for name in (*SHOWN, "colourfulness")}, counts={})
    for batch in batches(pictures):
        prediction = look(model, batch.lab[..., 0])
        board.add(batch, {name: prediction.ab(t) for name, t in grid.items()})
        on_pictures(len(batch.rgb))
    return [{"temperature": grid[name]} | scores for name, scores in board.scores().items()]


def choose(rows: Sequence[Mapping[str, object]], criterion: Criterion) -> float:
    """Give the temperature that is best by one score: of equally good ones, the first.

    >>> choose([{"temperature": 0.4, "psnr": 20.0}, {"temperature": 1.0, "psnr": 21.0}], "psnr")
    1.0
    """
    sign = 1 if SCORES[criterion].higher_is_better else -1
    best = max(rows, key=lambda row: sign * float(str(row[criterion])))
    return float(str(best["temperature"]))


def rows(model: Model, temperature: float, swept: Table, criterion: Criterion) -> dict[str, float]:
    """Name the rows of a model, each with its T; a regression has only one.

    Args:
        model: to be judged.
        temperature: T of the row `MODEL`.
        swept: what `sweep` gave.
        criterion: the score that chooses.
    """
    if not model.recipe.classifies:
        return {MODEL: temperature}
    return {MODEL: temperature, CHOSEN: choose(swept, criterion), MEAN: 1.0}
