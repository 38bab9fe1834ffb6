"""A painting beside the true picture, with the quantities that several scores share.

Whatever is computed is computed when a score first asks for it, and then kept: of the truth once
for all rows, of a painting once for all scores. Every score compares two 8-bit pictures that a
person could look at.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.metrics import formulas, ssim

REACH = 55
CELL = 2
"""The plane is counted in cells of 2 x 2, centred on even a and b from -110 to 110."""

CELLS = 2 * REACH + 1

ERRORS = int(formulas.AUC_LIMIT) + 1
"""Points of an error curve: 0 to 150, the end of the paper's AuC."""


@dataclass(frozen=True)
class Pictures:
    """A batch of true pictures.

    Attributes:
        first: number in the split of the first of them.
        rgb: (N, H, W, 3) uint8.
        lab: (N, H, W, 3) float32, the same in Lab.
        masks: by name, (N, H, W) bool: pixels over which scores may be taken alone.
    """

    first: int
    rgb: NDArray[np.uint8]
    lab: NDArray[np.float32]
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rgb: NDArray[np.uint8],
        first: int = 0,
        masks: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> "Pictures":
        """Make a batch of (N, H, W, 3) uint8 pictures."""
        return cls(first, rgb, lab.rgb_to_lab(rgb), masks or {})


class _Seen(ABC):
    """A picture (H, W, 3)."""

    @property
    @abstractmethod
    def planes(self) -> NDArray[np.float32]:
        """(3, H W): L, a and b one after the other."""

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """(`CELLS`, `CELLS`) pixels in each cell of the plane: a down, b across."""
        a, b = np.rint(self.planes[1:] / CELL).astype(np.int32).clip(-REACH, REACH) + REACH
        cells = np.bincount(a * CELLS + b, minlength=CELLS**2)
        return cells.reshape(CELLS, CELLS).astype(np.float64)


@dataclass(frozen=True)
class Truth(_Seen):
    """A true picture.

    Attributes:
        rgb: (H, W, 3) uint8.
        lab: (H, W, 3) float32.
        table: whose bins are counted.
    """

    rgb: NDArray[np.uint8]
    lab: NDArray[np.float32]
    table: NeighbourTable

    @cached_property
    def planes(self) -> NDArray[np.float32]:
        """(3, H W): L, a and b one after the other."""
        return np.ascontiguousarray(self.lab.reshape(-1, 3).T)

    @cached_property
    def bins(self) -> NDArray[np.int64]:
        """(H W,) the nearest bin of every pixel."""
        return self.table.nearest(self.lab[..., 1:]).ravel()

    @cached_property
    def moments(self) -> list[ssim.Moments]:
        """For the structural similarity."""
        return ssim.moments(self.rgb)


@dataclass(frozen=True)
class Comparison(_Seen):
    """A painting beside the truth.

    Attributes:
        truth: the true picture.
        rgb: (H, W, 3) uint8, the painting.
    """

    truth: Truth
    rgb: NDArray[np.uint8]

    @cached_property
    def planes(self) -> NDArray[np.float32]:
        """(3, H W): the painting's own L, a and b, after rounding to bytes."""
        return lab.rgb_to_planes(self.rgb)

    @cached_property
    def squared(self) -> NDArray[np.float32]:
        """(H W,) squared distance in ab."""
        a, b = self.planes[1:] - self.truth.planes[1:]
        squared: NDArray[np.float32] = a * a + b * b
        return squared

    @cached_property
    def auc_error(self) -> NDArray[np.float32]:
        """(H W,) what each pixel takes from the AuC, 0..1."""
        return formulas.auc_error(self.squared)

    @cached_property
    def errors(self) -> NDArray[np.float64]:
        """(`ERRORS`,) pixels whose distance in ab is at most 0, 1, ... 150."""
        up = np.minimum(np.ceil(np.sqrt(self.squared)), ERRORS).astype(np.int32)
        return np.bincount(up, minlength=ERRORS + 1)[:ERRORS].cumsum().astype(np.float64)
