"""Scores a model during training on the validation split, with the judge's own scoreboard."""

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge.decodings import SHOWN
from colorize.judge.judgement import ClassScoreboard
from colorize.judge.views import batches
from colorize.metrics.classes import CLASS_SCORES
from colorize.metrics.rownames import MODEL
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES, Criterion
from colorize.metrics.tally import Resampler
from colorize.model.decode import TEMPERATURE
from colorize.model.domains import Mixture
from colorize.model.weights import Model

DIVERGENCE = "divergence"
"""The score of distributions that is the training's own, without class weights."""


class Validation:
    """Scores models on the same pages, at the paper's temperature.

    Args:
        pictures: the validation split.
        quantiser: that the model is trained with.
        select: a score that is wanted in addition to the cheap ones.
    """

    def __init__(self, pictures: ShardReader, quantiser: Quantiser, *, select: Criterion) -> None:
        self._pictures = pictures
        self._quantiser = quantiser
        names: tuple[str, ...] = (*SHOWN, select)
        self._scores = {name: SCORES[name] for name in dict.fromkeys(names)}

    def __call__(self, model: Model) -> dict[str, float]:
        """Score a model on whole pictures, whatever the size of a batch.

        Args:
            model: its network is set to evaluation mode.

        Returns:
            The scores by name, and ``divergence`` of a model that classifies.
        """
        board = Scoreboard(self._quantiser.table, self._scores, counts={})
        classes = None
        if model.recipe.classifies:
            scores = {DIVERGENCE: CLASS_SCORES[DIVERGENCE]}
            classes = ClassScoreboard(
                self._quantiser,
                stride=model.recipe.head_stride,
                resampler=Resampler(0, 0),
                scores=scores,
                guesses=False,
            )
        for views in batches(self._pictures, Mixture(model.domains)):
            prediction = views.predict(model)
            board.add(views.truth, {MODEL: views.join(prediction.colours(TEMPERATURE))})
            if classes:
                classes.add(views, prediction)
        found = board.scores()[MODEL]
        if classes:
            found[DIVERGENCE] = float(classes.rows[MODEL].replicates()[DIVERGENCE][0])
        return found
