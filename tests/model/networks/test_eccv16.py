import pytest
import torch
from torch import nn
from torch.nn import functional

from colorize.model.networks.eccv16 import Eccv16


def test_parameters_of_the_paper() -> None:
    network = Eccv16(313)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    affine = sum(p.numel() for norm in norms for p in norm.parameters())
    assert sum(p.numel() for p in network.parameters()) == 32_235_385
    assert (affine, len(norms)) == (4_992, 7)


@pytest.mark.parametrize("size", [(64, 64), (48, 80)])
def test_shape(size: tuple[int, int]) -> None:
    network = Eccv16(313, width=0.125)
    logits = network(torch.zeros(2, 1, *size))
    assert logits.shape == (2, 313, size[0] // 4, size[1] // 4)


def test_width_scales_every_hidden_layer() -> None:
    def channels(width: float) -> list[int]:
        network = Eccv16(313, width=width)
        return [m.out_channels for m in network.trunk if isinstance(m, torch.nn.Conv2d)]

    assert channels(0.5) == [n // 2 for n in channels(1)]


def test_receptive_field() -> None:
    """325 pixels before the upsampling, whose two 3 x 3 followers see 4 of its inputs, 8 apart."""
    network = Eccv16(4, width=0.125).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # positive weights: no signal is cut by a ReLU
            parameter.abs_()
    base = torch.full((1, 1, 8, 768), 60.0, requires_grad=True)
    logits = network(base)[0, 0, 1, 96]  # sees pixels around 96 * 4
    (gradient,) = torch.autograd.grad(logits, base)
    seen = gradient[0, 0].abs().sum(0).nonzero().ravel()
    assert int(seen.max() - seen.min()) + 1 == 325 + 3 * 8


@torch.no_grad()
def test_signal_neither_dies_nor_explodes_at_the_start() -> None:
    torch.manual_seed(0)
    network = Eccv16(313, width=0.25)
    x = (torch.rand(2, 1, 64, 64) * 100 - 50) / 100
    for layer in network.trunk:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            assert 0.05 < float(x.std()) < 5


@torch.no_grad()
def test_untrained_output_is_near_uniform() -> None:
    torch.manual_seed(0)
    logits = Eccv16(313, width=0.25)(torch.rand(1, 1, 64, 64) * 100)
    assert float(logits.softmax(1).max()) < 0.05


def test_layers_are_those_of_plain_pytorch() -> None:
    """The first convolution sees L alone, and the activations are ReLUs."""
    torch.manual_seed(0)
    network = Eccv16(7, width=0.125).eval()
    lightness = torch.rand(2, 1, 32, 48) * 100
    x = (lightness - 50) / 100
    for layer in network.trunk:
        if isinstance(layer, nn.Conv2d):
            x = functional.conv2d(
                x, layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation
            )
        elif isinstance(layer, nn.ConvTranspose2d | nn.BatchNorm2d):
            x = layer(x)
        else:
            x = torch.relu(x)
    torch.testing.assert_close(network(lightness), network.head(x))
