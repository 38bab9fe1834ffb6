import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab

from colorize.inking import regions

COLOURS = [(230, 60, 50), (50, 120, 220), (250, 220, 80), (60, 160, 70)]


@pytest.fixture
def quarters() -> NDArray[np.uint8]:
    """(60, 80, 3): four colours in four corners."""
    rgb = np.empty((60, 80, 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        row, column = divmod(number, 2)
        rgb[row * 30 : row * 30 + 30, column * 40 : column * 40 + 40] = colour
    return rgb


def test_values(quarters: NDArray[np.uint8]) -> None:
    found = regions.segment(quarters)
    assert len(found) == 4
    assert len(set(found.colour.tolist())) == 4
    for row in (0, 30):
        for column in (0, 40):
            block = found.number[row : row + 30, column : column + 40]
            inner = block[2:-2, 2:-2]
            assert (inner == inner[0, 0]).all()
            lab = rgb2lab(quarters[row, column] / 255)
            np.testing.assert_allclose(found.lab[inner[0, 0]], lab, atol=6)  # edges are in it
    np.testing.assert_allclose(found.area, 0.25, atol=0.03)
    assert found.area.sum() == pytest.approx(1)


def test_an_outline_joins_what_it_surrounds(quarters: NDArray[np.uint8]) -> None:
    cv2.line(quarters, (0, 30), (80, 30), (0, 0, 0), 2)
    cv2.line(quarters, (40, 0), (40, 60), (0, 0, 0), 2)
    found = regions.segment(quarters)
    assert len(found) == 4


def test_every_region_has_pixels_and_every_pixel_a_region(rng: np.random.Generator) -> None:
    for size in ((1, 1), (1, 40), (40, 1), (3, 3), (64, 61)):
        for scale in (1, 6):
            rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8).repeat(scale, 0).repeat(scale, 1)
            found = regions.segment(rgb)
            assert found.number.shape == rgb.shape[:2]
            assert set(np.unique(found.number)) == set(range(len(found)))
            assert np.isfinite(found.lab).all()


def test_light_and_shadow_of_one_material_are_one_region() -> None:
    rgb = np.full((60, 60, 3), (235, 110, 110), np.uint8)
    rgb[:, 30:] = (190, 85, 85)
    assert len(regions.segment(rgb)) == 1


def test_specks_are_no_regions(rng: np.random.Generator) -> None:
    rgb = np.full((80, 80, 3), (200, 220, 240), np.uint8)
    for y, x in rng.integers(5, 75, (20, 2)):
        rgb[y : y + 2, x : x + 2] = (200, 20, 20)
    assert len(regions.segment(rgb)) == 1


def test_the_same_colour_in_two_places_is_two_regions_of_one_colour() -> None:
    rgb = np.full((60, 90, 3), 255, np.uint8)
    rgb[10:50, 10:30] = rgb[10:50, 60:80] = (40, 60, 200)
    found = regions.segment(rgb)
    first, second = found.number[30, 20], found.number[30, 70]
    assert first != second
    assert found.colour[first] == found.colour[second]
