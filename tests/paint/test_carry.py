"""Regions of drawn pages: outlines part them, gaps are closed, limbs are not cut off."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.paint import carry
from colorize.paint.carry import Seed
from colorize.paint.inked import Kind

WHITE = 100.0


def paper(height: int = 300, width: int = 240) -> NDArray[np.float32]:
    return np.full((height, width), WHITE, np.float32)


def test_an_outline_parts_inside_and_outside_although_it_has_a_gap() -> None:
    page = paper()
    cv2.ellipse(page, (120, 150), (80, 80), 0, 4, 360, 0.0, 2)  # open by some 6 pixels
    regions = carry.divide(page, "ink", [Seed(150, 120, 2), Seed(10, 10, 2), Seed(150, 70, 2)])
    inside, outside, left = regions.seeded
    assert inside != outside
    assert inside == left
    assert regions.number[290, 230] == outside
    assert regions.area[inside] > 0.8 * np.pi * 75**2


def crossed(opening: slice, thick: int) -> NDArray[np.float32]:
    """A page (300, 240) with a line from its top to its bottom, open for some rows."""
    page = paper()
    page[:, 120 : 120 + thick] = 0
    page[opening] = WHITE
    return page


def parts_sides(page: NDArray[np.float32], kind: Kind) -> bool:
    """Tell whether left and right are two regions; so must be above and below when it lies."""
    found = []
    for lying in (False, True):
        seeds = [Seed(150, 40, 2), Seed(150, 200, 2)]
        if lying:
            page, seeds = np.ascontiguousarray(page.T), [Seed(s.column, s.row, 2) for s in seeds]
        left, right = carry.divide(page, kind, seeds).seeded
        found.append(left != right)
    assert found[0] == found[1]
    return bool(found[0])


@pytest.mark.parametrize("thick", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["grey", "ink"])
def test_a_line_to_the_border_parts_its_sides_although_it_has_a_gap(kind: Kind, thick: int) -> None:
    widest = int(0.9 * carry.GAP[kind] * 240)
    for gap in (2, widest // 2, widest):
        for top in (30, 150, 250):
            assert parts_sides(crossed(slice(top, top + gap), thick), kind)
        assert parts_sides(crossed(slice(300 - gap, 300), thick), kind)  # it stops short
        assert parts_sides(crossed(slice(0, gap), thick), kind)
    assert not parts_sides(crossed(slice(100, 200), thick), kind)
    assert not parts_sides(crossed(slice(240, 300), thick), kind)


@pytest.mark.parametrize("thick", [2, 4])
@pytest.mark.parametrize("kind", ["grey", "ink"])
def test_a_gap_in_a_thick_outline_is_closed(kind: Kind, thick: int) -> None:
    page = paper()
    cv2.rectangle(page, (60, 60), (180, 240), 0, thick)
    page[150:156, :120] = WHITE
    inside, outside = carry.divide(page, kind, [Seed(150, 120, 2), Seed(20, 20, 2)]).seeded
    assert inside != outside


@pytest.mark.parametrize("kind", ["grey", "ink"])
def test_a_strip_between_two_parts_belongs_to_both(kind: Kind) -> None:
    """It is as narrow as a gap, but no gap is so long."""
    page = paper()
    shape = np.zeros(page.shape, np.uint8)
    for left in (20, 160):
        cv2.rectangle(shape, (left, 100), (left + 60, 200), 1, -1)
    cv2.rectangle(shape, (70, 146), (170, 153), 1, -1)
    page[cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0] = 0
    seeds = [Seed(120, 50, 1), Seed(150, 120, 1), Seed(120, 190, 1), Seed(20, 20, 1)]
    left, strip, right, outside = carry.divide(page, kind, seeds).seeded
    assert left == strip == right != outside


def test_an_arm_belongs_to_its_body() -> None:
    page = paper()
    body = np.zeros(page.shape, np.uint8)
    cv2.rectangle(body, (80, 100), (160, 280), 1, -1)
    cv2.rectangle(body, (20, 120), (100, 132), 1, -1)
    outline = cv2.morphologyEx(body, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    page[outline > 0] = 0
    regions = carry.divide(page, "ink", [Seed(200, 120, 1), Seed(126, 40, 1), Seed(20, 20, 1)])
    assert regions.seeded[0] == regions.seeded[1] != regions.seeded[2]


def test_every_pixel_has_a_region_and_every_seed_its_own() -> None:
    page = paper(61, 47)
    page[::3] = 0  # nothing but lines
    regions = carry.divide(page, "ink", [Seed(30, 20, 0)])
    assert regions.number.shape == page.shape
    assert regions.number.min() == 0
    assert regions.number.max() == len(regions) - 1
    assert regions.area[regions.seeded[0]] > 0
    for size in ((1, 1), (1, 50), (50, 1), (2, 3)):
        assert len(carry.divide(np.full(size, 50, np.float32), "ink", [Seed(0, 0, 1)])) >= 1


def test_hints_of_two_colours_divide_a_region_where_it_is_narrow() -> None:
    """Two rooms with a wide door between: each of the colours has its own room."""
    page = paper()
    page[148:151, :80] = page[148:151, 160:] = 0
    seeds = [Seed(20, 200, 2), Seed(290, 20, 2)]
    together = carry.divide(page, "ink", seeds, apart=[0, 0])
    assert together.seeded[0] == together.seeded[1]
    regions = carry.divide(page, "ink", seeds, apart=[0, 1])
    above, below = regions.seeded
    assert above != below
    assert (regions.number[:130] == above).mean() > 0.99
    assert (regions.number[170:] == below).mean() > 0.99


def test_a_seed_on_a_line_makes_a_region_of_it() -> None:
    page = paper()
    page[100:104, 20:200] = 40.0
    regions = carry.divide(page, "ink", [Seed(101, 100, 0), Seed(30, 30, 0)])
    line, beside = regions.seeded
    assert line != beside
    assert (regions.number[101:103, 30:190] == line).mean() > 0.95


def test_features_are_those_of_the_place() -> None:
    page = paper(64, 64)
    page[:, 31:33] = 0
    shares = np.zeros((16, 16, 3), np.float32)
    shares[:, :8, 0] = shares[:, 8:, 2] = 1
    regions = carry.divide(page, "ink", [Seed(10, 5, 1), Seed(10, 60, 1)])
    left, right = regions.seeded
    pooled = regions.pooled(shares, (16, 16))
    np.testing.assert_allclose(pooled[[left, right]], [[1, 0, 0], [0, 0, 1]], atol=0.05)
    near = carry.alike(regions, pooled, regions.seeded)
    assert near[0, left] == pytest.approx(1, abs=0.01)
    assert near[1, right] == pytest.approx(1, abs=0.01)
    assert near[0, right] == pytest.approx(0, abs=0.01)
    assert near[1, left] == pytest.approx(0, abs=0.01)


def test_regions_far_away_are_less_alike() -> None:
    page = paper(60, 240)
    page[:, 39:41] = page[:, 199:201] = 0
    regions = carry.divide(page, "ink", [Seed(30, column, 1) for column in (20, 120, 220)])
    same = np.full((len(regions), 4), 0.25, np.float32)
    near = carry.alike(regions, same, regions.seeded[:1])[0][regions.seeded]
    assert near[0] == pytest.approx(1)
    assert 0.9 > near[1] > 2 * near[2] > 0
