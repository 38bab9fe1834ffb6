"""Contact sheets: pictures that one would rather look at than read about."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.judge.scores import Colourer

ACROSS = 2
HEADER = 24
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


def contact_sheet(rgb: NDArray[np.uint8], columns: Mapping[str, Colourer]) -> bytes:
    """Lay out each picture as the columns paint it, and last as it truly is.

    Args:
        rgb: (N, H, W, 3) uint8, the true pictures.
        columns: a title, and how the picture's lightness is painted below it.

    Returns:
        A PNG, `ACROSS` pictures to a row.
    """
    lightness = lab.rgb_to_lab(rgb)[..., 0]
    strips = {
        title: lab.lab_to_rgb(np.concatenate([lightness[..., None], paint(lightness)], axis=-1))
        for title, paint in columns.items()
    } | {"true": rgb}
    side = SHOWN_SIDE
    group = len(strips) * side + GAP
    rows = -(-len(rgb) // ACROSS)
    sheet = np.full((HEADER + rows * (side + GAP), ACROSS * group - GAP, 3), WHITE, np.uint8)
    for column, (title, pictures) in enumerate(strips.items()):
        for number, picture in enumerate(pictures):
            row, place = divmod(number, ACROSS)
            top, left = HEADER + row * (side + GAP), place * group + column * side
            shrunk = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
            sheet[top : top + side, left : left + side] = shrunk
            if row == 0:
                at = (left + 4, HEADER - 8)
                cv2.putText(sheet, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, BLACK, 1, cv2.LINE_AA)
    _, png = cv2.imencode(".png", sheet[..., ::-1])
    return png.tobytes()
