"""Lab to sRGB with a gradient: values as of `colour.lab`, slopes as of differences."""

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.model.conversion import LabConverter, lab_to_rgb


def planes(colours: NDArray[np.floating]) -> torch.Tensor:
    """Colours (n, 3) as a picture of one row."""
    return torch.from_numpy(colours.T.copy()).float()[None, :, None]


def test_lightness_of_grey_values() -> None:
    grey = torch.arange(256, dtype=torch.uint8).view(2, 1, 8, 16)
    expected = lab.rgb_to_lab(grey.permute(0, 2, 3, 1).repeat(1, 1, 1, 3).numpy())[..., :1]
    found = LabConverter().lightness(grey).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(found, expected)


def test_colours_come_back(all_colours: NDArray[np.uint8]) -> None:
    found = 255 * lab_to_rgb(planes(lab.rgb_to_lab(all_colours)))[0, :, 0].T.numpy()
    assert np.abs(found - all_colours).max() < 0.2


def test_a_colour_outside_the_gamut_keeps_its_lightness(rng: np.random.Generator) -> None:
    wild = rng.uniform((0, -110, -110), (100, 110, 110), (5000, 3))
    found = 255 * lab_to_rgb(planes(wild))[0, :, 0].T.numpy()
    assert np.abs(found - lab.lab_to_rgb(wild, keep_lightness=True)).max() < 0.51


def test_the_gradient_is_the_slope(rng: np.random.Generator) -> None:
    """Of a colour at a time, inside and outside the gamut; a few lie where the slope has a step."""
    wild = planes(rng.uniform((2, -110, -110), (98, 110, 110), (500, 3))).requires_grad_()
    weights = torch.from_numpy(rng.normal(size=(1, 3, 1, 500))).float()
    (gradient,) = torch.autograd.grad((lab_to_rgb(wild) * weights).sum(), wild)
    for axis in range(3):
        step = torch.zeros(1, 3, 1, 1)
        step[:, axis] = 0.05
        with torch.no_grad():
            up, down = ((lab_to_rgb(x) * weights).sum(1) for x in (wild + step, wild - step))
        wrong = ((up - down) / 0.1 - gradient[:, axis]).abs()
        assert wrong.quantile(0.95) < 1e-5
        assert gradient[:, axis].abs().median() > 1e-3


def test_black_and_white_have_a_gradient() -> None:
    ends = planes(np.array([[0.0, 0, 0], [0, 20, 20], [100, 0, 0], [100, -30, 9], [50, 0, 0]]))
    ends.requires_grad_()
    (gradient,) = torch.autograd.grad(lab_to_rgb(ends).sum(), ends)
    assert gradient.isfinite().all()
