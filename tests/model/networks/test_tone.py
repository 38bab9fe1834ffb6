from pathlib import Path

import numpy as np
import pytest
import torch

from colorize.colour.gamut import bin_centres
from colorize.model.networks.tone import ToneTable, tone_shares
from colorize.model.recipes import RECIPES
from colorize.model.weights import Model
from tests.models import tiny_model


def test_shares_are_tent_functions_of_each_pixel(rng: np.random.Generator) -> None:
    lightness = rng.uniform(0, 100, (2, 1, 8, 12)).astype(np.float32)
    lightness.flat[:3] = (0, 50, 100)
    tents = np.stack(
        [np.clip(1 - abs(lightness[:, 0] - tone) / 2, 0, None) for tone in range(0, 101, 2)], axis=1
    )
    expected = tents.reshape(2, 51, 2, 4, 3, 4).mean(axis=(3, 5))
    shares = tone_shares(torch.from_numpy(lightness), tones=51, stride=4)
    np.testing.assert_allclose(shares, expected, atol=1e-5)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-5)


def test_a_single_tone_has_every_block() -> None:
    shares = tone_shares(torch.rand(1, 1, 8, 8) * 100, tones=1, stride=4)
    torch.testing.assert_close(shares, torch.ones(1, 1, 2, 2))


def test_every_row_learns_from_the_blocks_of_its_tone_alone() -> None:
    table = ToneTable(torch.zeros(51, 5), stride=4)
    lightness = torch.full((1, 1, 4, 8), 20.0)
    lightness[..., 4:] = 61
    table(lightness)[0, 3].sum().backward()
    assert table.rows.grad is not None
    assert {tuple(place) for place in table.rows.grad.nonzero().tolist()} == {
        (10, 3),
        (30, 3),
        (31, 3),
    }
    assert table.rows.grad[:, 3].sum() == pytest.approx(2)


@pytest.fixture
def shares(rng: np.random.Generator) -> np.ndarray:
    counts = rng.pareto(1, (51, 313)) + 1e-6
    return counts / counts.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("recipe", ["unet", "unet_l2"])
def test_training_begins_at_the_tone_curve(shares: np.ndarray, recipe: str) -> None:
    """In blocks of one tone: at T = 1 the mean of the bins by their shares at that tone.

    The head's own output begins near zero; here it is exactly zero.
    """
    centres = bin_centres()
    model = tiny_model(recipe, width=0.25, tones=shares)
    tones = np.random.default_rng(1).integers(0, 51, (16, 16))
    lightness = torch.from_numpy(np.kron(2.0 * tones, np.ones((4, 4)))).float()[None, None]
    with torch.no_grad():
        model.network.network.head.weight.zero_()
        output = model.network.eval()(lightness)
    if RECIPES[recipe].classifies:
        predicted = output.softmax(1)[0].permute(1, 2, 0)
        np.testing.assert_allclose(predicted, shares[tones], rtol=1e-3, atol=1e-7)
    ab = RECIPES[recipe].decode(output, model.centres, 1.0, None)[0].permute(1, 2, 0)
    np.testing.assert_allclose(ab, (shares @ centres)[tones], atol=1e-2)


@pytest.mark.parametrize("recipe", RECIPES)
def test_any_recipe_takes_a_table_and_keeps_it_in_its_file(
    shares: np.ndarray, recipe: str, tmp_path: Path
) -> None:
    model = tiny_model(recipe, tones=shares)
    model.network.eval()
    lightness = torch.rand(1, 1, 64, 64) * 100
    model.save(tmp_path / "m.safetensors")
    loaded = Model.load(tmp_path / "m.safetensors")
    with torch.no_grad():
        expected = model.network(lightness)
        torch.testing.assert_close(loaded.network(lightness), expected)
        plain = tiny_model(recipe).network.eval()
        assert not torch.allclose(plain(lightness), expected)
