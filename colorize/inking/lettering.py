"""Lettering: signs of strokes in columns, and lines of Latin letters.

The signs are skeletons of katakana, hiragana and simple kanji, alone or two to a square, so that
the texture is that of print. They say nothing.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.inking.subpixel import SHIFT, fixed

Script = Literal["signs", "latin"]

KANA = (
    "118164 534628|714416 5359|5053 1315 13837649|2282 5258 1888|1383 6169 6328|13838868 414419|"
    "2373 1686 4169|4115 33836729|3116 2484 646629|228288 2888|1484 3236 727549|2142 1435 295883|"
    "22825619 5588|158366 414888|4115 33836729 3466|3171 1484 545639|4149 4476|1484 515639|"
    "3272 1787|4219 6289|323888 8335|22828539|164398|128246 3568|2172 2474 1778|7119 2377|"
    "2272 1585 424888|148265 3159|228288 2585 2888|2171 14847639|3236 727649|313619 616885|323875|"
    "2282882822|1215 12827649|2133 298663|524628163362848759|3137588685|1362948748|713579|"
    "2372 2888|223648 7385|5159|4149 4476 7182 8293|5156 5859"
)
"""Strokes of each sign, parted by spaces; a stroke is points xy on a grid of 10, y downwards."""
KANJI = (
    "1282 1888 1218 8288|1282 1888 1218 8288 1585|1282 1888 1218 8288 1585 5258|"
    "5159 1484 5419 5489|511954 5489|1484 514619 5489|5159 1349 1989 8489|1282 2575 0998|"
    "1484 5159|5159 2575 1989|5159 1282 1272 1888 1585|1464 1218 8288 1585 1282 1888 5159|"
    "1353 1585 1888 3138|5159 1383 1585|1181 2373 1585 5559 2777 1999|1282 3238 6268 1585 1888|"
    "5152 1213 8283 1282 2575 5559 1999|1484 3136 7176 2977 2688|1383 5159 1779 3155 7155"
)
LATIN = "ABCDEFGHIJKLMNOPRSTUVWY"
_GRID = 10.0


def parse(table: str) -> list[list[NDArray[np.float32]]]:
    """Read signs: for each, its strokes (points, 2), x and y in 0..1."""
    return [
        [
            np.array([[int(x), int(y)] for x, y in zip(s[::2], s[1::2], strict=True)], np.float32)
            / _GRID
            for s in sign.split()
        ]
        for sign in table.split("|")
    ]


class Letters:
    """The signs, read once."""

    def __init__(self) -> None:
        self.kana = parse(KANA)
        self.kanji = parse(KANJI)

    def sign(self, rng: np.random.Generator) -> list[NDArray[np.float32]]:
        """Draw one sign: kana, a kanji, or two halves that make a denser one."""
        chance = rng.random()
        if chance < 0.62:
            return self.kana[int(rng.integers(len(self.kana)))]
        first, second = (self.kanji[int(n)] for n in rng.integers(len(self.kanji), size=2))
        if chance < 0.75:
            return first
        if chance < 0.92:  # left and right
            return _placed(first, 0.42, 1, 0, 0) + _placed(second, 0.55, 1, 0.44, 0)
        return _placed(first, 1, 0.45, 0, 0) + _placed(second, 1, 0.55, 0, 0.44)


def _placed(
    sign: Sequence[NDArray[np.float32]], wide: float, high: float, left: float, top: float
) -> list[NDArray[np.float32]]:
    """Squeeze a sign into a part of its square."""
    size, corner = np.array([wide, high], np.float32), np.array([left, top], np.float32)
    return [stroke * size + corner for stroke in sign]


def columns(
    ink: NDArray[np.uint8],
    letters: Letters,
    rng: np.random.Generator,
    *,
    counts: Sequence[int],
    size: float,
    centre: tuple[float, float],
    weight: float,
) -> None:
    """Write signs in columns, the first on the right.

    Args:
        ink: (H, W) uint8, drawn on: 255 is ink.
        letters: the signs.
        rng: draws them.
        counts: signs in each column.
        size: pixels from sign to sign.
        centre: of the text, x and y in pixels.
        weight: of the strokes, in pixels.
    """
    step = 1.25 * size
    right = centre[0] + step * (len(counts) - 1) / 2 - size / 2
    top = centre[1] - size * max(counts) / 2
    for number, count in enumerate(counts):
        for place in range(count):
            at = np.array([right - step * number, top + size * place], np.float32)
            strokes(ink, letters.sign(rng), size * 0.92, at, weight)


def strokes(
    ink: NDArray[np.uint8],
    sign: Sequence[NDArray[np.float32]],
    size: float,
    at: NDArray[np.float32],
    weight: float,
) -> None:
    """Draw one sign into a square of ``size`` pixels whose left upper corner is ``at``, (x, y)."""
    points = [fixed(stroke * size + at) for stroke in sign]
    thickness = max(1, round(weight))
    cv2.polylines(ink, points, False, 255, thickness, cv2.LINE_AA, SHIFT)


def latin(
    ink: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    counts: Sequence[int],
    size: float,
    centre: tuple[float, float],
    weight: float,
) -> None:
    """Write lines of capitals, centred; arguments as of `columns`, a line for each column."""
    font = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[
        int(rng.integers(3))
    ]
    thickness = max(1, round(weight))
    scale = size * 0.72 / 22  # Hershey's capitals are 22 pixels high
    top = centre[1] - size * len(counts) / 2
    for number, count in enumerate(counts):
        drawn = rng.choice(list(LATIN), count)
        gaps = rng.random(count) < 0.2
        text = "".join(" " if gap else str(sign) for sign, gap in zip(drawn, gaps, strict=True))
        (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
        at = (int(centre[0] - width / 2), int(top + size * (number + 0.85)))
        cv2.putText(ink, text, at, font, scale, 255, thickness, cv2.LINE_AA)
