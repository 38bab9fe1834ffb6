from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking import balloons, panels
from colorize.inking.overlay import Overlay
from colorize.inking.page import KINDS, Inked, Inker, compose
from colorize.inking.params import InkingParams
from colorize.inking.screens import Screens
from tests.inking.conftest import PLAIN

SHAPES = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 5), (5, 3), (1, 300), (300, 1), (7, 400), (33, 31)]
KEYS = range(30)


def pictures(shape: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Noise, one colour, black, white and blocks of a size."""
    rng = np.random.default_rng(shape)
    noise = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    flat = np.broadcast_to(noise[:1, :1], noise.shape).copy()
    blocks = np.kron(noise[::9, ::9], np.ones((9, 9, 1), np.uint8))[: shape[0], : shape[1]]
    return [noise, flat, np.zeros_like(noise), np.full_like(noise, 255), blocks]


def arrays(made: Inked) -> list[NDArray[Any]]:
    return [made.page, made.target, made.ink, made.paper, made.balloon, made.gutter]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_any_size_gives_a_page_of_that_size(
    shape: tuple[int, int], kind: Any, inker: Inker
) -> None:
    for number, rgb in enumerate(pictures(shape)):
        before = rgb.copy()
        for key in range(4):
            made = inker.ink(rgb, [number, key], kind=kind)
            page, target, *masks = arrays(made)
            assert (page.shape, page.dtype) == (shape, np.uint8)
            assert (target.shape, target.dtype) == ((*shape, 3), np.uint8)
            assert all((mask.shape, mask.dtype) == (shape, np.bool_) for mask in masks)
            assert not (made.ink & made.paper).any()
            np.testing.assert_array_equal(made.art, ~made.ink & ~made.paper)
        np.testing.assert_array_equal(rgb, before)


def test_the_same_key_gives_the_same_bytes(inker: Inker, figure: NDArray[np.uint8]) -> None:
    again = Inker(inker.params)  # screens made anew
    for key in KEYS:
        first, second = (arrays(i.ink(figure, [key, 1])) for i in (inker, again))
        assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def test_another_key_gives_another_page(inker: Inker, figure: NDArray[np.uint8]) -> None:
    pages = {inker.ink(figure, key).page.tobytes() for key in ([0, 0], [0, 1], [1, 0], [0, 0, 1])}
    assert len(pages) == 4


def test_opencv_draws_nothing_by_itself(inker: Inker, figure: NDArray[np.uint8]) -> None:
    pages = []
    for seed in (1, 2):
        cv2.setRNGSeed(seed)
        pages.append(inker.ink(figure, [5]).page)
    np.testing.assert_array_equal(*pages)


def test_the_number_of_threads_changes_nothing(inker: Inker, figure: NDArray[np.uint8]) -> None:
    large = figure.repeat(3, 0).repeat(3, 1)
    before = cv2.getNumThreads()
    pages = []
    for threads in (1, 4):
        cv2.setNumThreads(threads)
        pages.append(b"".join(array.tobytes() for array in arrays(inker.ink(large, [6]))))
    cv2.setNumThreads(before)
    assert pages[0] == pages[1]


def test_a_value_of_one_part_changes_nothing_in_another(
    screens: Screens, figure: NDArray[np.uint8]
) -> None:
    for key in KEYS:
        without, with_scan = (
            Inker(InkingParams(scan_chance=chance), screens).ink(figure, [key])
            for chance in (0.0, 1.0)
        )
        np.testing.assert_array_equal(without.target, with_scan.target)
        clear, covered = (
            Inker(InkingParams(**PLAIN | {"balloon_chance": chance}), screens).ink(figure, [key])
            for chance in (0.0, 1.0)
        )
        outside = cv2.dilate(covered.balloon.view(np.uint8), np.ones((9, 9))) == 0
        np.testing.assert_array_equal(clear.page[outside], covered.page[outside])


def test_target_is_the_picture_under_the_page_s_lines(
    plain: Inker, figure: NDArray[np.uint8]
) -> None:
    for key in KEYS:
        made = plain.ink(figure, [key], kind="lines")
        expected = figure / 255 * (made.page[..., None] / 255) * 255
        assert np.abs(made.target - expected).max() <= 0.51  # rounded


def test_target_of_a_toned_page_has_no_tones(plain: Inker, figure: NDArray[np.uint8]) -> None:
    for key in KEYS:
        made = plain.ink(figure, [key])
        lines = plain.ink(figure, [key], kind="lines")
        bare = (lines.page == 255) & ~cv2.dilate(made.ink.view(np.uint8), np.ones((7, 7))).view(
            np.bool_
        )
        assert bare.mean() > 0.15
        np.testing.assert_array_equal(made.target[bare], figure[bare])
        assert (made.page[made.ink] < 128).all()
        assert (made.target[made.ink] <= 128).all()


def test_balloons_and_gutters_are_without_colour_in_page_and_target(
    screens: Screens, figure: NDArray[np.uint8]
) -> None:
    seen = {"balloon": np.zeros(2), "gutter": np.zeros(2)}
    for name, chance in (("balloon", "balloon_chance"), ("gutter", "panel_chance")):
        for key in KEYS:
            made = Inker(InkingParams(**PLAIN | {chance: 1.0}), screens).ink(figure, [key])
            within = getattr(made, name)
            page, target = made.page[within], made.target[within]
            np.testing.assert_array_equal(target, page[:, None].repeat(3, 1))
            np.testing.assert_array_equal(made.paper[within], page >= 240)
            seen[name] += [(page >= 240).sum(), within.sum()]
    for name, (white, all_pixels) in seen.items():
        assert all_pixels > len(KEYS) * 100, name
        assert white > 0.6 * all_pixels, name  # the rest is lettering and borders


def test_what_paper_covers_wholly_is_the_same_in_page_and_target(
    figure: NDArray[np.uint8], plain: Inker
) -> None:
    params = InkingParams(balloon_chance=1.0, panel_chance=1.0)
    art = plain.ink(figure, [0]).page
    for key in KEYS:
        overlay = Overlay.empty(*art.shape)
        rng = np.random.default_rng(key)
        panels.add(overlay, rng, params)
        balloons.add(overlay, art, plain.letters, rng, params)
        made = compose(figure, art, art, overlay)
        covered = overlay.paper == 255
        assert covered.mean() > 0.01
        expected = 255 - overlay.ink[covered]
        np.testing.assert_array_equal(made.page[covered], expected)
        np.testing.assert_array_equal(made.target[covered], expected[:, None].repeat(3, 1))


def test_a_page_of_lines_has_no_tones_and_a_toned_page_has(
    plain: Inker, figure: NDArray[np.uint8]
) -> None:
    shades = [[], []]
    for key in KEYS:
        for found, kind in zip(shades, KINDS, strict=True):
            made = plain.ink(figure, [key], kind=kind)
            away = cv2.erode((~made.ink).view(np.uint8), np.ones((9, 9))).view(np.bool_)
            found.append(float((made.page[away] < 250).mean()))
    assert max(shades[1]) < 0.02
    assert np.mean(shades[0]) > 0.1


def test_skin_is_mostly_white_and_no_page_is_like_the_other(
    plain: Inker, figure: NDArray[np.uint8]
) -> None:
    face = np.zeros(figure.shape[:2], np.uint8)
    cv2.ellipse(face, (80, 76), (22, 26), 0, 0, 360, 1, -1)
    pages = np.stack([plain.ink(figure, [key]).page for key in range(60)])
    white = (pages[:, face > 0] > 250).mean(axis=1) > 0.95
    assert 0.8 < white.mean() < 1  # nine times of ten


def test_a_large_page_has_lines_as_thick_as_its_size(plain: Inker) -> None:
    small = np.full((300, 300, 3), 255, np.uint8)
    small[100:200, 100:200] = (40, 60, 160)
    large = small.repeat(4, 0).repeat(4, 1)
    inks = [plain.ink(rgb, [2], kind="lines").ink.mean() for rgb in (small, large)]
    assert 0.3 < inks[1] / inks[0] < 1.2  # of the picture's area; a quarter, were it one pixel


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rgb": np.zeros((4, 4), np.uint8)}, "uint8"),
        ({"rgb": np.zeros((4, 4, 4), np.uint8)}, "uint8"),
        ({"rgb": np.zeros((4, 4, 3))}, "float64"),
        ({"rgb": np.zeros((0, 4, 3), np.uint8)}, "uint8"),
        ({"kind": "grey"}, "toned, lines"),
        ({"unit": 0.0}, "unit"),
        ({"unit": float("nan")}, "unit"),
        ({"key": [-1]}, "non-negative"),
    ],
)
def test_rejects(change: dict[str, Any], message: str, plain: Inker) -> None:
    given: dict[str, Any] = {"rgb": np.zeros((4, 4, 3), np.uint8), "key": [0]} | change
    with pytest.raises(ValueError, match=message):
        plain.ink(given.pop("rgb"), given.pop("key"), **given)


def test_views_are_as_good_as_copies(plain: Inker, drawing: Callable[..., Any]) -> None:
    whole = drawing(1, 90, 90)
    for view in (whole[10:70, 5:65], whole[::-1], whole[:, ::-1], whole[..., ::-1]):
        expected = plain.ink(np.ascontiguousarray(view), [0])
        np.testing.assert_array_equal(plain.ink(view, [0]).page, expected.page)
