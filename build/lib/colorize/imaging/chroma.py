"""Whether a picture has colours that its tones do not explain, or is grey, or as good as grey."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import ImageError

RGB: TypeAlias = NDArray[np.uint8]

MID_TONES = (5.0, 97.0)
"""L between which a colour is told from ink and paper, and from a sepia scan's clipped white."""
TONE_DEGREE = 3

FIRST_LOOK = 8
"""Every so many pixels, each way, are looked at first; three times the limit there is enough."""


def check(rgb: RGB, *, at_least: float) -> None:
    """Refuse a grey or sepia picture, which would teach that everything is grey.

    Raises:
        ImageError: ``grey``.
    """
    if measure(rgb[::FIRST_LOOK, ::FIRST_LOOK]) >= 3 * at_least:
        return
    measured = measure(rgb)
    if measured < at_least:
        raise ImageError("grey", f"chroma {measured:.2f} beyond its tones")


def measure(rgb: RGB) -> float:
    """Measure the colour that a picture's tones do not explain: near 0 for grey *and* for sepia.

    A grey scan, a tinted paper and a sepia print all give each L one colour. So ab is fitted by a
    cubic curve of L over the mid-tones, and what is left counts. Real illustrations leave 4 and
    more, sepia copies of the same 0.4 to 1.4.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Root mean square distance from the fitted tone curve, in units of ab.
    """
    planes = lab.rgb_to_planes(rgb)
    low, high = MID_TONES
    tones, a, b = planes[:, (planes[0] > low) & (planes[0] < high)].astype(np.float64)
    if len(tones) == 0:
        return 0.0
    powers = np.polynomial.chebyshev.chebvander(tones / 50 - 1, TONE_DEGREE)  # (n, 4)
    colours = np.stack([a, b], axis=1)  # (n, 2)
    # By the normal equations, which a hair on the diagonal keeps solvable where tones are few.
    square = powers.T @ powers + len(tones) * np.diag(np.full(TONE_DEGREE + 1, 1e-9))
    rest = colours - powers @ np.linalg.solve(square, powers.T @ colours)
    return float(np.sqrt((rest**2).sum(axis=1).mean()))
