"""Scores a model: every row, standard errors, and each picture's own scores."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch.nn import functional

from colorize.colour import prior
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.files import Numbers
from colorize.judge.references import References
from colorize.judge.views import Views, batches
from colorize.metrics.classes import CLASS_SCORES, Distributions
from colorize.metrics.comparison import ERRORS
from colorize.metrics.rownames import GREY as FLOOR
from colorize.metrics.rownames import MODEL, PRIOR, UNIFORM
from colorize.metrics.scoreboard import ByRow, Scoreboard
from colorize.metrics.scores import SCORES, Score, Sums, colourfulness
from colorize.metrics.tally import Resampler, Tally, difference, standard_error
from colorize.model.decode import Decoding
from colorize.model.domains import GREY, Domain, Mixture
from colorize.model.losses import Target
from colorize.model.predict import Prediction
from colorize.model.targets import Batch, Encoder, Examples
from colorize.model.weights import Model

Table: TypeAlias = Sequence[Mapping[str, object]]
"""Rows, all with the keys of the first, as a CSV file has them."""


class ClassScoreboard:
    """Scores distributions: the model's, and two guesses that look at no picture.

    Args:
        quantiser: whose bins and soft targets are meant.
        stride: H over the h of the head's map.
        resampler: of the bootstrap.
        scores: which are wanted.
        guesses: whether those rows are wanted.
    """

    def __init__(
        self,
        quantiser: Quantiser,
        *,
        stride: int,
        resampler: Resampler,
        scores: Mapping[str, Score[Distributions]] = CLASS_SCORES,
        guesses: bool = True,
    ) -> None:
        self._encoder, self._stride = Encoder(quantiser, head_stride=stride), stride
        self._resampler = resampler
        smoothed = torch.from_numpy(quantiser.smoothed)
        self._guesses = {
            UNIFORM: torch.zeros(len(smoothed))[:, None, None],
            PRIOR: smoothed.clamp_min(torch.finfo(torch.float32).tiny).log()[:, None, None],
        }
        if not guesses:
            self._guesses = {}
        self.rows = {row: Tally(scores) for row in (MODEL, *self._guesses)}

    @torch.inference_mode()
    def add(self, views: Views, prediction: Prediction) -> None:
        """Add pictures and the network's output for them."""
        added: dict[str, list[dict[str, Sums]]] = {row: [] for row in self.rows}
        target = self._target(views)
        for logits, *encoded in zip(
            prediction.logits(), target.indices, target.weights, strict=True
        ):
            for row, guess in ({MODEL: logits} | self._guesses).items():
                added[row].append(self.rows[row].vectors(Distributions(guess, *encoded)))
        weights = self._resampler.draw(len(views.pages))
        for row, vectors in added.items():
            self.rows[row].add(vectors, weights)

    def _target(self, views: Views) -> Target:
        """Soft targets at the head's size."""
        if all(view.truth is view.page for view in views.views):  # Lab is known already
            ab = torch.from_numpy(views.truth.lab[..., 1:]).permute(0, 3, 1, 2)
            return self._encoder.target(functional.avg_pool2d(ab, self._stride))
        batch: Batch = self._encoder(Examples.of(views.views))
        return batch.target


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out.

    Attributes:
        board: every row.
        classes: the distributions' rows; none for a model that gives colours at once.
        pictures: a row for each picture: its number, and its scores in `MODEL` and `FLOOR`.
        colourfulness: of the true pictures.
        quantiser: whose bins were counted.
    """

    board: Scoreboard
    classes: Mapping[str, Tally[Distributions]]
    pictures: Table
    colourfulness: float
    quantiser: Quantiser

    def numbers(self) -> dict[str, "float | Numbers"]:
        """Everything, as the metrics file has it."""
        replicates = {row: tally.replicates() for row, tally in self.board.rows.items()}
        classes = {row: tally.replicates() for row, tally in self.classes.items()}
        shares = self.balance()
        out: dict[str, float | Numbers] = {
            **_by_row(replicates, _first),
            "stderr": {**_by_row(replicates, standard_error), **_nested(classes, standard_error)},
            "difference": {
                name: difference(replicates[MODEL][name], replicates[FLOOR][name])
                for name in SCORES
            },
            "truth": {"colourfulness": self.colourfulness},
            "balance": {
                "bins": int((shares > 0).sum()),
                "entropy": prior.entropy(shares),
                "largest": float(shares.max()),
            },
            "pictures": len(self.pictures),
        }
        return out | _nested(classes, _first)

    def balance(self) -> Sums:
        """(Q,) share of each bin in the true pictures: what the balanced AuC divides by."""
        pixels, _ = np.split(self.board.rows[FLOOR].sums("auc_balanced"), 2)
        shares: Sums = pixels / pixels.sum()
        return shares

    def balance_table(self) -> Table:
        """`balance` of the bins that occur, with their a and b."""
        shares = self.balance()
        return [
            {"a": int(a), "b": int(b), "share": float(share)}
            for (a, b), share in zip(self.quantiser.table.centres, shares, strict=True)
            if share > 0
        ]

    def error_table(self) -> Table:
        """For ab errors of 0 to 150, per cent of the pixels in each row that err no more."""
        pixels = sum(self.board.counts[FLOOR]["true_plane"].ravel())
        return [
            {"error": error}
            | {
                row: 100 * float(counts["errors"][error]) / pixels
                for row, counts in self.board.counts.items()
            }
            for error in range(ERRORS)
        ]


def _first(replicates: Sums) -> float:
    return float(replicates[0])


def _by_row(rows: Mapping[str, Mapping[str, Sums]], of: Callable[[Sums], float]) -> ByRow:
    return {row: {name: of(v) for name, v in values.items()} for row, values in rows.items()}


def _nested(
    classes: Mapping[str, Mapping[str, Sums]], of: Callable[[Sums], float]
) -> dict[str, Numbers]:
    return {"classes": _by_row(classes, of)} if classes else {}


def evaluate(
    model: Model,
    pictures: ShardReader,
    references: References,
    quantiser: Quantiser,
    *,
    decodings: Mapping[str, Decoding],
    resamples: int,
    seed: int,
    domain: Domain = GREY,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Judgement:
    """Score a model, its floors and its ceilings on the same pages, each seen once.

    Args:
        model: any recipe; one that does not classify gets no scores of classes.
        pictures: the test split.
        references: the other rows.
        quantiser: whose bins are counted.
        decodings: one for each row of the model, `MODEL` among them.
        resamples: of the bootstrap over pictures.
        seed: of the bootstrap.
        domain: of the pages that are made of the pictures.
        on_pictures: called with the number of pictures after each batch.
    """
    board = Scoreboard(quantiser.table, resamples=resamples, seed=seed)
    stride = model.recipe.head_stride
    classes = ClassScoreboard(quantiser, stride=stride, resampler=Resampler(resamples, seed))
    table: list[Mapping[str, object]] = []
    colourful = 0.0
    for views in batches(pictures, Mixture((domain,))):
        prediction = views.predict(model)
        ours = {row: views.join(prediction.colours(*d)) for row, d in decodings.items()}
        scores = board.add(views.truth, ours | references.paintings(views))
        table += _lines(scores, views.truth.first)
        if model.recipe.classifies:
            classes.add(views, prediction)
        colourful += sum(colourfulness(rgb) for rgb in views.truth.rgb)
        on_pictures(len(views.pages))
    return Judgement(
        board=board,
        classes=classes.rows if model.recipe.classifies else {},
        pictures=table,
        colourfulness=colourful / len(table),
        quantiser=quantiser,
    )


def _lines(scores: Sequence[ByRow], first: int) -> Table:
    """Lines of the table of pictures."""
    return [
        {"number": first + place}
        | dict(by_row[MODEL])
        | {f"{FLOOR}_{name}": value for name, value in by_row[FLOOR].items()}
        for place, by_row in enumerate(scores)
    ]
