import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from colorize.errors import ImageError
from colorize.imaging import chroma

Draw = Callable[..., NDArray[np.uint8]]


def sepia(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tones = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return (rgb @ tones.T).clip(0, 255).astype(np.uint8)


def shaded(drawing: Draw, number: int) -> NDArray[np.uint8]:
    """A drawing with soft light on it, as illustrations have."""
    light = np.linspace(0.6, 1, 128)[None, :, None]
    return (drawing(number, 128, 128) * light).astype(np.uint8)


@pytest.mark.parametrize("number", range(8))
def test_chroma_tells_colour_from_grey_sepia_and_tinted_paper(drawing: Draw, number: int) -> None:
    colour = shaded(drawing, number)
    grey = np.repeat(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    paper = (grey * np.array([1.0, 0.95, 0.82])).astype(np.uint8)
    assert chroma.measure(colour) > 4
    assert chroma.measure(grey) < 0.1
    assert chroma.measure(paper) < 0.5
    assert chroma.measure(sepia(colour)) < 1.5
    with pytest.raises(ImageError, match="grey"):
        chroma.check(sepia(colour), at_least=1.5)


def test_chroma_of_blank_paper() -> None:
    assert chroma.measure(np.full((8, 8, 3), 255, np.uint8)) == 0


@pytest.mark.parametrize("number", range(8))
def test_a_first_look_never_lets_grey_through(drawing: Draw, number: int) -> None:
    brown = sepia(shaded(drawing, number))
    assert chroma.measure(brown[:: chroma.FIRST_LOOK, :: chroma.FIRST_LOOK]) < 4.5


Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(rgb.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)


def yellowed(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Old paper, the more so to the left."""
    share = np.linspace(0, 1, rgb.shape[1])[None, :, None]
    tint = np.array([250, 236, 205]) * (1 - share) + np.array([250, 246, 235]) * share
    return (rgb * tint / 255).astype(np.uint8)


def grainy(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grain = np.random.default_rng(0).normal(0, 6, rgb.shape)
    return (rgb + grain).clip(0, 255).astype(np.uint8)


def jpeg(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=50)
    return np.asarray(Image.open(out).convert("RGB"))


def pale(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (255 - (255 - rgb) * 0.6).astype(np.uint8)


def beside_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([rgb, grey(rgb), grey(rgb)], axis=1)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    "change", [grey, lambda x: yellowed(grey(x)), lambda x: jpeg(grainy(yellowed(grey(x))))]
)
def test_a_grey_page_is_grey_on_any_paper(
    drawing: Callable[..., NDArray[np.uint8]], number: int, change: Change
) -> None:
    assert chroma.kept(change(drawing(number, 850, 600)), recolour="none") is None


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("change", [pale, jpeg, beside_grey, lambda x: jpeg(grainy(yellowed(x)))])
def test_a_coloured_page_is_coloured(
    drawing: Callable[..., NDArray[np.uint8]], number: int, change: Change
) -> None:
    assert chroma.kept(change(drawing(number, 850, 600)), recolour="none") is not None


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (40, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_page_is_not_coloured(size: tuple[int, int], value: int) -> None:
    assert chroma.kept(np.full((*size, 3), value, np.uint8), recolour="none") is None


def spotted(share: float) -> NDArray[np.uint8]:
    """A page of black, white and greys with a red square that covers a share of it."""
    page = Image.new("RGB", (900, 1300), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 40, 860, 600), outline=0, width=5, fill=(225,) * 3)
    draw.rectangle((40, 660, 860, 1260), outline=0, width=5, fill=(190,) * 3)
    draw.ellipse((550, 120, 850, 520), outline=0, width=5, fill=(140,) * 3)
    side = int((900 * 1300 * share) ** 0.5)
    draw.rectangle((100, 800, 100 + side, 800 + side), fill=RED, outline=0, width=3)
    return np.asarray(page)


RED = (215, 30, 40)
Colour = tuple[int, int, int]
COVERS: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "yellow": ((255, 212, 0), (255, 212, 0), (255, 255, 255), (255, 212, 0)),
    "red": ((200, 20, 40), (200, 20, 40), (255, 255, 255), (200, 20, 40)),
    "red and black": ((255, 255, 255), (255, 214, 214), (235, 90, 90), (200, 30, 40)),
    "blue night": ((20, 30, 90), (30, 50, 130), (190, 205, 240), (120, 150, 220)),
}


@pytest.mark.parametrize("share", [0.0025, 0.005, 0.01, 0.02, 0.04, 0.08])
def test_the_coloured_pixels_of_a_grey_page_are_kept_and_no_others(share: float) -> None:
    page = spotted(share)
    kept = chroma.kept(page)
    assert kept is not None
    np.testing.assert_array_equal(kept[(page == RED).all(axis=2)], True)
    assert not kept[np.ptp(page, axis=2) == 0].any()


@pytest.mark.parametrize("share", [0.0025, 0.08])
def test_coloured_pixels_are_found_in_a_yellowed_and_grainy_scan(share: float) -> None:
    page = spotted(share)
    kept = chroma.kept(jpeg(grainy(yellowed(page))))
    assert kept is not None
    red = cv2.erode((page == RED).all(axis=2).astype(np.uint8), np.ones((9, 9))) > 0
    assert kept[red].mean() > 0.99
    far = cv2.dilate((np.ptp(page, axis=2) > 0).astype(np.uint8), np.ones((91, 91))) == 0
    assert kept[far].mean() < 0.001


@pytest.mark.parametrize("name", COVERS)
def test_a_page_of_few_colours_is_kept_whole(name: str) -> None:
    ground, panel, light, dark = COVERS[name]
    page = Image.new("RGB", (900, 1300), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 40, 860, 600), outline=0, width=5, fill=panel)
    draw.ellipse((250, 120, 650, 520), outline=0, width=5, fill=light)
    draw.ellipse((150, 760, 480, 1180), outline=0, width=5, fill=0)
    draw.polygon([(560, 1200), (700, 720), (840, 1200)], outline=0, fill=dark)
    kept = chroma.kept(np.asarray(page))
    assert kept is not None
    assert kept.all()


@pytest.mark.parametrize("tint", [(250, 205, 210), (205, 240, 215), (205, 220, 245)])
def test_coloured_paper_is_no_colour(drawing: Draw, tint: Colour) -> None:
    """As magazines print on: pink, green, blue."""
    page = grey(drawing(1, 850, 600)) * np.array(tint) / 255
    assert chroma.kept(page.astype(np.uint8), recolour="none") is None


def test_what_is_kept_can_be_chosen() -> None:
    page = spotted(0.01)
    assert chroma.kept(page, recolour="all") is None
    whole = chroma.kept(page, recolour="none")
    assert whole is not None
    assert whole.all()
    grey_page = np.repeat(page[..., 1:2], 3, axis=2)
    assert chroma.kept(grey_page, recolour="none") is None
