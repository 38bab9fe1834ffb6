"""What the quantise stage fits and training gathers from: bins, neighbours, prior and weights."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.colour import prior as priors
from colorize.colour.encoding import NeighbourTable
from colorize.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiser:
    """The colour classes of a data set.

    Attributes:
        table: bin centres and neighbours of every colour.
        prior: (Q,) float64, the empirical share of each bin.
        smoothed: (Q,) float64, the prior smoothed over the ab plane.
        weights: (Q,) float64, the class weights; their expectation under ``smoothed`` is 1.
        step: of the grid of bins, in units of ab.
        sigma: of the soft encoding, in units of ab.
        prior_sigma: of the smoothing, in units of ab.
        mix: share of the uniform in the class weights (lambda in the paper).
    """

    table: NeighbourTable
    prior: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    weights: NDArray[np.float64]
    step: int
    sigma: float
    prior_sigma: float
    mix: float

    @classmethod
    def fit(
        cls,
        counts: NDArray[np.int64],
        table: NeighbourTable,
        *,
        step: int,
        sigma: float,
        prior_sigma: float,
        mix: float,
    ) -> Self:
        """Turn counted pixels into prior and class weights.

        Args:
            counts: (Q,) pixels whose nearest bin it is.
            table: of the bins that were counted.
            step: see the attributes, as for the others.
            sigma: of the soft encoding.
            prior_sigma: of the smoothing.
            mix: share of the uniform.

        Raises:
            DataError: without the uniform (``mix`` 0) a bin of no probability has no weight.
        """
        prior = counts / counts.sum()
        smoothed = priors.smooth(prior, table.centres, prior_sigma)
        if mix == 0 and not (smoothed > 0).all():
            raise DataError(
                f"{int((smoothed == 0).sum())} bins are never used: "
                "with quantise.mix 0 they need quantise.prior_sigma above 0"
            )
        weights = priors.class_weights(smoothed, mix)
        return cls(
            table=table,
            prior=prior,
            smoothed=smoothed,
            weights=weights,
            step=step,
            sigma=sigma,
            prior_sigma=prior_sigma,
            mix=mix,
        )

    def constants(self) -> dict[str, float]:
        """The numbers that the arrays were made with."""
        return {
            "step": self.step,
            "neighbours": self.table.neighbours,
            "sigma": self.sigma,
            "prior_sigma": self.prior_sigma,
            "mix": self.mix,
        }

    def save(self, path: Path) -> None:
        """Write one ``.npz``; the same quantiser gives the same bytes."""
        with files.atomic(path) as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                centres=self.table.centres,
                candidates=self.table.candidates,
                certain=self.table.certain,
                prior=self.prior,
                smoothed=self.smoothed,
                weights=self.weights,
                **{name: np.array(value) for name, value in self.constants().items()},
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                held = dict(content)
            table = NeighbourTable(
                held["centres"], held["candidates"], held["certain"], int(held["neighbours"])
            )
            return cls(
                table=table,
                prior=held["prior"],
                smoothed=held["smoothed"],
                weights=held["weights"],
                step=int(held["step"]),
                sigma=float(held["sigma"]),
                prior_sigma=float(held["prior_sigma"]),
                mix=float(held["mix"]),
            )
        except FileNotFoundError:
            raise DataError(f"{path} does not exist: run the quantise stage first") from None
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged ({error}): run quantise again") from None
