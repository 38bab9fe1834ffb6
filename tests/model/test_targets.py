"""The batches of a training step against the definitions in `colour`."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.model.targets import Batch, Encoder, Examples, to_planes
from tests.devices import on_each_device

STRIDE = 4


@pytest.fixture
def drawn(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise, whose means are dull, and blocks of one colour each, as strong as colours get."""
    noise = rng.integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    blocks = rng.integers(0, 256, (3, 16, 24, 3), dtype=np.uint8)
    blocks[1] = np.where(blocks[1] > 127, 255, 0)
    blocks[2] = blocks[2, ..., :1]  # greys
    return np.concatenate([noise, blocks.repeat(STRIDE, axis=1).repeat(STRIDE, axis=2)])


def encoded(drawn: NDArray[np.uint8], quantiser: Quantiser, device: torch.device) -> Batch:
    encoder = Encoder(quantiser, head_stride=STRIDE).to(device)
    batch = encoder(Examples.grey(to_planes(drawn).to(device)))
    target = batch.target
    return Batch(batch.input.cpu(), type(target)(*(part.cpu() for part in target[:4])))


@on_each_device
def test_lightness_and_block_means(
    drawn: NDArray[np.uint8], quantiser: Quantiser, device: torch.device
) -> None:
    lightness, target = encoded(drawn, quantiser, device)[:2]
    pixels = rgb_to_lab(drawn)
    assert lightness.dtype == torch.float32
    np.testing.assert_allclose(lightness[:, 0], pixels[..., 0], atol=1e-4)
    blocks = pixels[..., 1:].reshape(4, 16, STRIDE, 24, STRIDE, 2)
    np.testing.assert_allclose(target.ab.permute(0, 2, 3, 1), blocks.mean(axis=(2, 4)), atol=1e-3)


@on_each_device
def test_soft_targets_are_those_of_the_exact_search(
    drawn: NDArray[np.uint8], quantiser: Quantiser, device: torch.device
) -> None:
    target = encoded(drawn, quantiser, device).target
    assert target.indices.shape == target.weights.shape == (4, 16, 24, 5)
    indices, weights = quantiser.table.encode(target.ab.permute(0, 2, 3, 1).numpy(), 5.0)
    volumes = np.zeros((2, 4 * 16 * 24, 313))
    pixels = np.arange(4 * 16 * 24)[:, None]
    volumes[0, pixels, indices.reshape(-1, 5)] = weights.reshape(-1, 5)
    volumes[1, pixels, target.indices.reshape(-1, 5)] = target.weights.reshape(-1, 5)
    # Bins equally near may change places, or one of them its place with a sixth.
    moved = np.abs(volumes[1] - volumes[0]).max(axis=1)
    assert np.mean(moved < 1e-4) > 0.99
    np.testing.assert_allclose(target.weights, weights, atol=1e-4)


@on_each_device
def test_class_weights_are_those_of_the_nearest_bin(
    drawn: NDArray[np.uint8], quantiser: Quantiser, device: torch.device
) -> None:
    target = encoded(drawn, quantiser, device).target
    expected = quantiser.weights[target.indices[..., 0]]
    np.testing.assert_allclose(target.rebalance, expected, rtol=1e-6)
