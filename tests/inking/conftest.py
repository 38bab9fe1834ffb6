"""What the tests of the inking share: screens made once, and a drawn figure."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking.page import Inker
from colorize.inking.params import InkingParams
from colorize.inking.screens import Screens

PLAIN = {
    "balloon_chance": 0.0,
    "panel_chance": 0.0,
    "effect_chance": 0.0,
    "scan_chance": 0.0,
}
"""Nothing but lines and tones."""

SKIN, HAIR, COAT, SKY = (242, 205, 178), (120, 60, 30), (60, 90, 170), (150, 210, 235)


@pytest.fixture(scope="session")
def screens() -> Screens:
    return Screens()


@pytest.fixture(scope="session")
def inker(screens: Screens) -> Inker:
    """Every effect may happen."""
    params = InkingParams(balloon_chance=0.7, panel_chance=0.7, effect_chance=0.7, scan_chance=0.7)
    return Inker(params, screens)


@pytest.fixture(scope="session")
def plain(screens: Screens) -> Inker:
    return Inker(InkingParams(**PLAIN), screens)


@pytest.fixture(scope="session")
def figure() -> NDArray[np.uint8]:
    """(160, 160, 3): face, hair and coat before a sky, with black outlines of 3 pixels."""
    rgb = np.full((160, 160, 3), SKY, np.uint8)
    for colour, thickness in ((COAT, -1), ((0, 0, 0), 3)):
        cv2.ellipse(rgb, (80, 170), (60, 60), 0, 0, 360, colour, thickness)
    for colour, thickness in ((HAIR, -1), ((0, 0, 0), 3)):
        cv2.circle(rgb, (80, 60), 45, colour, thickness)
    for colour, thickness in ((SKIN, -1), ((0, 0, 0), 3)):
        cv2.ellipse(rgb, (80, 76), (28, 32), 0, 0, 360, colour, thickness)
    return rgb
