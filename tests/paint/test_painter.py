import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from colorize.colour.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness
from colorize.errors import ImageError, InputError, ModelError
from colorize.model.domains import GREY
from colorize.model.predict import Prediction, predict
from colorize.model.weights import Model
from colorize.paint import painter as painting
from colorize.paint import seeing
from colorize.paint.opening import MAX_SIDE
from colorize.paint.painter import LONGEST, Painter
from tests.models import ORANGE, tiny_model

ROUNDING = 0.3
"""What 8 bits can hide of L; 0.25 is the worst seen over all colours."""


@pytest.mark.parametrize(
    "size", [(64, 64), (1, 1), (3, 200), (1, 4000), (4000, 1), (130, 70), (257, 255)]
)
def test_shape(model_path: Path, rng: np.random.Generator, size: tuple[int, int]) -> None:
    rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    painted = Painter.load(model_path).paint(rgb)
    assert (painted.shape, painted.dtype) == (rgb.shape, np.uint8)


@pytest.mark.parametrize("saturation", [0.5, 1, 3])
def test_lightness_stays_in_gamut_and_out_of_it(
    orange_model: Model,
    rng: np.random.Generator,
    drawing,  # noqa: ANN001
    saturation: float,
) -> None:
    """Black, white and grain among it, where orange does not exist."""
    grain = rng.integers(0, 256, (90, 80, 3), dtype=np.uint8)
    painter = Painter(orange_model, saturation=saturation)
    for rgb in (drawing(1, 100, 80), grain, np.zeros_like(grain)):
        painted = painter.paint(rgb)
        assert np.abs(rgb_to_lightness(rgb) - rgb_to_lightness(painted)).max() < ROUNDING


def test_values(orange_model: Model) -> None:
    """A flat grey page takes exactly the colour that the model says, times the saturation."""
    rgb = np.full((100, 70, 3), 140, np.uint8)
    for saturation in (0, 0.5, 1):
        ab = np.array(ORANGE) * saturation
        expected = lab_to_rgb(np.array([*rgb_to_lab(rgb)[0, 0, :1], *ab]))
        painted = Painter(orange_model, saturation=saturation).paint(rgb)
        assert np.abs(painted - expected.astype(int)).max() <= 1


def test_paper_balloons_and_lettering_stay_free_of_colour(orange: Painter) -> None:
    """A grey page with a balloon of words: the grey turns orange, the rest stays as it was."""
    page = np.full((400, 300, 3), 255, np.uint8)
    page[30:370, 30:270] = 150
    balloon = (slice(60, 160), slice(60, 240))
    page[balloon] = 255
    for left in range(80, 220, 8):
        page[100:120, left : left + 3] = 0  # strokes of letters
    painted = orange.paint(page)
    lettering = (slice(63, 157), slice(63, 237))
    for kept in (lettering, (slice(0, 25), slice(None)), (slice(None), slice(0, 25))):
        np.testing.assert_array_equal(painted[kept], page[kept])
    assert np.abs(rgb_to_lab(painted)[250, 150, 1:] - ORANGE).max() < 2


def test_a_layer_is_colour_without_lines(orange: Painter) -> None:
    page = np.full((300, 240, 3), 255, np.uint8)
    page[40:260, 40:200] = 150
    page[150:153, 40:200] = 0  # a line across
    layer = orange.layer(page)
    assert layer.shape == (300, 240, 4)
    assert layer[10, 10, 3] == 0
    assert layer[100, 100, 3] == 255
    np.testing.assert_allclose(layer[151, 100, :3], layer[100, 100, :3], atol=2)


def test_the_network_sees_the_scale_that_it_was_trained_for(
    orange_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short side as trained or as asked, no squashing, and no strip without an end."""
    seen: list[tuple[int, ...]] = []

    def watched(model: Model, pictures: NDArray[np.float32], *told: Any) -> Prediction:
        seen.append(pictures.shape[2:])
        return predict(model, pictures, *told)

    monkeypatch.setattr(seeing, "predict", watched)
    page = np.full((340, 240, 3), 128, np.uint8)
    Painter(orange_model).paint(page)
    Painter(orange_model, side=96).paint(page)
    Painter(orange_model).paint(page[:32, :32])
    Painter(orange_model).paint(np.full((10 * LONGEST, 5, 3), 128, np.uint8))
    assert seen == [(91, 64), (136, 96), (64, 64), (64 * LONGEST, 32)]
    seen.clear()
    page = np.full((340, 240, 3), 255, np.uint8)
    page[20:160, 20:220] = page[180:320, 20:110] = page[180:320, 130:220] = 128
    Painter(orange_model).paint(page)
    assert seen[0] == (91, 64)
    assert sorted(height * width for height, width in seen[1:]) == pytest.approx(
        [64**2 * (14 / 9) ** 0.5] * 2 + [64**2 * (20 / 14) ** 0.5], rel=0.1
    )
    seen.clear()
    Painter(orange_model, side=96).paint(page)
    assert seen == [(136, 96)]


def test_it_sees_lightness_alone(model_path: Path, drawing) -> None:  # noqa: ANN001
    """A page with a faint tint of one hue or another is painted as its grey copy is."""
    grey = np.repeat(drawing(2, 64, 64)[..., :1], 3, axis=2).clip(60, 200)
    painter = Painter.load(model_path, recolour="all")
    seen = [rgb_to_lab(painter.paint(grey))]
    for tint in ((30, 0, 0), (0, 0, 30)):
        coloured = rgb_to_lab(grey)
        coloured[..., 1:] += rgb_to_lab(np.array([100, 100, 100], np.uint8) + np.uint8(tint))[1:]
        seen.append(rgb_to_lab(painter.paint(lab_to_rgb(coloured, keep_lightness=True))))
    for other in seen[1:]:
        assert np.abs(other - seen[0]).mean() < 1


@pytest.mark.parametrize("black", [(35, 24, 21), (24, 24, 24), (8, 8, 8), (0, 0, 0)])
def test_print_black_takes_no_colour(orange: Painter, black: tuple[int, int, int]) -> None:
    page = np.empty((400, 300, 3), np.uint8)
    page[:] = black
    page[100:300, 50:250] = 150
    painted = rgb_to_lab(orange.paint(page))
    dark = painted[..., 0] < 10
    assert dark.mean() > 0.6
    assert np.hypot(painted[dark, 1], painted[dark, 2]).max() < 3


def test_coloured_pixels_stay_and_greys_are_painted(orange: Painter) -> None:
    page = np.full((400, 300, 3), 150, np.uint8)
    page[100:140, 100:140] = (215, 30, 40)
    painted = orange.paint(page)
    np.testing.assert_array_equal(painted[100:140, 100:140], page[100:140, 100:140])
    assert np.abs(rgb_to_lab(painted)[300, 150, 1:] - ORANGE).max() < 2
    np.testing.assert_array_equal(orange.paint(page, recolour="none"), page)
    assert orange.paint(page, recolour="all")[120, 120].tolist() != [215, 30, 40]


def test_a_grey_array_is_a_page_and_other_arrays_are_refused(orange: Painter) -> None:
    grey = np.full((60, 40), 140, np.uint8)
    expected = orange.paint(np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(orange.paint(grey), expected)
    for wrong in (grey[:0], grey.astype(np.float32), np.zeros((4, 4, 4), np.uint8), grey[0]):
        with pytest.raises(ValueError, match="a page is an array"):
            orange.paint(wrong)


def test_bytes_to_bytes(orange: Painter, encoded, drawing) -> None:  # noqa: ANN001
    data = encoded(np.full((60, 40), 140, np.uint8), "JPEG")
    with Image.open(io.BytesIO(orange.paint_bytes(data))) as image:
        assert (image.format, image.size) == ("JPEG", (40, 60))
    with Image.open(io.BytesIO(orange.paint_bytes(data, suffix=".png"))) as image:
        assert image.format == "PNG"
    coloured = encoded(drawing(3, 300, 200))
    assert orange.paint_bytes(coloured) == coloured
    with pytest.raises(ImageError):
        orange.paint_bytes(b"no picture")
    with pytest.raises(InputError, match="gif"):
        orange.paint_bytes(data, suffix=".gif")


def test_threads_paint_the_same_bytes_as_one_after_the_other(
    model_path: Path,
    encoded,  # noqa: ANN001
    drawing,  # noqa: ANN001
) -> None:
    """Pages of many sizes, one with a red thing and one that is coloured, from four threads."""
    painter = Painter.load(model_path)
    drawn = [drawing(n, 90 + 37 * (n % 5), 70 + 23 * (n % 3)) for n in range(15)]
    pages = [np.repeat(rgb[..., :1], 3, axis=2) for rgb in drawn]
    pages[5][20:50, 20:50] = (215, 30, 40)
    pages[11] = drawn[11]
    kinds = ("PNG", "JPEG", "WEBP")
    files = [encoded(page, kinds[n % 3]) for n, page in enumerate(pages)]
    arrays = [painter.paint(page) for page in pages]
    layers = [painter.layer(page) for page in pages]
    contents = [painter.paint_bytes(file) for file in files]
    with ThreadPoolExecutor(4) as pool:
        at_once = (
            pool.map(painter.paint, pages),
            pool.map(painter.layer, pages),
            pool.map(painter.paint_bytes, files),
        )
        for found, expected in zip(at_once[:2], (arrays, layers), strict=True):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)
        assert list(at_once[2]) == contents


def test_a_device_that_is_not_there_is_refused(model_path: Path) -> None:
    for name in ("tpu", "mps", "meta", "cuda:99", "cuda:-1", "", "a\nb"):
        with pytest.raises(InputError, match=r"no device|no GPU") as caught:
            Painter.load(model_path, device=name)
        assert str(caught.value).isprintable()
    assert Painter.load(model_path, device="cpu").model.device == torch.device("cpu")


def test_a_side_that_is_too_long_is_refused(orange: Painter, encoded) -> None:  # noqa: ANN001
    with pytest.raises(ImageError, match="too_many_pixels"):
        orange.paint_bytes(encoded(np.full((1, MAX_SIDE + 1), 128, np.uint8)))


def test_colours_are_enlarged_in_bands_as_opencv_does_at_once(rng: np.random.Generator) -> None:
    planes = rng.normal(size=(31, 20, 3)).astype(np.float32)
    bands = [band for _, band in painting._enlarged(planes, (3001, 100))]
    whole = cv2.resize(planes, (100, 3001), interpolation=cv2.INTER_CUBIC)
    assert len(bands) > 1
    np.testing.assert_allclose(np.concatenate(bands), whole, atol=1e-4)


def test_padding_moves_nothing(model_path: Path) -> None:
    """A flat picture is painted flat, whatever is added to reach a multiple of 8."""
    painter = Painter.load(model_path)
    with torch.no_grad():
        painter.model.network.head.weight.zero_()
    lightness = GREY.observe(np.full((1, 61, 43), 50, np.float32))
    ab = predict(painter.model, lightness).colours(*painter.decoding_of("grey"))
    assert np.ptp(ab, axis=(0, 1, 2)).max() < 1e-3


def test_rejects_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make repro"):
        Painter.load(tmp_path / "none.safetensors")


def test_a_models_own_decoding_is_bounded_by_the_kind_of_page() -> None:
    weights = np.ones(313)
    model = tiny_model(
        "unet", domains=("grey", "ink"), temperature=0.8, adjustment=0.9, weights=weights
    )
    assert Painter(model).decoding_of("grey") == (0.8, 0.5)
    assert Painter(model).decoding_of("ink") == (0.2, -0.4)
    assert Painter(model, temperature=0.6, adjustment=2).decoding_of("ink") == (0.6, 2)
