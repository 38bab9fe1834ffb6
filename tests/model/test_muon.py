"""Muon against singular value decompositions and PyTorch's own Muon for matrices."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from colorize.learn.distributed import ALONE
from colorize.model.methods import Settings
from colorize.model.muon import UPDATE_RMS, Muon, orthogonalised
from colorize.model.recipes import network, recipe
from colorize.model.spec import Spec

SHAPES = [(24, 216), (40, 40), (96, 36), (1, 9), (7, 1)]


def matrix(shape: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def by_decomposition(given: Tensor) -> NDArray[np.float64]:
    """Put the singular values themselves through Jordan et al.'s polynomial, five times."""
    left, values, right = np.linalg.svd(given.double().numpy(), full_matrices=False)
    values = values / np.linalg.norm(values)
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return (left * values) @ right


@pytest.mark.parametrize("shape", SHAPES)
def test_iterations_are_a_polynomial_of_the_singular_values(shape: tuple[int, int]) -> None:
    given = matrix(shape)
    assert np.abs(orthogonalised(given).numpy() - by_decomposition(given)).max() < 1e-4


@pytest.mark.parametrize("shape", [(24, 216), (96, 36), (40, 80)])
def test_all_directions_become_about_as_long(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonalised(matrix(shape)))
    assert values.min() > 0.65
    assert values.max() < 1.25


def test_an_unlike_scale_changes_nothing() -> None:
    given = matrix((24, 216))
    small = orthogonalised(1e-4 * given)
    assert torch.allclose(small, orthogonalised(1e4 * given), atol=1e-4)


def test_a_gradient_of_zero_is_no_step() -> None:
    assert not orthogonalised(torch.zeros(4, 9)).any()


def kernel(shape: tuple[int, ...], *, last: bool = True) -> nn.Parameter:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    return nn.Parameter(values.to(memory_format=torch.channels_last) if last else values)


def steps(parameter: nn.Parameter, optimiser: torch.optim.Optimizer, count: int = 3) -> Tensor:
    """Take steps by gradients that depend on their number alone; give the parameter."""
    for number in range(count):
        random = torch.Generator().manual_seed(number)
        gradient = torch.randn(16, 8, 3, 3, generator=random)
        parameter.grad = gradient.reshape(parameter.shape).clone()
        optimiser.step()
    return parameter.detach().reshape(16, 8, 3, 3)


def test_steps_are_those_of_pytorchs_muon_on_the_flat_kernel() -> None:
    """PyTorch's iterates in bfloat16, so its updates are near ours, and no nearer."""
    ours, start = kernel((16, 8, 3, 3), last=False), kernel((16, 8, 3, 3))
    flat = nn.Parameter(start.detach().reshape(16, 72).clone())
    lr, rms = 0.01, 0.2
    theirs = torch.optim.Muon(
        [flat],
        lr=lr * UPDATE_RMS / rms,
        weight_decay=0.1 * rms / UPDATE_RMS,
        momentum=0.9,
        adjust_lr_fn="match_rms_adamw",
    )
    mine = Muon([ours], momentum=0.9, weight_decay=0.1)
    mine.param_groups[0]["lr"] = lr
    expected, found = steps(flat, theirs), steps(ours, mine)
    moved = (expected - start).square().mean().sqrt()
    assert (found - expected).square().mean().sqrt() < 0.03 * moved
    assert (found - start).square().mean().sqrt() > 0.9 * moved


def test_the_memory_format_changes_nothing() -> None:
    found = []
    for last in (False, True):
        parameter = kernel((16, 8, 3, 3), last=last)
        optimiser = Muon([parameter])
        optimiser.param_groups[0]["lr"] = 0.1
        found.append(steps(parameter, optimiser))
    assert torch.allclose(*found, atol=1e-5)


def test_a_kernel_without_gradient_stays() -> None:
    parameter = kernel((16, 8, 3, 3))
    before = parameter.detach().clone()
    optimiser = Muon([parameter], weight_decay=1.0)
    optimiser.param_groups[0]["lr"] = 0.1
    optimiser.step()
    assert torch.equal(parameter, before)


@pytest.mark.parametrize("name", ["unet", "unet_l2", "eccv16"])
def test_every_parameter_has_one_optimiser(name: str) -> None:
    spec = Spec(bins=9, width=0.25, channels=2, lightness=True, tones=3)
    chosen = recipe(name)
    made = network(chosen, spec)
    settings = Settings(
        weight_decay=0.01,
        steps=1,
        seed=0,
        spec=spec,
        decode=lambda output: output,
        enlarge=lambda colours, _: colours,
    )
    optimisers = chosen.method(made, settings, ALONE).optimisers
    held = {
        key: [id(p) for group in optimiser.param_groups for p in group["params"]]
        for key, optimiser in optimisers.items()
    }
    every = [number for numbers in held.values() for number in numbers]
    assert sorted(every) == sorted(id(parameter) for parameter in made.parameters())
    large = {id(p) for p in made.parameters() if p.ndim == 4 and p.shape[2:] != (1, 1)}
    assert set(held.get("kernels", [])) == (set() if name == "eccv16" else large)
