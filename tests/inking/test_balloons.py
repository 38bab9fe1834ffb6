import cv2
import numpy as np
import pytest

from colorize.inking import balloons, lettering, panels
from colorize.inking.balloons import SHAPES, Text
from colorize.inking.lettering import KANA, KANJI, Letters
from colorize.inking.overlay import Overlay
from colorize.inking.params import InkingParams

ALWAYS = InkingParams(balloon_chance=1.0, panel_chance=1.0)


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("script", ["signs", "latin"])
def test_a_balloon_holds_its_text(
    shape: balloons.Shape, script: lettering.Script, letters: Letters
) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        text = Text(script, (4, 5, 3), 10.0)
        paper, ink = balloons.draw(text, shape, letters, rng)
        assert paper.shape == ink.shape
        assert paper.any()
        assert (ink <= paper).mean() > 0.995  # nothing is written outside
        assert not ink[0].any()
        assert not ink[-1].any()
        inside = cv2.erode(paper, np.ones((9, 9), np.uint8), borderValue=0) == 255
        assert 0.03 < (ink[inside] > 128).mean() < 0.5  # lettering
        share = (paper > 128).sum() / (text.extent[0] * text.extent[1])
        assert 1 < share < 6


@pytest.mark.parametrize("table", [KANA, KANJI])
def test_signs_differ_and_stay_in_their_squares(table: str) -> None:
    signs = lettering.parse(table)
    assert len(signs) > 15
    drawn = set()
    for sign in signs:
        assert all(((stroke >= 0) & (stroke <= 1)).all() and len(stroke) > 1 for stroke in sign)
        ink = np.zeros((40, 40), np.uint8)
        lettering.strokes(ink, sign, 38, np.zeros(2, np.float32), 2)
        drawn.add(ink.tobytes())
    assert len(drawn) == len(signs)


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (400, 5), (40, 40), (200, 150)])
def test_any_picture_may_have_balloons_panels_and_sounds(
    shape: tuple[int, int], letters: Letters
) -> None:
    art = np.full(shape, 255, np.uint8)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        overlay = Overlay.empty(*shape)
        panels.add(overlay, rng, ALWAYS)
        balloons.add(overlay, art, letters, rng, ALWAYS)
        balloons.sound(overlay, letters, rng)
        assert not (overlay.balloon > overlay.paper).any()
        assert not (overlay.gutter > overlay.paper).any()
        if min(shape) < 32:
            assert not overlay.balloon.any()


def test_a_balloon_takes_the_emptiest_place(letters: Letters) -> None:
    art = np.full((200, 200), 255, np.uint8)
    art[:, :100] = 0
    covered = np.zeros(2)
    for seed in range(40):
        overlay = Overlay.empty(200, 200)
        balloons.add(overlay, art, letters, np.random.default_rng(seed), ALWAYS)
        covered += [overlay.balloon[:, :100].sum(), overlay.balloon[:, 100:].sum()]
    assert covered[1] > 3 * covered[0]


@pytest.mark.parametrize(("top", "left"), [(-4, -3), (7, 8), (-20, 0), (0, 30), (2, 2)])
def test_paste_is_cut_at_the_edges(top: int, left: int) -> None:
    overlay = Overlay.empty(10, 12)
    overlay.ink[:] = 255
    paper = np.full((6, 6), 255, np.uint8)
    ink = np.zeros((6, 6), np.uint8)
    ink[2:4, 2:4] = 200
    overlay.paste(paper, ink, top, left)
    canvas = np.zeros((70, 70), np.uint8)
    written = canvas.copy()
    canvas[30 + top : 36 + top, 30 + left : 36 + left] = 255
    written[32 + top : 34 + top, 32 + left : 34 + left] = 200
    expected = canvas[30:40, 30:42]
    np.testing.assert_array_equal(overlay.paper, expected)
    np.testing.assert_array_equal(overlay.balloon, expected)
    np.testing.assert_array_equal(
        overlay.ink, np.where(expected == 255, written[30:40, 30:42], 255)
    )


def test_a_gutter_is_white_between_two_black_borders() -> None:
    for seed in range(20):
        overlay = Overlay.empty(150, 150)
        panels.add(overlay, np.random.default_rng(seed), ALWAYS)
        assert overlay.gutter.any()
        assert not overlay.balloon.any()
        near = cv2.dilate((overlay.ink > 100).view(np.uint8), np.ones((3, 3)))
        rim = cv2.morphologyEx(
            (overlay.gutter > 128).view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))
        )
        assert near[rim > 0].mean() > 0.85  # none where two cross
