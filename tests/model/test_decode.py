import numpy as np
import pytest
import torch
from scipy.special import softmax

from colorize.colour.gamut import bin_centres
from colorize.model.decode import annealed_mean, enlarge


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


def test_from_mean_to_mode() -> None:
    centres = torch.tensor([[0.0, 0.0], [100.0, 50.0]])
    logits = torch.tensor([0.4, 0.6]).log().reshape(1, 2, 1, 1)
    assert annealed_mean(logits, centres, 1.0).ravel().tolist() == pytest.approx([60, 30])
    assert annealed_mean(logits, centres, 0.01).ravel().tolist() == pytest.approx([100, 50])


def test_enlarge_keeps_flat_colours_and_their_place() -> None:
    ab = torch.zeros(1, 2, 8, 8)
    ab[:, 0, :, 4:] = 40
    full = enlarge(ab, (32, 32))
    assert full.shape == (1, 2, 32, 32)
    assert full[0, 0, :, :10].abs().max() < 1e-4
    assert (full[0, 0, :, 22:] - 40).abs().max() < 1e-4
    assert float(full[0, 0, 0, 15]) < 20 < float(full[0, 0, 0, 16])
