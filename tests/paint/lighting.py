"""What a painter does to the colours of areas that an artist left white."""

import numpy as np
from numpy.typing import NDArray

from colorize.colour.lab import lab_to_rgb, rgb_to_lab
from colorize.paint import flats


def lit(colour: tuple[float, float, float]) -> NDArray[np.float32]:
    """Lab of a bare area to which a network gives that Lab: lighter, of one hue and saturation."""
    rgb = lab_to_rgb(np.array(colour, np.float32)) / 255
    highest = rgb.max()
    vivid = min(1.0, (highest - rgb.min()) / highest / flats.VIVID)
    lighter = rgb * (1 - vivid + vivid * highest**flats.LIT / highest)
    return rgb_to_lab(np.rint(255 * lighter).astype(np.uint8))
