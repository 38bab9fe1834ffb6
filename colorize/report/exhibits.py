"""Tables and pictures of a judgement, by name."""

from collections.abc import Mapping, Sequence

import numpy as np

from colorize.data.shards import ShardReader
from colorize.judge.inked import inputs
from colorize.judge.judgement import Judgement, Table
from colorize.metrics.rownames import MODEL
from colorize.model.decode import Decoding
from colorize.model.domains import GREY, Domain
from colorize.model.weights import Model
from colorize.report import charts
from colorize.report.gallery import contact_sheet, extremes, paintings, spread

RANKED_BY = "psnr"
"""The score by which pictures are best, median and worst."""


def tables(judgement: Judgement, ids: Sequence[str]) -> dict[str, Table]:
    """Lay out rows for CSV files.

    Args:
        judgement: of the test split.
        ids: of the test pictures, in their order.
    """
    named = [{"id": ids[number], **row} for number, row in enumerate(judgement.pictures)]
    return {
        "pictures": named,
        "errors": judgement.error_table(),
        "balance": judgement.balance_table(),
    }


def pictures(
    judgement: Judgement,
    model: Model,
    test: ShardReader,
    decodings: Mapping[str, Decoding],
    *,
    count: int,
) -> dict[str, bytes]:
    """Draw everything as PNG.

    Args:
        judgement: of the test split.
        model: to paint with once more.
        test: the test split.
        decodings: of the model's rows.
        count: pictures on each contact sheet. One is of grey pages, and one of each kind of inked
            pages that the model is judged on.
    """
    scores = [float(str(row[RANKED_BY])) for row in judgement.pictures]
    ranked = extremes(scores, max(1, count // 3))
    captions = [
        f"{kind}: {scores[number]:.2f} dB" for kind, numbers in ranked.items() for number in numbers
    ]

    def sheet(
        numbers: Sequence[int], captions: Sequence[str] | None = None, domain: Domain = GREY
    ) -> bytes:
        rgb = np.stack([test[number] for number in numbers])
        return contact_sheet(paintings(model, rgb, decodings[MODEL], domain), captions)

    counts = judgement.board.counts[MODEL]
    shown = spread(len(test), count)
    inked = {name: sheet(shown, domain=domain) for name, domain in inputs(model).items()}
    return inked | {
        "test": sheet(shown),
        "ranked": sheet([number for numbers in ranked.values() for number in numbers], captions),
        "errors": charts.error_curves(judgement.error_table()),
        "planes": charts.planes({"truth": counts["true_plane"], "painting": counts["plane"]}),
    }
