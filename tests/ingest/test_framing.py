import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.ingest import framing as framing_module
from colorize.ingest.framing import MOST, Framing, square, squares

Draw = Callable[..., NDArray[np.uint8]]


def test_crop_keeps_the_top_of_tall_and_the_centre_of_wide_pictures() -> None:
    tall = np.zeros((90, 30, 3), np.uint8)
    tall[:30] = 200
    assert (square(tall, side=30, framing="crop") == 200).all()
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, 30:60] = 200
    assert (square(wide, side=30, framing="crop") == 200).all()


def test_pad_keeps_all_of_a_picture_on_white() -> None:
    wide = np.full((30, 90, 3), 100, np.uint8)
    padded = square(wide, side=60, framing="pad")
    assert (padded[20:40] == 100).all()
    assert (padded[:20] == 255).all()
    assert (padded[40:] == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (7, 3), (64, 64), (300, 500)])
@pytest.mark.parametrize("framing", ["crop", "pad", "panels"])
def test_shape(drawing: Draw, size: tuple[int, int], framing: Framing) -> None:
    _, framed = squares(np.resize(drawing(5), (*size, 3)), side=64, framing=framing)
    assert 1 <= len(framed) <= MOST
    assert {(rgb.shape, rgb.dtype.name) for rgb in framed} == {((64, 64, 3), "uint8")}


def marked(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose red and green tell the place of each pixel, in 1/256 of its sides."""
    rgb = np.full((height, width, 3), 90, np.uint8)
    rgb[..., 0] = np.linspace(30, 220, height)[:, None]
    rgb[..., 1] = np.linspace(30, 220, width)
    return rgb


def test_a_small_picture_is_cropped_once() -> None:
    for size in ((64, 64), (80, 64), (100, 105)):
        picture = marked(*size)
        cut, (only,) = squares(picture, side=64, framing="panels")
        assert cut == "whole"
        assert (only == square(picture, side=64, framing="crop")).all()


def test_panels_are_cut_into_squares_of_their_own() -> None:
    page = np.full((420, 300, 3), 255, np.uint8)
    page[10:110, 10:290] = (200, 40, 40)  # 2.8 : 1
    page[120:260, 10:150] = (40, 200, 40)
    page[120:260, 160:290] = (40, 40, 200)
    page[270:410, 10:290] = (200, 200, 40)  # 2 : 1
    cut, framed = squares(page, side=64, framing="panels")
    assert cut == "panels"
    colours = [tuple(np.median(rgb, axis=(0, 1)).astype(int)) for rgb in framed]
    assert colours == [
        (200, 40, 40), (200, 40, 40), (200, 40, 40), (40, 200, 40), (40, 40, 200),
        (200, 200, 40), (200, 200, 40),
    ]  # fmt: skip
    for rgb in framed:  # nothing of a gutter or of another panel
        assert np.abs(rgb.astype(int) - np.median(rgb, axis=(0, 1))).max() <= 2


def test_panels_too_small_for_a_square_are_passed_over() -> None:
    page = np.full((420, 300, 3), 255, np.uint8)
    page[10:300, 10:290] = marked(290, 280)
    page[310:350, 10:290] = (200, 40, 40)  # 40 high, of 64
    cut, framed = squares(page, side=64, framing="panels")
    assert (cut, len(framed)) == ("panels", 1)


def test_a_large_picture_without_gutters_is_covered_by_squares_that_overlap() -> None:
    picture = marked(600, 400)
    cut, framed = squares(picture, side=64, framing="panels")
    assert cut == "overlap"
    assert len(framed) == 6
    rows = sorted({(int(rgb[..., 0].min()), int(rgb[..., 0].max())) for rgb in framed})
    columns = sorted({(int(rgb[..., 1].min()), int(rgb[..., 1].max())) for rgb in framed})
    for spans in (rows, columns):
        assert spans[0][0] <= 32
        assert spans[-1][1] >= 218
        assert all(before[1] > after[0] for before, after in itertools.pairwise(spans))


def test_a_long_strip_gives_no_more_than_the_most() -> None:
    cut, framed = squares(marked(12_000, 200), side=64, framing="panels")
    assert cut == "overlap"
    assert len(framed) == MOST
    tops = [int(rgb[..., 0].min()) for rgb in framed]
    assert tops == sorted(tops)
    assert tops[-1] - tops[0] > 150  # from all over it


def test_other_framings_never_look_for_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing_module.gutters, "panels", lambda _: 1 / 0)
    for framing in ("crop", "pad"):
        assert squares(marked(400, 300), side=64, framing=framing)[0] == "whole"
