"""Lays a comic page out: rows of panels between gutters."""

from dataclasses import dataclass
from random import Random

ROWS = {3: (1, 2), 4: (1, 1, 2), 5: (2, 1, 2), 6: (2, 2, 2)}
"""Panels in each row of a page of so many panels; the rows are shuffled."""
MARGIN, GUTTER = 0.03, 0.014
"""Of the page, and between panels, in units of the page's width."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel's place on a page, in pixels, its border not included."""

    top: int
    left: int
    height: int
    width: int

    @property
    def rows(self) -> slice:
        """The rows of pixels that it covers."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """The columns of pixels that it covers."""
        return slice(self.left, self.left + self.width)


def frames(random: Random, width: int, height: int) -> tuple[Frame, ...]:
    """Lay out a page of three to six panels, in reading order of rows.

    Args:
        random: draws how many panels, and their sizes.
        width: of the page in pixels, as ``height``.
        height: at least the width.
    """
    rows = list(ROWS[random.choice(list(ROWS))])
    random.shuffle(rows)
    margin, gutter = round(MARGIN * width), max(2, round(GUTTER * width))
    laid = []
    for top, tall in _divided(random, margin, height - margin, len(rows), 2 * gutter):
        panels = rows.pop()
        for left, wide in _divided(random, margin, width - margin, panels, gutter):
            laid.append(Frame(top, left, tall, wide))
    return tuple(laid)


def _divided(random: Random, start: int, stop: int, parts: int, gap: int) -> list[tuple[int, int]]:
    """Divide a length into parts, uneven by up to a third: start and length of each."""
    weights = [random.uniform(0.8, 1.25) for _ in range(parts)]
    free = stop - start - gap * (parts - 1)
    ends = [round(free * sum(weights[: n + 1]) / sum(weights)) for n in range(parts)]
    starts = [0, *ends[:-1]]
    return [
        (start + n * gap + begin, end - begin)
        for n, (begin, end) in enumerate(zip(starts, ends, strict=True))
    ]
