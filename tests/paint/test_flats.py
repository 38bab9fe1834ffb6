"""Flat colours under inked pages, of what a blotchy network gives, and with its worst answers."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.colour.lab import lab_to_rgb, rgb_to_lab
from colorize.ingest.gutters import Box
from colorize.paint import flats
from colorize.paint.scale import panels_of
from tests.paint.lighting import lit

Lab = NDArray[np.float32]
SKIN, BLUE = (80, 15, 20), (60, 0, -40)


def page() -> NDArray[np.uint8]:
    """A page (1200, 840): gutters, two panels, a balloon with two columns of signs, a face."""
    made = np.full((1200, 840), 255, np.uint8)
    cv2.rectangle(made, (40, 40), (800, 560), 0, 3)
    cv2.rectangle(made, (40, 600), (800, 1160), 0, 3)
    cv2.ellipse(made, (220, 220), (120, 150), 0, 0, 360, 0, 3)
    for left in (180, 230):
        for top in range(130, 310, 30):
            cv2.rectangle(made, (left, top), (left + 22, top + 22), 0, 3)
            cv2.line(made, (left, top + 11), (left + 22, top + 11), 0, 3)
    cv2.ellipse(made, (560, 320), (130, 170), 0, 0, 360, 0, 3)
    for left in (500, 600):  # eyes, and a mouth
        cv2.ellipse(made, (left, 280), (18, 10), 0, 0, 360, 0, 3)
        cv2.circle(made, (left, 280), 6, 0, -1)
    cv2.ellipse(made, (555, 400), (30, 8), 0, 0, 180, 0, 3)
    return made


def truth(size: tuple[int, int] = (1200, 840)) -> Lab:
    """What the layer under that page should be."""
    made = np.empty((1200, 840, 3), np.float32)
    made[:] = (100, 0, 0)
    made[40:560, 40:800], made[600:1160, 40:800] = BLUE, SKIN
    mask = np.zeros((1200, 840), np.uint8)
    cv2.ellipse(mask, (560, 320), (130, 170), 0, 0, 360, 2, -1)
    cv2.ellipse(mask, (220, 220), (120, 150), 0, 0, 360, 1, -1)
    made[mask == 2], made[mask == 1] = SKIN, (100, 0, 0)
    shrunk = cv2.resize(made, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


def seen(rng: np.random.Generator) -> Lab:
    """The same as a network sees it: at a quarter of (364, 256), blotchy and dull."""
    small = truth((91, 64)) + rng.normal(0, 4, (91, 64, 3)).astype(np.float32)
    small = 0.85 * small + 0.15 * small.mean((0, 1))
    full = cv2.resize(small, (256, 364), interpolation=cv2.INTER_CUBIC)
    full[..., 0] = full[..., 0].clip(0, 100)
    return np.asarray(full, np.float32)


def full(layer: NDArray[np.uint8]) -> Lab:
    """A layer in Lab, at the size of the page."""
    return rgb_to_lab(np.asarray(cv2.resize(layer, (840, 1200)), np.uint8))


BALLOON = (slice(120, 320), slice(170, 270))
GUTTER = (slice(570, 592), slice(0, 840))
MARGIN = (slice(0, 1200), slice(0, 34))


@pytest.mark.parametrize("snap", [True, False])
def test_white_is_white_and_nothing_runs_over_a_line(
    rng: np.random.Generator, *, snap: bool
) -> None:
    drawn, wanted = page(), truth()
    layer = full(flats.lay(drawn, seen(rng), snap=snap).rgb)
    for place in (BALLOON, GUTTER, MARGIN):
        assert np.hypot(*np.moveaxis(layer[place][..., 1:], -1, 0)).max() < 0.1
        assert layer[place][..., 0].min() > 99.9
    paper = drawn == 255
    error = np.sqrt(np.square(layer - wanted).sum(-1))
    assert np.median(error[paper]) < 14
    # Beside each line it is as it is further inside.
    assert np.percentile(error[paper], 99.5) < 30
    face = layer[250:262, 540:560].reshape(-1, 3)
    if snap:
        assert np.ptp(face, axis=0).max() < 1


def test_a_balloon_and_a_gutter_stay_white_whatever_is_said_of_them(
    rng: np.random.Generator,
) -> None:
    """The network tints all of the page like skin: the face takes it."""
    tinted = np.empty((364, 256, 3), np.float32)
    tinted[:] = (88, 6, 9)
    tinted += rng.normal(0, 2, tinted.shape)
    layer = full(flats.lay(page(), tinted).rgb)
    for place in (BALLOON, GUTTER, MARGIN):
        assert np.hypot(*np.moveaxis(layer[place][..., 1:], -1, 0)).max() < 0.1
    np.testing.assert_allclose(layer[350, 560], (88, 6, 9), atol=2)
    np.testing.assert_allclose(layer[900, 400], (88, 6, 9), atol=2)


def test_without_settling_an_area_keeps_what_the_network_says() -> None:
    said = np.empty((364, 256, 3), np.float32)
    said[:] = (40, 15, 25)
    lit, kept = (full(flats.lay(page(), said, snap=snap).rgb) for snap in (True, False))
    np.testing.assert_allclose(kept[350, 560], (40, 15, 25), atol=2)
    assert lit[350, 560, 0] > 45


@pytest.mark.parametrize("gap", [0, 1, 12])
@pytest.mark.parametrize("sign", [8, 15, 25, 40])
def test_signs_that_touch_are_lettering(gap: int, sign: int) -> None:
    """Three columns of dense signs, closer than lines are wide; the page is said to be skin."""
    drawn = np.full((1170, 830), 255, np.uint8)
    cv2.rectangle(drawn, (30, 30), (800, 1140), 0, 3)
    width, height = 3 * (sign + gap), 8 * (sign + 3)
    balloon = slice(80, 180 + height), slice(80, 180 + width)
    cv2.rectangle(drawn, (80, 80), (180 + width, 180 + height), 0, 3)
    for number in range(24):
        x, y = 130 + number % 3 * (sign + gap), 130 + number // 3 * (sign + 3)
        step = max(4, sign // 3)
        for along in range(0, sign + 1, step):
            cv2.line(drawn, (x + along, y), (x + along, y + sign - sign % step), 0, 1 + sign // 40)
            cv2.line(drawn, (x, y + along), (x + sign - sign % step, y + along), 0, 1 + sign // 40)
    tinted = np.empty((364, 258, 3), np.float32)
    tinted[:] = (75, 15, 25)
    painted = flats.lay(drawn, tinted).rgb
    layer = rgb_to_lab(np.asarray(cv2.resize(painted, (830, 1170)), np.uint8))
    inside = layer[balloon][6:-6, 6:-6]
    assert (np.hypot(inside[..., 1], inside[..., 2]) > 3).mean() < 0.01
    assert np.hypot(*layer[1000, 600, 1:]) > 20


def test_a_dense_pattern_that_is_no_lettering_takes_the_colour() -> None:
    """A net of the length of touching signs, alone in a face: there are no other signs."""
    drawn = np.full((1170, 830), 255, np.uint8)
    cv2.circle(drawn, (400, 500), 200, 0, 3)
    for along in range(0, 121, 12):
        cv2.line(drawn, (340 + along, 440), (340 + along, 560), 0, 3)
        cv2.line(drawn, (340, 440 + along), (460, 440 + along), 0, 3)
    tinted = np.empty((364, 258, 3), np.float32)
    tinted[:] = (75, 15, 25)
    painted = flats.lay(drawn, tinted).rgb
    layer = rgb_to_lab(np.asarray(cv2.resize(painted, (830, 1170)), np.uint8))
    assert np.hypot(*layer[400, 400, 1:]) > 20
    assert np.hypot(*layer[506, 406, 1:]) > 20


def test_a_gap_in_a_line_is_closed() -> None:
    drawn = np.full((600, 600), 255, np.uint8)
    drawn[:, 298:302] = 0
    drawn[290:297, 298:302] = 255
    colours = np.empty((300, 300, 3), np.float32)
    colours[:, :150], colours[:, 150:] = BLUE, SKIN
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    np.testing.assert_allclose(layer[100, 280], lit(BLUE), atol=1)
    np.testing.assert_allclose(layer[293, 285], lit(BLUE), atol=1)
    np.testing.assert_allclose(layer[293, 315], lit(SKIN), atol=1)


def test_an_even_gradient_stays_and_noise_goes(rng: np.random.Generator) -> None:
    drawn = np.full((600, 600), 255, np.uint8)
    cv2.rectangle(drawn, (50, 50), (550, 550), 0, 4)
    ramp = np.zeros((150, 150, 3), np.float32)
    ramp[..., 0] = np.linspace(30, 70, 150)[:, None]
    ramp[..., 2] = 30
    noisy = ramp + rng.normal(0, 3, ramp.shape).astype(np.float32)
    layer = rgb_to_lab(flats.lay(drawn, noisy).rgb)
    rows = np.array([100, 300, 500])
    # The area is lit as the colour in its middle is, and keeps its hue.
    np.testing.assert_allclose(layer[300, 300], lit((50, 0, 30)), atol=2)
    lightness = layer[rows, 300, 0] / ramp[rows // 4, 75, 0]
    np.testing.assert_allclose(lightness, lightness[1], rtol=0.02)
    hue = np.degrees(np.arctan2(layer[rows, 300, 2], layer[rows, 300, 1]))
    np.testing.assert_allclose(hue, 90, atol=2)
    assert layer[300, 80:520].std(axis=0).max() < 1


def test_things_of_one_area_that_differ_keep_their_colours() -> None:
    drawn = np.full((400, 400), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (380, 380), 0, 4)
    colours = np.empty((200, 200, 3), np.float32)
    red, green = (50.0, 60.0, 40.0), (50.0, -50.0, 40.0)
    colours[:] = red
    colours[60:140, 60:140] = green
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    np.testing.assert_allclose(layer[60, 60], lit(red), atol=2)
    gain = lab_to_rgb(lit(red)).max() / lab_to_rgb(np.array(red)).max()  # of the whole area
    expected = np.rint(gain * lab_to_rgb(np.array(green))).astype(np.uint8)
    np.testing.assert_allclose(layer[200, 200], rgb_to_lab(expected), atol=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (90, 3), (40, 40)])
@pytest.mark.parametrize("value", [0, 130, 255])
def test_pages_with_nothing_on_them(size: tuple[int, int], value: int) -> None:
    colours = np.full((*size, 3), 40, np.float32)
    layer = flats.lay(np.full(size, value, np.uint8), colours).rgb
    assert (layer.shape, layer.dtype) == ((*size, 3), np.uint8)


def test_black_has_no_colour() -> None:
    drawn = np.full((400, 400), 255, np.uint8)
    cv2.circle(drawn, (200, 200), 100, 0, -1)
    colours = np.empty((200, 200, 3), np.float32)
    colours[:] = SKIN
    layer = flats.lay(drawn, colours).rgb
    assert (layer[150:250, 150:250] == 255).all()
    np.testing.assert_allclose(rgb_to_lab(layer)[50, 50], lit(SKIN), atol=1)
    np.testing.assert_allclose(rgb_to_lab(layer)[200, 101], lit(SKIN), atol=1)


def test_a_wide_margin_around_panels_is_white_though_the_network_tints_it() -> None:
    drawn = np.full((900, 700), 255, np.uint8)
    for top, left in ((60, 60), (60, 350), (460, 60), (460, 350)):
        drawn[top : top + 380, left : left + 270] = 0
        drawn[top + 4 : top + 376, left + 4 : left + 266] = 255
        drawn[top + 100 : top + 200, left + 80 : left + 180] = 90
    tinted = np.empty((64, 50, 3), np.float32)
    tinted[...] = 70, -12, -10
    laid = flats.lay(drawn, tinted, panels_of(drawn), snap=True).rgb
    scale = len(laid) / 900
    for row, column in ((30, 350), (450, 200), (300, 670), (300, 340)):
        assert laid[round(row * scale), round(column * scale)].min() >= 250, (row, column)
    assert laid[round(400 * scale), round(200 * scale)].min() < 220


def test_a_tone_darkens_a_colour_and_does_not_turn_it() -> None:
    """The network takes the toned part of a face for green; the larger part decides."""
    drawn = np.full((700, 600), 255, np.uint8)
    cv2.ellipse(drawn, (300, 350), (200, 250), 0, 0, 360, 0, 4)
    inside = np.zeros_like(drawn)
    cv2.ellipse(inside, (300, 350), (194, 244), 0, 0, 360, 1, -1)
    inside[:420] = 0
    dots = np.zeros_like(drawn)
    dots[2::6, 2::6] = 1
    drawn[cv2.dilate(dots, np.ones((2, 2), np.uint8)) * inside > 0] = 0
    skin, green = (72.0, 15.0, 25.0), (78.0, -15.0, 8.0)
    colours = np.empty((175, 150, 3), np.float32)
    colours[:] = skin
    colours[105:] = green
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    bare, toned = layer[200:400, 250:350], layer[470:560, 250:350]
    for part in (bare, toned):
        hue = np.degrees(np.arctan2(part[..., 2], part[..., 1]))
        assert np.abs(hue - np.degrees(np.arctan2(skin[2], skin[1]))).max() < 4


def test_a_background_has_no_halo_around_a_figure() -> None:
    """The network paints what is near lines orange: of a large area most is blue."""
    drawn = np.full((800, 600), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (580, 780), 0, 4)
    cv2.circle(drawn, (300, 420), 110, 0, 4)
    orange, blue = (68.0, 15.0, 25.0), (80.0, -5.0, -8.0)
    away = np.hypot(*np.mgrid[-105:95, -75:75])
    colours = np.where(away[..., None] < 42, orange, blue).astype(np.float32)
    colours = np.asarray(cv2.GaussianBlur(colours, (0, 0), 6), np.float32)
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    outside = np.hypot(*np.mgrid[-420:380, -300:300]) > 120
    outside[:30], outside[-30:], outside[:, :30], outside[:, -30:] = 0, 0, 0, 0
    found = layer[outside]
    assert np.ptp(found[:, 1:], axis=0).max() < 3
    np.testing.assert_allclose(np.median(found[:, 1:], axis=0), blue[1:], atol=4)


@pytest.mark.parametrize("shade", [1.0, 0.85])
def test_gutters_between_slanted_panels_are_white(shade: float) -> None:
    """And the margin beside them, on a page that is lit unevenly as well."""
    drawn = np.full((1200, 850), 255, np.uint8)
    panels = (
        [(110, 0), (849, 0), (849, 300), (110, 380)],
        [(110, 410), (849, 330), (849, 820), (110, 760)],
        [(0, 790), (849, 850), (849, 1199), (0, 1199)],
    )
    for number, corners in enumerate(panels):
        cv2.polylines(drawn, [np.array(corners)], True, 0, 5)
        middle = np.mean(corners, axis=0).astype(int)
        cv2.circle(drawn, (int(middle[0]), int(middle[1])), 60 + 10 * number, 0, 5)
    light = np.linspace(shade, 1, 850, dtype=np.float32)
    drawn = np.rint(drawn * light).astype(np.uint8)
    tinted = np.empty((300, 213, 3), np.float32)
    tinted[:] = (70, 12, 22)
    tinted[:, :28] = (88, -2, -3)
    layer = flats.lay(drawn, tinted, panels_of(drawn)).rgb
    scale = len(layer) / 1200
    for x, y in ((50, 300), (50, 700), (300, 375), (700, 328), (500, 808)):
        assert layer[round(y * scale), round(x * scale)].min() >= 250, (x, y)
    for x, y in ((300, 100), (300, 550), (300, 1000)):
        assert layer[round(y * scale), round(x * scale)].min() < 220, (x, y)


def lettered(signs: int) -> NDArray[np.uint8]:
    """A page (800, 600): a panel, in it a balloon with a column of signs, drawn with a hairline."""
    drawn = np.full((800, 600), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (580, 780), 0, 4)
    cv2.ellipse(drawn, (300, 300), (70, 110), 0, 0, 360, 0, 2)
    for number in range(signs):
        top = 230 + 30 * number
        cv2.rectangle(drawn, (288, top), (310, top + 20), 0, 2)
    return drawn


@pytest.mark.parametrize(
    ("signs", "seen_white", "white"), [(3, True, True), (3, False, False), (4, False, True)]
)
def test_a_word_in_a_balloon_is_enough_where_the_network_sees_it(
    signs: int, *, seen_white: bool, white: bool
) -> None:
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    if seen_white:
        colours[58:92, 68:82] = (99, 0, 0)
    layer = flats.lay(lettered(signs), colours).rgb
    assert (layer[380, 300].min() >= 250) == white
    assert layer[600, 300].min() < 220


@pytest.mark.parametrize("upright", [False, True])
def test_words_whose_letters_touch_are_lettering(*, upright: bool) -> None:
    """Words are as high as single letters, and any number of times as wide."""
    words = np.full((120, 150), 255, np.uint8)
    for row, lengths in enumerate([(1, 5, 1), (1, 1, 1, 1, 1), (5, 1, 1), (1, 1, 1, 1)]):
        left = 10
        for length in lengths:
            for letter in range(length):
                corner = (left + 12 * letter, 10 + 28 * row)
                cv2.rectangle(words, corner, (corner[0] + 11, corner[1] + 14), 0, 2)
            left += 12 * length + 10
    if upright:
        words = words.T
    height, width = words.shape
    drawn = np.full((800, 600), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (580, 780), 0, 4)
    cv2.circle(drawn, (300, 300), 150, 0, 3)
    drawn[300 - height // 2 :, 300 - width // 2 :][:height, :width] = words
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    layer = flats.lay(drawn, colours).rgb
    assert layer[420, 300].min() >= 250
    assert layer[600, 300].min() < 220


def test_a_balloon_ends_where_a_screentone_begins() -> None:
    """The balloon has no outline, and the screentone has holes."""
    drawn = np.full((800, 600), 255, np.uint8)
    cv2.rectangle(drawn, (20, 20), (580, 780), 0, 4)
    rows, columns = np.mgrid[:800, :600]
    screen = (rows % 6 < 4) | (columns % 6 < 4)
    drawn[60:740, 60:540][screen[60:740, 60:540]] = 0
    drawn[np.hypot(columns - 300, (rows - 300) / 1.3) < 90] = 255
    for number in range(4):
        cv2.rectangle(drawn, (288, 240 + 30 * number), (310, 260 + 30 * number), 0, 2)
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    colours[58:92, 68:82] = (99, 0, 0)
    layer = flats.lay(drawn, colours).rgb
    for x, y in ((300, 380), (350, 300)):
        assert layer[y, x].min() >= 250
    for x, y in ((120, 600), (300, 680), (100, 300)):
        assert layer[y, x].min() < 220


def test_a_face_with_a_long_mouth_is_no_balloon() -> None:
    """Its features are of one height, as words are, but leave more paper."""
    drawn = lettered(0)
    for left, top in ((272, 280), (318, 280), (289, 300), (302, 300)):
        cv2.rectangle(drawn, (left, top), (left + 9, top + 9), 0, 1)
    cv2.rectangle(drawn, (284, 322), (315, 331), 0, 1)
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    layer = flats.lay(drawn, colours).rgb
    assert layer[380, 300].min() < 220


def test_a_simple_face_is_no_balloon() -> None:
    """Five marks of one size, but not in one line."""
    drawn = lettered(0)
    for left, top in ((262, 250), (322, 250), (268, 300), (292, 310), (316, 300)):
        cv2.rectangle(drawn, (left, top), (left + 16, top + 14), 0, 3)
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    layer = flats.lay(drawn, colours).rgb
    assert layer[380, 300].min() < 220


def test_features_of_a_face_are_no_lettering() -> None:
    drawn = lettered(0)
    brows_and_eyes = [(270, 278, 17, 4), (270, 284, 6, 8), (280, 286, 5, 5)]
    brows_and_eyes += [(318, 287, 14, 4), (320, 294, 5, 8), (328, 296, 8, 9)]
    for left, top, width, height in [*brows_and_eyes, (290, 318, 13, 4)]:
        cv2.rectangle(drawn, (left, top), (left + width, top + height), 0, cv2.FILLED)
    cv2.rectangle(drawn, (299, 285), (314, 311), 0, 2)  # the nose's shadow
    colours = np.empty((200, 150, 3), np.float32)
    colours[:] = (70, 12, 22)
    layer = flats.lay(drawn, colours).rgb
    assert layer[380, 300].min() < 220


def test_a_line_that_shrinking_makes_pale_still_parts() -> None:
    """A hairline of a large scan, with a gap that alone would be closed."""
    drawn = np.full((2000, 1400), 255, np.uint8)
    cv2.rectangle(drawn, (40, 40), (1360, 1960), 0, 8)
    drawn[44:1956, 700] = 120
    for top in range(60, 1900, 110):
        drawn[top : top + 60, 699:702] = 0
    colours = np.empty((500, 350, 3), np.float32)
    colours[:, :175], colours[:, 175:] = BLUE, SKIN
    layer = rgb_to_lab(flats.lay(drawn, colours).rgb)
    height, width = layer.shape[:2]
    np.testing.assert_allclose(layer[height // 2, width // 4], lit(BLUE), atol=1.5)
    np.testing.assert_allclose(layer[height // 2, 3 * width // 4], lit(SKIN), atol=1.5)


def test_panels_make_what_is_outside_of_them_white() -> None:
    """An unframed margin, of which the area alone says too little."""
    drawn = np.full((900, 700), 255, np.uint8)
    for top in (60, 480):
        cv2.rectangle(drawn, (60, top), (640, top + 380), 0, 4)
    cv2.putText(drawn, "a note beside the panels", (70, 470), cv2.FONT_HERSHEY_PLAIN, 1.5, 0, 2)
    tinted = np.empty((180, 140, 3), np.float32)
    tinted[:] = (70, 12, 22)
    boxes = [Box(60, 60, 440, 640), Box(480, 60, 860, 640)]
    layer = flats.lay(drawn, tinted, boxes).rgb
    assert layer[880, 300].min() >= 250
    assert layer[250, 300].min() < 220
    loose = [Box(56, 56, 444, 644), Box(476, 56, 864, 644)]
    layer = flats.lay(drawn, tinted, loose).rgb
    for rim in (layer[54:57, 60:640], layer[60:440, 643:647], layer[864:867, 60:640]):
        assert rim.min() >= 250
    assert layer[250, 300].min() < 220


@pytest.mark.parametrize("overlapping", [False, True])
def test_a_gutter_that_broken_borders_join_with_panels_is_white(*, overlapping: bool) -> None:
    """Frames have wide gaps. Where boxes overlap, gutters slant, and nothing is sure."""
    drawn = np.full((900, 700), 255, np.uint8)
    for top in (60, 480):
        cv2.rectangle(drawn, (60, top), (640, top + 360), 0, 4)
        drawn[top - 4 : top + 5, 200:500] = 255
    tinted = np.empty((180, 140, 3), np.float32)
    tinted[:] = (70, 12, 22)
    boxes = [Box(60, 60, 480 if overlapping else 424, 640), Box(476, 56, 844, 644)]
    layer = flats.lay(drawn, tinted, boxes).rgb
    assert (layer[880, 300].min() >= 250) != overlapping
    assert layer[250, 300].min() < 220
    assert layer[650, 300].min() < 220


def test_panels_that_reach_the_border_of_the_page_are_coloured_up_to_it() -> None:
    drawn = np.full((900, 700), 255, np.uint8)
    cv2.rectangle(drawn, (-5, -5), (705, 420), 0, 4)
    cv2.rectangle(drawn, (-5, 460), (705, 905), 0, 4)
    tinted = np.empty((180, 140, 3), np.float32)
    tinted[:] = (70, 12, 22)
    layer = flats.lay(drawn, tinted, [Box(2, 1, 423, 699), Box(457, 0, 898, 700)]).rgb
    assert layer[440, 300].min() >= 250
    for row, column in ((200, 0), (200, 699), (0, 300), (600, 2), (899, 300)):
        assert layer[row, column].min() < 220
