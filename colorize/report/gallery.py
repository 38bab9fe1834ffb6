"""Contact sheets of pictures: without colour, painted, and true."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.judge import views
from colorize.model.decode import Decoding
from colorize.model.domains import GREY, JUDGED, Domain, Key, Page
from colorize.model.weights import Model

HEADER = 24
CAPTION = 20
GAP = 6
SHOWN_SIDE = 160

WHITE, BLACK = 255, (0, 0, 0)


def spread(count: int, shown: int) -> list[int]:
    """Choose ``shown`` of ``count`` pictures, evenly spread, whatever their scores.

    >>> spread(10, 4)
    [1, 3, 6, 8]
    """
    shown = min(shown, count)
    return [int((number + 0.5) * count / shown) for number in range(shown)]


def extremes(scores: Sequence[float], shown: int) -> dict[str, list[int]]:
    """Choose the best pictures, those around the median, and the worst, best first.

    Args:
        scores: of every picture, higher being better.
        shown: how many of each; fewer where there are not enough, and none twice.

    >>> extremes([5.0, 1.0, 4.0, 2.0, 3.0], 1)
    {'best': [0], 'median': [4], 'worst': [1]}
    """
    order = sorted(range(len(scores)), key=lambda number: -scores[number])
    shown = min(shown, max(1, len(order) // 3))
    best, rest = order[:shown], order[shown:]
    worst, rest = rest[len(rest) - shown :], rest[: len(rest) - shown]
    start = (len(rest) - shown + 1) // 2
    return {"best": best, "median": rest[max(start, 0) :][:shown], "worst": worst}


def paintings(
    model: Model,
    rgb: NDArray[np.uint8],
    decoding: Decoding,
    domain: Domain = GREY,
) -> dict[str, NDArray[np.uint8]]:
    """Show pictures (N, H, W, 3) uint8 without colours, as the model paints them, and as they are.

    Args:
        model: to paint with.
        rgb: the true pictures.
        decoding: of its output.
        domain: of the pages that are made of the pictures.
    """
    keys = (Key(0, JUDGED, number) for number in range(len(rgb)))
    found = views.of([domain.view(one, key) for one, key in zip(rgb, keys, strict=True)])
    return {
        "grey": np.stack([lab.lab_to_rgb(_grey(page)) for page in found.pages]),
        "painted": found.join(found.predict(model).colours(*decoding)),
        "true": found.truth.rgb,
    }


def _grey(page: Page) -> NDArray[np.float32]:
    """Lab (H, W, 3) of a page without its colours."""
    return np.pad(page.lightness[..., None], ((0, 0), (0, 0), (0, 2)))


def contact_sheet(
    columns: Mapping[str, NDArray[np.uint8]],
    captions: Sequence[str] | None = None,
    *,
    across: int = 2,
) -> bytes:
    """Lay out each picture in all its columns.

    Args:
        columns: a title, and the pictures (N, H, W, 3) uint8 below it.
        captions: a line below each of the N, where wanted.
        across: pictures to a row.

    Returns:
        A PNG.
    """
    count = len(next(iter(columns.values())))
    side, step = SHOWN_SIDE, SHOWN_SIDE + GAP + (CAPTION if captions else 0)
    group = len(columns) * side + GAP
    rows = -(-count // across)
    sheet = np.full((HEADER + rows * step, across * group - GAP, 3), WHITE, np.uint8)
    for number in range(count):
        row, place = divmod(number, across)
        top = HEADER + row * step
        for column, (title, pictures) in enumerate(columns.items()):
            left = place * group + column * side
            shrunk = cv2.resize(pictures[number], (side, side), interpolation=cv2.INTER_AREA)
            sheet[top : top + side, left : left + side] = shrunk
            if row == 0:
                _write(sheet, title, left, HEADER - 8)
        if captions:
            _write(sheet, captions[number], place * group, top + side + CAPTION - 5)
    # Sheets are kept in Git: a second each saves a third of their bytes.
    _, png = cv2.imencode(".png", sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return png.tobytes()


def _write(sheet: NDArray[np.uint8], text: str, left: int, bottom: int) -> None:
    at = (left + 4, bottom)
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, BLACK, 1, cv2.LINE_AA)
