"""Scores several paintings of the same pictures, row by row."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour.encoding import NeighbourTable
from colorize.metrics.comparison import Comparison, Pictures, Truth
from colorize.metrics.scores import SCORES, Score, Sums
from colorize.metrics.tally import Resampler, Tally, alone

Paintings: TypeAlias = Mapping[str, NDArray[np.uint8]]
"""The rows' names, and their paintings uint8: (N, H, W, 3) of N pictures, or (H, W, 3) of one."""

ByRow: TypeAlias = dict[str, dict[str, float]]
"""Scores by row and name."""


COUNTS: Mapping[str, Callable[[Comparison], Sums]] = {
    "errors": lambda compared: compared.errors,
    "plane": lambda compared: compared.counts,
    "true_plane": lambda compared: compared.truth.counts,
}
"""What is counted for the charts, pixels of all pictures together; see `Comparison` for each."""


class _Added(NamedTuple):
    """What one picture of one row adds."""

    sums: dict[str, Sums]
    counts: dict[str, Sums]


class Scoreboard:
    """Scores rows picture by picture; memory does not grow with the number of pictures.

    Args:
        table: whose bins are counted.
        scores: which are wanted.
        counts: which of `COUNTS` are wanted.
        resamples: of the bootstrap; 0 for none.
        seed: of the bootstrap.
    """

    def __init__(
        self,
        table: NeighbourTable,
        scores: Mapping[str, Score[Comparison]] = SCORES,
        *,
        counts: Mapping[str, Callable[[Comparison], Sums]] = COUNTS,
        resamples: int = 0,
        seed: int = 0,
    ) -> None:
        self._table = table
        self._scores = scores
        self._updates = counts
        self._resampler = Resampler(resamples, seed)
        self.rows: dict[str, Tally[Comparison]] = {}
        self.counts: dict[str, dict[str, Sums]] = {}

    def add(self, pictures: Pictures, paintings: Paintings) -> list[ByRow]:
        """Add pictures of one size as every row paints them; all calls name the same rows.

        Returns:
            For every picture its own scores.
        """
        count = len(pictures.rgb)
        return self.add_each(
            [Truth(pictures.rgb[n], pictures.lab[n], self._table) for n in range(count)],
            [{row: rgb[n] for row, rgb in paintings.items()} for n in range(count)],
        )

    def add_each(self, truths: Sequence[Truth], paintings: Sequence[Paintings]) -> list[ByRow]:
        """Add pictures of any sizes: truths, and of each its paintings (H, W, 3) by every row."""
        names = list(paintings[0]) if paintings else []
        for row in names:
            self.rows.setdefault(row, Tally(self._scores))
            self.counts.setdefault(row, {})

        def judged(truth: Truth, painted: Paintings) -> dict[str, _Added]:
            return {row: self._added(row, truth, rgb) for row, rgb in painted.items()}

        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            found = list(pool.map(judged, truths, paintings))
        weights = self._resampler.draw(len(found))
        for row in names:
            self.rows[row].add([picture[row].sums for picture in found], weights)
            held = self.counts[row]
            for name in self._updates:
                counted = np.sum([picture[row].counts[name] for picture in found], axis=0)
                held[name] = held[name] + counted if name in held else counted
        return [
            {row: alone(self._scores, added.sums) for row, added in picture.items()}
            for picture in found
        ]

    def _added(self, row: str, truth: Truth, rgb: NDArray[np.uint8]) -> "_Added":
        compared = Comparison(truth, rgb)
        counts = {name: update(compared) for name, update in self._updates.items()}
        return _Added(self.rows[row].vectors(compared), counts)

    def scores(self) -> ByRow:
        """Every score of every row."""
        return {
            row: {name: float(values[0]) for name, values in tally.replicates().items()}
            for row, tally in self.rows.items()
        }
