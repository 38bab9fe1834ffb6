"""The whole judgement of a model: all rows, their standard errors, and every picture's scores."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch.nn import functional

from colorize.colour import prior
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.files import Numbers
from colorize.judge.rows import References
from colorize.metrics.classes import CLASS_SCORES, Guess
from colorize.metrics.comparison import ERRORS, Pictures
from colorize.metrics.scoreboard import Board, ByRow
from colorize.metrics.scores import SCORES, Sums, colourfulness
from colorize.metrics.tally import Resampler, Tally, difference, standard_error
from colorize.model.predict import Prediction, look
from colorize.model.targets import Encoder
from colorize.model.weights import Model

BATCH = 8
"""Pictures at a time, which changes no result."""

MODEL, FLOOR = "model", "grey"
"""The rows whose difference is given, and whose scores of single pictures are kept."""

Table: TypeAlias = Sequence[Mapping[str, object]]
"""Rows, all with the keys of the first, as a CSV file has them."""


def batches(pictures: ShardReader) -> Iterator[Pictures]:
    """All pictures of a split, a batch at a time."""
    first = 0
    for rgb in pictures.batches(BATCH):
        yield Pictures.of(rgb, first)
        first += len(rgb)


class ClassBoard:
    """Scores distributions: the model's, and two guesses that look at nothing.

    Args:
        quantiser: whose bins and soft targets are meant.
        stride: H over the h of the head's map.
        resampler: of the bootstrap.
    """

    def __init__(self, quantiser: Quantiser, *, stride: int, resampler: Resampler) -> None:
        self._encoder, self._stride = Encoder(quantiser, head_stride=stride), stride
        self._resampler = resampler
        smoothed = torch.from_numpy(quantiser.smoothed)
        self._guesses = {
            "uniform": torch.zeros(len(smoothed))[:, None, None],
            "prior": smoothed.clamp_min(torch.finfo(torch.float32).tiny).log()[:, None, None],
        }
        self.rows = {row: Tally(CLASS_SCORES) for row in (MODEL, *self._guesses)}

    @torch.inference_mode()
    def add(self, pictures: Pictures, prediction: Prediction) -> None:
        """Add pictures and what the network said of them."""
        added: dict[str, list[dict[str, Sums]]] = {row: [] for row in self.rows}
        ab = torch.from_numpy(pictures.lab[..., 1:]).permute(0, 3, 1, 2)
        target = self._encoder.target(functional.avg_pool2d(ab, self._stride))
        for logits, *encoded in zip(prediction.head(), target.indices, target.weights, strict=True):
            for row, guess in ({MODEL: logits} | self._guesses).items():
                added[row].append(self.rows[row].vectors(Guess(guess, *encoded)))
        weights = self._resampler.draw(len(pictures.rgb))
        for row, vectors in added.items():
            self.rows[row].add(vectors, weights)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out.

    Attributes:
        board: every row.
        classes: the distributions' rows; none for a model that gives colours at once.
        pictures: a row for each picture: its number, and its scores in `MODEL` and `FLOOR`.
        colourfulness: of the true pictures.
        quantiser: whose bins were told apart.
    """

    board: Board
    classes: Mapping[str, Tally[Guess]]
    pictures: Table
    colourfulness: float
    quantiser: Quantiser

    def numbers(self) -> dict[str, "float | Numbers"]:
        """Everything, as the metrics file has it."""
        replicates = {row: tally.replicates() for row, tally in self.board.rows.items()}
        classes = {row: tally.replicates() for row, tally in self.classes.items()}
        shares = self.balance()
        out: dict[str, float | Numbers] = {
            **_each(replicates, _first),
            "stderr": {**_each(replicates, standard_error), **_nested(classes, standard_error)},
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


def _each(rows: Mapping[str, Mapping[str, Sums]], of: Callable[[Sums], float]) -> ByRow:
    return {row: {name: of(v) for name, v in values.items()} for row, values in rows.items()}


def _nested(
    classes: Mapping[str, Mapping[str, Sums]], of: Callable[[Sums], float]
) -> dict[str, Numbers]:
    return {"classes": _each(classes, of)} if classes else {}


def judge(
    model: Model,
    pictures: ShardReader,
    references: References,
    quantiser: Quantiser,
    *,
    temperatures: Mapping[str, float],
    resamples: int,
    seed: int,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Judgement:
    """Judge a model, its floors and its ceilings on the same pictures, each seen once.

    Args:
        model: any recipe; one that does not classify gets no scores of classes.
        pictures: the test split.
        references: the other rows.
        quantiser: whose bins are told apart.
        temperatures: a T for each row of the model, `MODEL` among them.
        resamples: of the bootstrap over pictures.
        seed: of the bootstrap.
        on_pictures: called with the number of pictures after each batch.
    """
    board = Board(quantiser.table, resamples=resamples, seed=seed)
    stride = model.recipe.head_stride
    classes = ClassBoard(quantiser, stride=stride, resampler=Resampler(resamples, seed))
    table: list[Mapping[str, object]] = []
    colourful = 0.0
    for batch in batches(pictures):
        prediction = look(model, batch.lab[..., 0])
        colours = {row: prediction.ab(t) for row, t in temperatures.items()}
        scores = board.add(batch, colours | references.colours(batch))
        table += _lines(scores, batch.first)
        if model.recipe.classifies:
            classes.add(batch, prediction)
        colourful += sum(colourfulness(rgb) for rgb in batch.rgb)
        on_pictures(len(batch.rgb))
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
