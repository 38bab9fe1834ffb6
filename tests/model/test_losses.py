import pytest
import torch
from torch.nn import functional

from colorize.model.losses import Target, soft_cross_entropy, squared_distance

N, Q, K, H, W = 2, 313, 5, 3, 4


@pytest.fixture
def target() -> Target:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(N, H, W, Q, generator=generator)
    weights = torch.rand(N, H, W, K, generator=generator)
    rebalance = torch.rand(N, H, W, generator=generator) + 0.1
    shares = weights / weights.sum(-1, keepdim=True)
    ab = torch.rand(N, 2, H, W, generator=generator) * 100 - 50
    return Target(scores.topk(K).indices, shares, rebalance, ab)


@pytest.fixture
def logits() -> torch.Tensor:
    values = torch.randn(N, Q, H, W, generator=torch.Generator().manual_seed(1)) * 3
    return values.requires_grad_()


def dense(target: Target) -> torch.Tensor:
    volume = torch.zeros(N, H, W, Q).scatter_(-1, target.indices, target.weights)
    return volume.permute(0, 3, 1, 2)


def test_values_and_gradient_are_those_of_a_dense_target(
    logits: torch.Tensor, target: Target
) -> None:
    by_pixel = functional.cross_entropy(logits, dense(target), reduction="none")  # (N, H, W)
    expected = (by_pixel * target.rebalance).sum() / target.rebalance.sum()
    (gradient,) = torch.autograd.grad(expected, logits, retain_graph=True)
    losses = soft_cross_entropy(logits, target)
    torch.testing.assert_close(losses.rebalanced, expected)
    torch.testing.assert_close(torch.autograd.grad(losses.rebalanced, logits)[0], gradient)


def test_divergence_is_the_kl_of_the_dense_target(logits: torch.Tensor, target: Target) -> None:
    volume = dense(target)
    expected = functional.kl_div(logits.log_softmax(1), volume, reduction="none").sum(1).mean()
    torch.testing.assert_close(soft_cross_entropy(logits, target).divergence, expected)


def test_divergence_of_the_truth_is_zero(target: Target) -> None:
    logits = dense(target).clamp_min(1e-30).log()
    assert float(soft_cross_entropy(logits, target).divergence) == pytest.approx(0, abs=1e-5)


def test_extreme_logits_stay_finite(logits: torch.Tensor, target: Target) -> None:
    losses = soft_cross_entropy(logits * 1e4, target)
    losses.rebalanced.backward()
    assert torch.isfinite(losses.rebalanced)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_mass_makes_parts_of_a_batch_add_up(logits: torch.Tensor, target: Target) -> None:
    whole = soft_cross_entropy(logits, target)
    parts = [
        soft_cross_entropy(logits[n : n + 1], Target(*(part[n : n + 1] for part in target[:4])))
        for n in range(N)
    ]
    mass = sum(part.mass for part in parts)
    torch.testing.assert_close(whole.mass, mass)
    mean = sum(part.rebalanced * part.mass for part in parts) / mass
    torch.testing.assert_close(whole.rebalanced, mean)


def test_a_lightness_beyond_the_scale_comes_back_unless_it_is_right(
    logits: torch.Tensor, target: Target
) -> None:
    """Decoding clips it: what is white needs no correction, what is not does."""
    wanted = torch.tensor([100.0, 40.0, 100.0, 0.0]).expand(N, 1, H, W)
    given = torch.tensor([125.0, 125.0, 90.0, -30.0]).expand(N, 1, H, W)
    output = torch.cat([logits.detach(), (given - 50) / 50], dim=1).requires_grad_()
    losses = soft_cross_entropy(output, target._replace(lightness=wanted))
    (gradient,) = torch.autograd.grad(losses.rebalanced, output)
    assert gradient[:, Q].sign().unique(dim=0).squeeze().unique(dim=0).tolist() == [[0, 1, -1, 0]]


def test_squared_distance_is_in_ab(target: Target) -> None:
    away = target.ab + torch.tensor([3.0, 4.0])[:, None, None]
    losses = squared_distance(away, target)
    assert losses.rebalanced == losses.divergence
    assert float(losses.rebalanced) == pytest.approx(25, rel=1e-5)
    assert losses.mass == N * H * W
