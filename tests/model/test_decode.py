import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import vonmises

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.model.decode import annealed_mean, enlarge, enlarge_along, even_hues, mode_mean


@pytest.mark.parametrize("temperature", [0.05, 0.38, 1.0])
def test_values(rng: np.random.Generator, temperature: float) -> None:
    """Equation 5 written out: exp(log(z) / T), renormalised, times the centres."""
    centres = bin_centres()
    logits = rng.normal(size=(2, 313, 3, 4))
    z = softmax(logits, axis=1)
    annealed = np.exp(np.log(z) / temperature)
    annealed /= annealed.sum(axis=1, keepdims=True)
    expected = np.einsum("nqhw,qc->nchw", annealed, centres)
    actual = annealed_mean(torch.from_numpy(logits), torch.from_numpy(centres), temperature)
    np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_an_offset_is_added_to_the_logits(rng: np.random.Generator) -> None:
    centres = torch.from_numpy(bin_centres())
    logits = torch.from_numpy(rng.normal(size=(1, 313, 2, 2)))
    offset = torch.from_numpy(rng.normal(size=313)).float()
    expected = annealed_mean(logits + offset[:, None, None], centres, 0.5)
    torch.testing.assert_close(annealed_mean(logits, centres, 0.5, offset), expected)


def test_from_mean_to_mode() -> None:
    centres = torch.tensor([[0.0, 0.0], [100.0, 50.0]])
    logits = torch.tensor([0.4, 0.6]).log().reshape(1, 2, 1, 1)
    assert annealed_mean(logits, centres, 1.0).ravel().tolist() == pytest.approx([60, 30])
    assert annealed_mean(logits, centres, 0.01).ravel().tolist() == pytest.approx([100, 50])


@pytest.mark.parametrize("temperature", [0.2, 0.38, 1.0])
def test_a_mean_near_the_annealed_mean(rng: np.random.Generator, temperature: float) -> None:
    """One step of mean shift written out: a Gaussian kernel times the distribution."""
    centres = bin_centres()
    logits = 3 * rng.normal(size=(2, 313, 3, 4))
    start = annealed_mean(torch.from_numpy(logits), torch.from_numpy(centres), temperature).numpy()
    squared = ((start[:, None] - centres[:, :, None, None]) ** 2).sum(2)
    near = softmax(logits, axis=1) * np.exp(-squared * (1 - temperature) / 6**2 / 2)
    expected = np.einsum("nqhw,qc->nchw", near / near.sum(1, keepdims=True), centres)
    actual = mode_mean(torch.from_numpy(logits), torch.from_numpy(centres), temperature)
    np.testing.assert_allclose(actual, expected, atol=1e-2)


def test_a_far_mode_draws_the_mean_near_a_mode_little() -> None:
    """Seven parts of one colour, spread over its bins, and three of another."""
    centres, colour, other = bin_centres(), (13.0, 27.0), (-20.0, -30.0)
    shares = np.full(313, 1e-9)
    for where, share in ((colour, 0.7), (other, 0.3)):
        indices, weights = NeighbourTable.fit(centres).encode(np.array(where))
        shares[indices] += share * weights
    logits = torch.from_numpy(np.log(shares)).reshape(1, 313, 1, 1)
    annealed, near = (
        float((mean(logits, torch.from_numpy(centres)).ravel() - torch.tensor(colour)).norm())
        for mean in (annealed_mean, mode_mean)
    )
    assert 3 * near < annealed
    assert near < 5  # half of what parts two bins


def test_enlarge_keeps_flat_colours_and_their_place() -> None:
    ab = torch.zeros(1, 2, 8, 8)
    ab[:, 0, :, 4:] = 40
    full = enlarge(ab, (32, 32))
    assert full.shape == (1, 2, 32, 32)
    assert full[0, 0, :, :10].abs().max() < 1e-4
    assert (full[0, 0, :, 22:] - 40).abs().max() < 1e-4
    assert float(full[0, 0, 0, 15]) < 20 < float(full[0, 0, 0, 16])


def test_joint_bilateral_values(rng: np.random.Generator) -> None:
    """Kopf et al. 2007, equation 3, pixel by pixel."""
    ab = rng.normal(size=(2, 2, 3, 4)) * 30
    lightness = rng.uniform(0, 100, (2, 1, 12, 16))
    blocks = lightness.reshape(2, 3, 4, 4, 4).mean(axis=(2, 4))
    expected = np.empty((2, 2, 12, 16))
    for n, y, x in np.ndindex(2, 12, 16):
        total, weight = np.zeros(2), 0.0
        for down, across in np.ndindex(3, 3):
            row, column = y // 4 + down - 1, x // 4 + across - 1
            squared = (row - (y + 0.5) / 4 + 0.5) ** 2 + (column - (x + 0.5) / 4 + 0.5) ** 2
            row, column = np.clip(row, 0, 2), np.clip(column, 0, 3)
            tone = lightness[n, 0, y, x] - blocks[n, row, column]
            w = np.exp(-squared / 2) * (np.exp(-(tone**2) / (2 * 4**2)) + 1e-3)
            total, weight = total + w * ab[n, :, row, column], weight + w
        expected[n, :, y, x] = total / weight
    found = enlarge_along(torch.from_numpy(ab).float(), torch.from_numpy(lightness).float())
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_colours_of_pictures_have_a_gradient(rng: np.random.Generator) -> None:
    """The sum's change along a direction, by differences in float64."""
    logits, direction = (torch.from_numpy(rng.normal(size=(2, 313, 3, 4))).float() for _ in "ab")
    lightness = torch.from_numpy(rng.uniform(0, 100, (2, 1, 12, 16))).float()
    weights = torch.from_numpy(rng.normal(size=(2, 2, 12, 16)))
    centres = torch.from_numpy(bin_centres())

    def total(logits: torch.Tensor) -> torch.Tensor:
        return (enlarge_along(annealed_mean(logits, centres), lightness) * weights).sum()

    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(total(logits), logits)
    with torch.no_grad():
        step = 0.01 * direction
        slope = (total(logits + step) - total(logits - step)) / 0.02
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-2)


def test_a_line_keeps_its_colour_off_the_areas_beside_it() -> None:
    """A dark line 3 pixels wide crosses blocks; their mean ab is mixed, the areas' is not."""
    lightness = torch.full((1, 1, 32, 32), 80.0)
    lightness[..., 14:17] = 5
    true = torch.zeros(1, 2, 32, 32)
    true[:, 0] = 40
    true[..., 14:17] = 0
    small = torch.nn.functional.avg_pool2d(true, 4)
    beside = (enlarge_along(small, lightness) - true).abs()[..., [11, 12, 13, 17, 18, 19]]
    halo = (enlarge(small, (32, 32)) - true).abs()[..., [11, 12, 13, 17, 18, 19]]
    assert beside.max() < 1 < 10 < halo.max()


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_hues_by_their_density_on_the_page(rng: np.random.Generator, strength: float) -> None:
    """Against SciPy's von Mises distribution, cell by cell."""
    centres = bin_centres()
    logits, given = 2 * rng.normal(size=(2, 313, 5, 4)), rng.normal(size=313)
    chroma = np.hypot(*centres.T)
    coloured, hues = np.minimum(chroma / 15, 1), np.arctan2(centres[:, 1], centres[:, 0])
    for page, found in zip(
        logits,
        even_hues(
            torch.from_numpy(logits),
            torch.from_numpy(centres),
            strength,
            torch.from_numpy(given).float(),
        ),
        strict=True,
    ):
        seen = softmax(page[:, ::2, ::2] + given[:, None, None], axis=0)
        shares = seen.mean(axis=(1, 2)) * coloured
        shares /= shares.sum()
        density = np.array([2 * np.pi * vonmises.pdf(hue - hues, 4.0) @ shares for hue in hues])
        change = -strength * np.log(np.maximum(density, 0.05))
        change -= np.log(np.sum(shares * np.exp(change)))
        np.testing.assert_allclose(found, given + change * coloured, atol=1e-4)


ORANGE, BLUE, GREY = 0, 1, 2
THREE = torch.tensor([[20.0, 40.0], [-5.0, -40.0], [0.0, 0.0]])


def page_of(*cells: list[float]) -> torch.Tensor:
    """Logits (1, 3, 1, 2n) of cells with these shares of orange, blue and grey."""
    return torch.tensor(cells).log().t()[None, :, None].repeat_interleave(2, dim=3)


def test_what_is_likelier_blue_than_the_rest_becomes_blue() -> None:
    logits = page_of(*8 * [[0.9, 0.05, 0.05]], [0.55, 0.4, 0.05], [0.02, 0.03, 0.95])
    for strength, expected in ((0.0, ORANGE), (0.5, BLUE)):
        balanced = logits + even_hues(logits, THREE, strength)[:, :, None, None]
        likeliest = balanced[0, :, 0].argmax(0).tolist()
        assert likeliest == [ORANGE] * 16 + [expected] * 2 + [GREY] * 2


def test_what_has_no_colour_keeps_its_share() -> None:
    logits = page_of([0.6, 0.1, 0.3], [0.2, 0.1, 0.7])
    shares = logits.softmax(1).mean((0, 2, 3))
    offset = even_hues(logits, THREE, 0.7)[0]
    assert offset[GREY] == 0
    changed = shares * offset.exp()
    assert changed[:GREY].sum() == pytest.approx(float(shares[:GREY].sum()))
    assert changed[BLUE] > 1.5 * shares[BLUE]


def test_a_page_without_any_colour_stays() -> None:
    logits = page_of([1e-30, 1e-30, 1.0])
    balanced = logits + even_hues(logits, THREE, 1.0)[:, :, None, None]
    assert (balanced.softmax(1)[0, GREY] > 0.999).all()
