"""What `quantise` fits and training reads: bins, neighbours, prior and weights."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from colorize import files
from colorize.colour import prior as priors
from colorize.colour import tones as by_tone
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import AB_LIMIT
from colorize.errors import DataError, one_line

MAX_BYTES = 1 << 26
"""Of all arrays; those of the default grid have 3 million."""

MAX_SIGMA = 1000.0
"""Of both kernels, in units of ab."""

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiser:
    """The colour classes of a data set.

    Attributes:
        table: bin centres and neighbours of every colour.
        prior: (Q,) float64, the empirical share of each bin.
        smoothed: (Q,) float64, the prior smoothed over the ab plane.
        weights: (Q,) float64, the class weights; their expectation under ``smoothed`` is 1.
        tones: (T, Q) float64, the share of each bin at each of T tones, evenly spaced from L = 0
            to 100.
        step: of the grid of bins, in units of ab.
        sigma: of the soft encoding, in units of ab.
        prior_sigma: of the smoothing, in units of ab.
        mix: share of the uniform in the class weights (lambda in the paper).
    """

    table: NeighbourTable
    prior: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    weights: NDArray[np.float64]
    tones: NDArray[np.float64]
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
        tones: NDArray[np.float64] | None = None,
        step: int,
        sigma: float,
        prior_sigma: float,
        mix: float,
    ) -> Self:
        """Turn counted pixels into prior and class weights.

        Args:
            counts: (Q,) pixels whose nearest bin it is.
            table: of the bins that were counted.
            tones: (T, Q) pixels by tone and bin; where not given, one tone, of ``smoothed``.
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
            tones=smoothed[None] if tones is None else by_tone.shares(tones),
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
                tones=self.tones,
                **{name: np.array(value) for name, value in self.constants().items()},
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged, or its arrays do not belong together.
        """
        try:
            held = _arrays(path)
            table = NeighbourTable(
                held["centres"], held["candidates"], held["certain"], int(held["neighbours"])
            )
            quantiser = cls(
                table=table,
                prior=held["prior"],
                smoothed=held["smoothed"],
                weights=held["weights"],
                tones=held["tones"],
                step=int(held["step"]),
                sigma=float(held["sigma"]),
                prior_sigma=float(held["prior_sigma"]),
                mix=float(held["mix"]),
            )
            quantiser._check()
        except FileNotFoundError:
            raise DataError(f"{path} does not exist: run the quantise stage first") from None
        except OSError as error:
            raise DataError(f"{path} cannot be read: {one_line(error)}") from None
        except Exception as error:  # noqa: BLE001 - whatever zipfile, zlib and numpy make of damage
            raise DataError(f"{path} is damaged ({one_line(error)}): run quantise again") from None
        return quantiser

    def _check(self) -> None:
        """See that the numbers are such as `fit` gives.

        Raises:
            ValueError: says what they are not.
        """
        table, bins = self.table, len(self.table.centres)
        constants = {
            "step": 1 <= self.step <= AB_LIMIT,
            "neighbours": 1 <= table.neighbours <= table.candidates.shape[-1],
            "sigma": 0 < self.sigma <= MAX_SIGMA,
            "prior_sigma": 0 <= self.prior_sigma <= MAX_SIGMA,
            "mix": 0 <= self.mix <= 1,
        }
        for name, right in constants.items():
            if not right:
                raise ValueError(f"{name} out of range")
        whole: Mapping[str, tuple[NDArray[Any], int, int]] = {
            "centres": (table.centres, -AB_LIMIT - self.step, AB_LIMIT + self.step),
            "candidates": (table.candidates, -1, bins - 1),
            "nearest candidates": (table.candidates[..., : table.neighbours], 0, bins - 1),
            "certain": (table.certain, -1, bins - 1),
        }
        for name, (array, low, high) in whole.items():
            if array.size == 0 or array.min() < low or array.max() > high:
                raise ValueError(f"{name} not within {low} and {high}")
        with np.errstate(all="ignore"):
            sums = {
                "prior": (self.prior, self.prior.sum()),
                "smoothed prior": (self.smoothed, self.smoothed.sum()),
                "weights": (self.weights, (self.smoothed * self.weights).sum()),
                "tones": (self.tones, self.tones.sum(axis=1)),
            }
        for name, (shares, total) in sums.items():
            sums_to_1 = np.all(np.abs(total - 1) <= SUM_TOLERANCE)  # no, where it is not finite
            if not np.isfinite(shares).all() or shares.min() < 0 or not sums_to_1:
                raise ValueError(f"{name} not shares of 1")


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz``, which have to be those that `Quantiser.save` writes.

    Nothing is allocated that the sizes of its members do not allow.
    """
    held: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sorted(member.filename for member in members) != sorted(f"{n}.npy" for n in _SHAPES):
            raise ValueError(f"its arrays are not {', '.join(_SHAPES)}")
        if sum(member.file_size for member in members) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        for member in members:
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:  # `archive.read` would unpack a bomb first
                content = file.read(member.file_size)
            stream = BytesIO(content)
            shape, dtype = files.array_header(stream, len(content))
            # A copy, because PyTorch warns of arrays that nobody can write to.
            held[name] = np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape).copy()
    sizes = {"Q": len(held["centres"]), "c": held["candidates"].shape[-1], "T": len(held["tones"])}
    for name, (kind, wanted) in _SHAPES.items():
        expected = tuple(sizes.get(str(size), size) for size in wanted)
        if held[name].dtype != kind or held[name].shape != expected:
            raise ValueError(f"{name} is {held[name].dtype} {held[name].shape}")
    return held


_PLANE = 2 * AB_LIMIT + 1
_SHAPES: Mapping[str, tuple[type, tuple[int | str, ...]]] = {
    "centres": (np.int64, ("Q", 2)),
    "candidates": (np.int16, (_PLANE, _PLANE, "c")),
    "certain": (np.int16, (_PLANE, _PLANE)),
    "prior": (np.float64, ("Q",)),
    "smoothed": (np.float64, ("Q",)),
    "weights": (np.float64, ("Q",)),
    "tones": (np.float64, ("T", "Q")),
    "step": (np.int64, ()),
    "neighbours": (np.int64, ()),
    "sigma": (np.float64, ()),
    "prior_sigma": (np.float64, ()),
    "mix": (np.float64, ()),
}
"""Types and shapes; Q is the number of bins, c of candidates, T of tones."""
