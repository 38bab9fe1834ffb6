from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from colorize.colour import lab
from colorize.paint import paper
from colorize.paint.painter import Painter

FINE = 4
"""Times the size at which pages are drawn, so that edges are soft."""
TINTED = 3.0
"""Chroma from which ink counts as tinted."""


def lettered(gap: int, sign: int) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """A page (1170, 830, 3) with a balloon of three columns of signs, and where they are."""
    page = Image.new("L", (830 * FINE, 1170 * FINE), 255)
    draw = ImageDraw.Draw(page)

    def box(*corners: float) -> tuple[int, ...]:
        return tuple(int(corner * FINE) for corner in corners)

    rows = min(8, 640 // (sign + 3))
    left, top = 110, 105
    width, height = 3 * (sign + gap), rows * (sign + 3)
    draw.rectangle(box(30, 30, 800, 1140), outline=0, width=3 * FINE, fill=170)
    draw.ellipse(box(450, 700, 780, 1100), outline=0, width=3 * FINE, fill=110)
    draw.rounded_rectangle(
        box(left - 40, top - 40, left + width + 40, top + height + 40),
        40 * FINE,
        outline=0,
        width=3 * FINE,
        fill=255,
    )
    for number in range(3 * rows):
        column, row = divmod(number, rows)
        x, y, s = box(left + column * (sign + gap), top + row * (sign + 3), sign)
        stroke = round(1.5 * FINE)
        draw.rectangle((x, y, x + s, y + s), outline=25, width=stroke)
        for part in range(1, 3 + number % 2):
            height_of_part = y + s * part // (3 + number % 2)
            draw.line((x, height_of_part, x + s, height_of_part), fill=25, width=stroke)
        draw.line((x + s // 2, y, x + s // 2, y + s), fill=25, width=stroke)
        if number % 3 == 0:
            draw.line((x, y + s, x + s, y), fill=25, width=stroke)
    small = np.asarray(page.resize((830, 1170), Image.Resampling.LANCZOS))
    where = slice(top - 2, top + height + 2), slice(left - 2, left + width + 2)
    return np.repeat(small[..., None], 3, axis=2), where


def tinted(
    page: NDArray[np.uint8], painted: NDArray[np.uint8], where: tuple[slice, slice]
) -> float:
    """Share of the ink in a part of a page that takes a colour."""
    colours = lab.rgb_to_lab(painted[where])
    chroma = np.hypot(colours[..., 1], colours[..., 2])
    return float((chroma > TINTED)[lab.rgb_to_lightness(page[where]) < paper.WHITE].mean())


@pytest.mark.parametrize(
    ("gap", "sign"),
    [
        pytest.param(gap, sign, marks=() if quick else pytest.mark.slow)
        for gap, of_gap in {0: 15, 1: 8, 4: 40, 12: 20}.items()
        for sign in (8, 15, 20, 40)
        for quick in (sign == of_gap,)
    ],
)
def test_lettering_in_a_balloon_is_never_tinted(orange: Painter, gap: int, sign: int) -> None:
    page, where = lettered(gap, sign)
    painted = orange.paint(page)
    assert tinted(page, painted, where) < 0.01
    drawn = lab.rgb_to_lab(painted[900:901, 600:601])
    assert np.hypot(*drawn[0, 0, 1:]) > 50  # what is drawn is painted


@pytest.mark.parametrize(
    ("scale", "sign"),
    [
        *((0.6, 20), (1.7, 12)),
        *(
            pytest.param(scale, sign, marks=pytest.mark.slow)
            for scale, sign in ((0.6, 12), (1.7, 20), (2.5, 12), (2.5, 20))
        ),
    ],
)
def test_lettering_on_pages_of_any_size(orange: Painter, scale: float, sign: int) -> None:
    page, where = lettered(1, sign)
    page = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, bottom, left, right = (
        round(edge * scale) for part in where for edge in (part.start, part.stop)
    )
    where = slice(top, bottom), slice(left, right)
    assert tinted(page, orange.paint(page), where) < 0.01


@pytest.mark.parametrize("thing", ["grey", "dark hair", "screentone", "outlined"])
def test_things_that_paper_surrounds_are_no_lettering(thing: str) -> None:
    """A figure that stands free on white: flat grey, a mass of ink, dots, or a large outline."""
    page = Image.new("L", (800, 1100), 255)
    draw = ImageDraw.Draw(page)
    body = (300, 300, 420, 480)
    if thing == "grey":
        draw.ellipse(body, fill=150, outline=0, width=3)
    elif thing == "dark hair":
        draw.ellipse(body, fill=20)
    elif thing == "screentone":
        for x in range(300, 420, 4):
            for y in range(300, 480, 4):
                draw.rectangle((x, y, x + 2, y + 2), fill=0)
    else:
        draw.rectangle((250, 250, 500, 600), outline=0, width=3)
        for y in range(250, 600, 4):
            draw.line((250, y, 500, y), fill=0, width=2)
    white = paper.whiteness(np.asarray(page, np.float32) / np.float32(2.55))
    assert white[360:420, 340:380].mean() < 0.05


def straight(mask: NDArray[np.bool_], *, at_least: int) -> float:
    """Share of a mask's rim in straight runs along the axes of at least so many pixels."""
    total = long = 0
    for plane in (mask, mask.T):
        rim = plane[1:] ^ plane[:-1]
        for row in rim:
            steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
            runs = steps[1::2] - steps[::2]
            total += int(runs.sum())
            long += int(runs[runs >= at_least].sum())
    return long / max(1, total)


def fan(draw: ImageDraw.ImageDraw) -> None:
    """Draw speed lines that fan out."""
    random = np.random.default_rng(1)
    for number in range(90):
        angle = np.pi * (0.05 + 0.9 * number / 90)
        along = np.array([np.cos(angle), np.sin(angle)])
        start = np.array([400, 150]) + 90 * along
        end = start + random.uniform(80, 200) * along
        draw.line((*(3 * start), *(3 * end)), fill=40, width=3)


def sparkles(draw: ImageDraw.ImageDraw, *, times: int, size: int) -> None:
    """Draw dots in three round patches, ``times`` as many as pages usually have."""
    random = np.random.default_rng(1)
    for x, y, count in ((150, 150, 260), (400, 300, 200), (640, 180, 320)):
        angles = random.uniform(0, 2 * np.pi, times * count)
        radii = 60 * random.random(times * count) ** 0.5
        for angle, radius in zip(angles, radii, strict=True):
            cx, cy = 3 * (x + radius * np.cos(angle)), 3 * (y + radius * np.sin(angle))
            draw.ellipse((cx - size, cy - size, cx + size, cy + size), fill=60)


MARKS: dict[str, tuple[Callable[[ImageDraw.ImageDraw], None], bool]] = {
    "lines": (fan, True),
    "sparkles": (partial(sparkles, times=1, size=3), False),
    "large sparkles": (partial(sparkles, times=1, size=7), False),
    "dense sparkles": (partial(sparkles, times=6, size=3), True),
}
"""Sparse marks on paper, and whether there is a stain round them."""


@pytest.mark.parametrize("marks", MARKS)
def test_stains_follow_marks_or_are_not_there(marks: str) -> None:
    """Where sparse marks stand on paper, colour ends somewhere between them: in no stairs."""
    draw, is_stained = MARKS[marks]
    page = Image.new("L", (830 * 3, 700 * 3), 255)
    draw(ImageDraw.Draw(page))
    lightness = np.asarray(page.resize((830, 700), Image.Resampling.LANCZOS), np.float32) / 2.55
    stain = paper.whiteness(lightness.astype(np.float32)) < 0.5
    assert bool(stain.any()) == is_stained
    assert straight(stain, at_least=15) < 0.27


@pytest.mark.parametrize(("white", "expected"), [(100, 50), (90, 50 / 0.9), (70, 50)])
def test_a_scan_is_levelled_and_a_dark_picture_is_not(white: float, expected: float) -> None:
    lightness = np.full((40, 40), white, np.float32)
    lightness[:10] = 50
    seen = paper.levelled(lightness, paper.white_of(lightness))
    assert seen[0, 0] == pytest.approx(expected)
    assert seen[20, 0] == pytest.approx(white if white == 70 else 100)


def test_paper_of_a_dark_scan_is_found_with_its_grain() -> None:
    lightness = np.full((400, 300), 92, np.float32)
    lightness += np.random.default_rng(0).uniform(-1, 1, lightness.shape).astype(np.float32)
    lightness[100:300, 80:220] = 60
    white = paper.whiteness(lightness)
    assert white[:90].min() == 1
    assert white[110:290, 90:210].max() == 0


def test_highlights_and_grey_things_on_paper_keep_their_colour() -> None:
    lightness = np.full((600, 600), 60, np.float32)
    lightness[100, 100] = 100  # a glint
    lightness[300:600] = 100  # paper, and on it a thin grey staff and a thin black stroke
    lightness[350:550, 200:206] = 60
    lightness[350:550, 400:404] = 5
    white = paper.whiteness(lightness)
    assert white[:290].max() == 0
    assert white[360:540, 202:204].max() < 0.5
    assert white[360:540, 395:410].min() == 1


def test_a_soft_edge_between_paper_and_colour() -> None:
    lightness = np.full((300, 300), 100, np.float32)
    lightness[:, 150:] = cv2.blur(np.full((300, 150), 50, np.float32), (3, 3))
    white = paper.whiteness(lightness)
    assert set(np.unique(white.round(2))) >= {0, 1}
    assert len(np.unique(white.round(2))) > 2
