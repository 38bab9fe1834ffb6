"""Chooses a model's temperature from a grid, on the validation split."""

from collections.abc import Callable, Collection, Mapping, Sequence

from colorize.colour.encoding import NeighbourTable
from colorize.data.shards import ShardReader
from colorize.judge.judgement import Table
from colorize.judge.views import batches
from colorize.metrics.rownames import CHOSEN, MEAN, MODEL
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES, Criterion
from colorize.model.decode import TEMPERATURE
from colorize.model.domains import Mixture
from colorize.model.weights import Model

SHOWN: tuple[Criterion, ...] = ("auc", "auc_balanced", "rmse_ab", "psnr")
"""Scores that take no more than a few milliseconds a picture."""


def sweep(
    model: Model,
    pictures: ShardReader,
    table: NeighbourTable,
    temperatures: Sequence[float],
    *,
    scores: Collection[str] = (),
    mixture: Mixture | None = None,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Table:
    """Score a model at every temperature; the network sees each picture once.

    Args:
        model: to be decoded at each T.
        pictures: the validation split.
        table: whose bins are counted.
        temperatures: the grid.
        scores: names, in addition to `SHOWN` and the colourfulness.
        mixture: of the domains; that of the model's own domains if not given.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        A row for each T: ``temperature``, and its scores.
    """
    grid = {f"{temperature:g}": temperature for temperature in temperatures}
    names = dict.fromkeys((*SHOWN, *scores, "colourfulness"))
    board = Scoreboard(table, {name: SCORES[name] for name in names}, counts={})
    for views in batches(pictures, mixture or Mixture(model.domains)):
        prediction = views.predict(model)
        paintings = {name: views.join(prediction.colours(t)) for name, t in grid.items()}
        board.add(views.truth, paintings)
        on_pictures(len(views.pages))
    return [{"temperature": grid[name]} | found for name, found in board.scores().items()]


def choose(rows: Sequence[Mapping[str, object]], select: Criterion) -> float:
    """Give the temperature that is best by one score: of equally good ones, the first.

    >>> choose([{"temperature": 0.4, "psnr": 20.0}, {"temperature": 1.0, "psnr": 21.0}], "psnr")
    1.0
    """
    sign = 1 if SCORES[select].higher_is_better else -1
    best = max(rows, key=lambda row: sign * float(str(row[select])))
    return float(str(best["temperature"]))


def rows(model: Model) -> dict[str, float]:
    """Name the rows of a model, each with its T; a regression has only one."""
    if not model.recipe.classifies:
        return {MODEL: TEMPERATURE}
    return {MODEL: TEMPERATURE, CHOSEN: model.temperature, MEAN: 1.0}
