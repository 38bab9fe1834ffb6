"""Scores of distributions against scikit-learn, scipy, or dense volumes."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import log_loss, top_k_accuracy_score

from colorize.metrics.classes import CLASS_SCORES, LEVELS, Distributions
from colorize.metrics.tally import Tally, alone

Q, H, W, K = 20, 6, 5, 3


@pytest.fixture
def guesses(rng: np.random.Generator) -> list[Distributions]:
    """Three pictures, whose networks know a little."""
    made = []
    for _ in range(3):
        indices = np.stack([rng.permutation(Q)[:K] for _ in range(H * W)]).reshape(H, W, K)
        weights = -np.sort(-rng.dirichlet(np.ones(K), (H, W)), axis=-1)
        logits = rng.normal(size=(Q, H, W))
        np.put_along_axis(logits, indices[..., 0][None], 1.5, axis=0)
        made.append(
            Distributions(
                torch.from_numpy(logits), torch.from_numpy(indices), torch.from_numpy(weights)
            )
        )
    return made


def dense(guesses: list[Distributions]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and targets of all pixels: two of (n, Q)."""
    shares, targets = [], []
    for guess in guesses:
        logits = guess.logits.expand(-1, H, W).numpy()
        shares.append(softmax(logits, axis=0).reshape(Q, -1).T)
        target = np.zeros((H, W, Q))
        np.put_along_axis(target, guess.indices.numpy(), guess.weights.numpy(), axis=-1)
        targets.append(target.reshape(-1, Q))
    return np.concatenate(shares), np.concatenate(targets)


def scores(guesses: list[Distributions]) -> dict[str, float]:
    tally = Tally(CLASS_SCORES)
    tally.add([tally.vectors(guess) for guess in guesses], np.ones((1, len(guesses))))
    return {name: float(values[0]) for name, values in tally.replicates().items()}


def test_values(guesses: list[Distributions]) -> None:
    shares, targets = dense(guesses)
    found = scores(guesses)
    assert set(found) == set(CLASS_SCORES)
    cross_entropy = -(targets * np.log(shares)).sum(axis=1).mean()
    assert found["cross_entropy"] == pytest.approx(cross_entropy, rel=1e-6)
    floor = entropy(targets, axis=1).mean()
    assert found["divergence"] == pytest.approx(cross_entropy - floor, rel=1e-6)
    true = targets.argmax(axis=1)
    for k, name in ((1, "top1"), (5, "top5")):
        expected = top_k_accuracy_score(true, shares, k=k, labels=range(Q))
        assert found[name] == pytest.approx(100 * expected)
    assert found["mse"] == pytest.approx(((shares - targets) ** 2).mean(), rel=1e-5)
    assert found["mae"] == pytest.approx(np.abs(shares - targets).mean(), rel=1e-5)
    assert found["psnr"] == pytest.approx(-10 * np.log10(((shares - targets) ** 2).mean()))


def test_calibration_error(guesses: list[Distributions]) -> None:
    """Guo et al. 2017, equation 3, level by level."""
    shares, targets = dense(guesses)
    confidence, hit = shares.max(axis=1), shares.argmax(axis=1) == targets.argmax(axis=1)
    expected = 0.0
    for level in range(LEVELS):
        inside = (confidence > level / LEVELS) & (confidence <= (level + 1) / LEVELS)
        if inside.any():
            gap = abs(confidence[inside].mean() - hit[inside].mean())
            expected += inside.mean() * gap
    assert scores(guesses)["calibration_error"] == pytest.approx(100 * expected, rel=1e-5)


def test_cross_entropy_of_certain_targets_is_the_log_loss(guesses: list[Distributions]) -> None:
    certain = [
        Distributions(g.logits, g.indices, torch.eye(K, dtype=torch.float64)[0].expand(H, W, K))
        for g in guesses
    ]
    shares, targets = dense(certain)
    expected = log_loss(targets.argmax(axis=1), shares, labels=range(Q))
    assert scores(certain)["cross_entropy"] == pytest.approx(expected, rel=1e-6)


def test_a_uniform_guess(guesses: list[Distributions]) -> None:
    """What the volume's scores call 29 dB knows nothing at all."""
    flat = [Distributions(torch.zeros(Q, 1, 1), g.indices, g.weights) for g in guesses]
    found = scores(flat)
    assert found["cross_entropy"] == pytest.approx(np.log(Q))
    assert found["top1"] == pytest.approx(100 / Q)
    assert found["top5"] == pytest.approx(500 / Q)
    assert found["calibration_error"] == pytest.approx(0, abs=1e-4)
    shares, targets = dense(flat)
    assert found["mse"] == pytest.approx(((shares - targets) ** 2).mean(), rel=1e-5)
    assert found["mae"] == pytest.approx(np.abs(shares - targets).mean(), rel=1e-5)


def test_a_picture_alone(guesses: list[Distributions]) -> None:
    tally = Tally(CLASS_SCORES)
    one = alone(CLASS_SCORES, tally.vectors(guesses[0]))
    assert one == pytest.approx(scores(guesses[:1]))
