"""The trained model at work: grey in, colour out, at the size that came in."""

from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.model.decode import TEMPERATURE
from colorize.model.predict import predict
from colorize.model.weights import Model


class Painter:
    """Paints pictures with one model.

    Args:
        model: trained or in training; its network is used as it is at each call.
        temperature: T of the annealed mean.
    """

    def __init__(self, model: Model, *, temperature: float = TEMPERATURE) -> None:
        self.model = model
        self.temperature = temperature

    @classmethod
    def load(cls, path: Path | str, *, temperature: float = TEMPERATURE) -> Self:
        """Load a model file.

        Raises:
            ModelError: it is missing, damaged or no model of this project.
        """
        return cls(Model.load(Path(path)), temperature=temperature)

    def colours(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict ab of pictures (N, H, W) of the scale trained at: see `predict`."""
        return predict(self.model, lightness, temperature=self.temperature)

    def paint(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture by its lightness alone.

        The network sees the picture with its short side at the trained size; the colours are
        enlarged, the lightness stays that of the original.

        Args:
            rgb: (H, W, 3) uint8, grey or coloured.

        Returns:
            (H, W, 3) uint8.
        """
        lightness = lab.rgb_to_lab(rgb)[..., 0]
        height, width = lightness.shape
        scale = self.model.side / min(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        seen = cv2.resize(lightness, size, interpolation=method).clip(0, lab.L_MAX)
        ab = cv2.resize(self.colours(seen[None])[0], (width, height), interpolation=cv2.INTER_CUBIC)
        return lab.lab_to_rgb(np.dstack([lightness, ab]))
