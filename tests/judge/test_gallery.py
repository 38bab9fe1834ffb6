import cv2
import numpy as np

from colorize.judge import gallery
from colorize.judge.scores import all_grey


def test_shape_and_places(drawing) -> None:  # noqa: ANN001
    rgb = np.stack([drawing(number, 320, 320) for number in range(3)])
    png = gallery.contact_sheet(rgb, {"grey": all_grey})
    sheet = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    side, gap = gallery.SHOWN_SIDE, gallery.GAP
    assert sheet.shape == (gallery.HEADER + 2 * (side + gap), 2 * (2 * side + gap) - gap, 3)
    grey = sheet[gallery.HEADER : gallery.HEADER + side, :side]
    true = sheet[gallery.HEADER : gallery.HEADER + side, side : 2 * side]
    assert np.ptp(grey, axis=2).max() <= 1
    expected = cv2.resize(rgb[0], (side, side), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(true, expected)
    assert png == gallery.contact_sheet(rgb, {"grey": all_grey})


def test_spread() -> None:
    assert gallery.spread(3, 10) == [0, 1, 2]
    assert gallery.spread(100, 2) == [25, 75]
