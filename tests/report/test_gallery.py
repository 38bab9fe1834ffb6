from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from colorize.model.decode import Decoding
from colorize.model.weights import Model
from colorize.report import gallery
from tests.models import orange_model

__all__ = ["orange_model"]

Drawing = Callable[..., NDArray[np.uint8]]


def decoded(png: bytes) -> NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return bgr[..., ::-1]


def test_shape_and_places(drawing: Drawing) -> None:
    rgb = np.stack([drawing(number, 320, 320) for number in range(3)])
    columns = {"dark": rgb // 2, "true": rgb}
    png = gallery.contact_sheet(columns)
    sheet = decoded(png)
    side, gap = gallery.SHOWN_SIDE, gallery.GAP
    assert sheet.shape == (gallery.HEADER + 2 * (side + gap), 2 * (2 * side + gap) - gap, 3)
    for column, pictures in enumerate(columns.values()):
        place = sheet[gallery.HEADER : gallery.HEADER + side, column * side : (column + 1) * side]
        expected = cv2.resize(pictures[0], (side, side), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(place, expected)
    assert png == gallery.contact_sheet(columns)
    single = decoded(gallery.contact_sheet(columns, across=1))
    assert single.shape == (gallery.HEADER + 3 * (side + gap), 2 * side, 3)
    np.testing.assert_array_equal(
        single[: gallery.HEADER + side], sheet[: gallery.HEADER + side, : 2 * side]
    )


def test_captions_stand_below_their_pictures(drawing: Drawing) -> None:
    rgb = np.stack([drawing(number) for number in range(2)])
    plain, named = (
        decoded(gallery.contact_sheet({"true": rgb}, captions)) for captions in (None, ["", "best"])
    )
    assert named.shape[0] == plain.shape[0] + gallery.CAPTION
    below = named[gallery.HEADER + gallery.SHOWN_SIDE :]
    half = below.shape[1] // 2
    assert (below[:, :half] == 255).all()
    assert (below[:, half:] < 100).any()


def test_paintings(orange_model: Model) -> None:
    rgb = np.full((1, 64, 64, 3), 140, np.uint8)
    columns = gallery.paintings(orange_model, rgb, Decoding(0.38))
    assert list(columns) == ["grey", "painted", "true"]
    assert np.ptp(columns["grey"].astype(int), axis=-1).max() <= 1
    red, _, blue = columns["painted"][0, 32, 32].astype(int)
    assert red > blue + 50
    np.testing.assert_array_equal(columns["true"], rgb)


def test_spread() -> None:
    assert gallery.spread(3, 10) == [0, 1, 2]
    assert gallery.spread(100, 2) == [25, 75]


def test_extremes() -> None:
    scores = [float(number) for number in range(10)]
    assert gallery.extremes(scores, 2) == {"best": [9, 8], "median": [5, 4], "worst": [1, 0]}
    for count in range(1, 8):
        found = gallery.extremes(scores[:count], 3)
        chosen = [number for numbers in found.values() for number in numbers]
        assert len(chosen) == len(set(chosen)) >= 1
    assert gallery.extremes([1.0, 2.0], 5) == {"best": [1], "median": [], "worst": [0]}
