"""Chooses how a model's output is decoded, on the validation split."""

from collections.abc import Callable, Collection, Mapping, Sequence

from colorize.colour.encoding import NeighbourTable
from colorize.data.shards import ShardReader
from colorize.judge.judgement import Table
from colorize.judge.views import batches
from colorize.metrics.rownames import CHOSEN, MEAN, MODEL
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES, Criterion
from colorize.model.decode import TEMPERATURE, Decoding
from colorize.model.domains import Mixture
from colorize.model.weights import Model

SHOWN: tuple[Criterion, ...] = ("auc", "auc_balanced", "rmse_ab", "psnr")
"""Scores that take no more than a few milliseconds a picture."""


def sweep(
    model: Model,
    pictures: ShardReader,
    table: NeighbourTable,
    decodings: Sequence[Decoding],
    *,
    scores: Collection[str] = (),
    mixture: Mixture | None = None,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Table:
    """Score a model in every decoding; the network sees each picture once.

    Args:
        model: to be decoded.
        pictures: the validation split.
        table: whose bins are counted.
        decodings: the grid.
        scores: names, in addition to `SHOWN` and the colourfulness.
        mixture: of the domains; that of the model's own domains if not given.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        A row for each decoding: ``temperature``, ``adjustment``, and its scores.
    """
    grid = {f"{decoding}": decoding for decoding in decodings}
    names = dict.fromkeys((*SHOWN, *scores, "colourfulness"))
    board = Scoreboard(table, {name: SCORES[name] for name in names}, counts={})
    for views in batches(pictures, mixture or Mixture(model.domains)):
        prediction = views.predict(model)
        paintings = {name: views.join(prediction.colours(*d)) for name, d in grid.items()}
        board.add(views.truth, paintings)
        on_pictures(len(views.pages))
    return [grid[name]._asdict() | found for name, found in board.scores().items()]


def tune(
    model: Model,
    pictures: ShardReader,
    table: NeighbourTable,
    *,
    adjustments: Sequence[float],
    temperatures: Sequence[float],
    select: Criterion,
) -> tuple[Decoding, dict[str, Table]]:
    """Choose the adjustment at the paper's temperature, and then the temperature.

    Args:
        model: one that does not classify is decoded in one way only, whatever the grids say.
        pictures: the validation split.
        table: whose bins are counted.
        adjustments: to choose from.
        temperatures: to choose from.
        select: the score that chooses.

    Returns:
        The decoding, and what `sweep` gave for ``adjustment`` and ``temperature``.
    """
    if not model.recipe.classifies:
        adjustments, temperatures = [0.0], [model.temperature]
    first = sweep(
        model, pictures, table, [Decoding(TEMPERATURE, a) for a in adjustments], scores=(select,)
    )
    best = choose(first, select).adjustment
    second = sweep(
        model, pictures, table, [Decoding(t, best) for t in temperatures], scores=(select,)
    )
    return choose(second, select), {"adjustment": first, "temperature": second}


def choose(rows: Sequence[Mapping[str, object]], select: Criterion) -> Decoding:
    """Give the decoding that is best by one score: of equally good ones, the first.

    >>> rows = [
    ...     {"temperature": 0.4, "adjustment": 0.5, "psnr": 20.0},
    ...     {"temperature": 1.0, "adjustment": 0.5, "psnr": 21.0},
    ... ]
    >>> choose(rows, "psnr")
    Decoding(temperature=1.0, adjustment=0.5)
    """
    best = rows[SCORES[select].best([float(str(row[select])) for row in rows])]
    return Decoding(*(float(str(best[name])) for name in Decoding._fields))


def rows(model: Model) -> dict[str, Decoding]:
    """Name the rows of a model, each with its decoding; a regression has only one."""
    if not model.recipe.classifies:
        return {MODEL: Decoding(TEMPERATURE)}
    return {MODEL: Decoding(TEMPERATURE), CHOSEN: model.decoding, MEAN: Decoding(1.0)}
