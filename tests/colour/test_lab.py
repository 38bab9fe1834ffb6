import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import lab2rgb, rgb2lab

from colorize.colour import lab


def test_values(all_colours: NDArray[np.uint8]) -> None:
    expected = rgb2lab(all_colours[None])[0]
    np.testing.assert_allclose(lab.rgb_to_lab(all_colours), expected, atol=2e-4)


def test_shape(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    pixels = lab.rgb_to_lab(rgb)
    assert (pixels.shape, pixels.dtype) == (rgb.shape, np.float32)
    assert (lab.lab_to_rgb(pixels).shape, lab.lab_to_rgb(pixels).dtype) == (rgb.shape, np.uint8)


def test_round_trip_of_every_colour() -> None:
    level = np.arange(256, dtype=np.uint8)
    plane = np.stack(np.meshgrid(level, level), axis=-1)
    for red in range(0, 256, 3):
        rgb = np.concatenate([np.full((256, 256, 1), red, np.uint8), plane], axis=-1)
        assert (lab.lab_to_rgb(lab.rgb_to_lab(rgb)) == rgb).all()


def test_grey_has_no_colour() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    pixels = lab.rgb_to_lab(grey)
    assert np.abs(pixels[:, 1:]).max() < 0.02
    assert (np.diff(pixels[:, 0]) > 0).all()


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_out_of_gamut_colours_are_clipped_as_the_reference_clips(rng: np.random.Generator) -> None:
    pixels = np.stack(
        [rng.uniform(20, 90, 500), rng.uniform(-60, 60, 500), rng.uniform(-60, 60, 500)], axis=-1
    )
    expected = np.rint(lab2rgb(pixels[None])[0] * 255)
    actual = lab.lab_to_rgb(pixels).astype(float)
    assert np.abs(actual - expected).max() <= 1


def test_rejects_what_is_not_8_bit() -> None:
    with pytest.raises(TypeError, match="uint8"):
        lab.rgb_to_lab(np.zeros((1, 3)))  # type: ignore[arg-type]


def test_lightness_alone_is_the_first_of_lab(all_colours: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(
        lab.rgb_to_lightness(all_colours), lab.rgb_to_lab(all_colours)[:, 0]
    )


def test_a_colour_outside_the_gamut_can_keep_its_lightness_and_its_hue() -> None:
    outside = np.array([[0, 50, 50], [3, -80, 40], [98, 20, 90], [100, 60, 0], [60, 120, -90]])
    rgb = lab.lab_to_rgb(outside.astype(np.float32), keep_lightness=True)
    kept = lab.rgb_to_lab(rgb)
    np.testing.assert_allclose(kept[:, 0], outside[:, 0], atol=0.3)
    assert (kept[[2, 4], 1:] * outside[[2, 4], 1:] > 0).all()  # as red, as green
    assert np.abs(lab.rgb_to_lab(lab.lab_to_rgb(outside))[:, 0] - outside[:, 0]).max() > 5


def test_a_colour_inside_the_gamut_is_the_same_either_way(all_colours: NDArray[np.uint8]) -> None:
    inside = lab.rgb_to_lab(all_colours)
    np.testing.assert_array_equal(lab.lab_to_rgb(inside, keep_lightness=True), all_colours)
