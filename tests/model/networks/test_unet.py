import pytest
import torch
from torch import nn
from torch.nn import functional

from colorize.model.methods import set_dropout
from colorize.model.networks.unet import UNet


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_shape(size: tuple[int, int]) -> None:
    assert UNet(313, width=0.25)(torch.zeros(2, 1, *size)).shape == (
        2,
        313,
        size[0] // 4,
        size[1] // 4,
    )


def test_width_scales_every_hidden_layer() -> None:
    def channels(width: float) -> list[int]:
        return [m.num_features for m in UNet(5, width=width).modules() if hasattr(m, "eps")]

    assert channels(2) == [2 * count for count in channels(1)]
    assert channels(1)[0] == 24
    assert max(channels(1)) == 256


@torch.no_grad()
def test_untrained_it_says_next_to_nothing() -> None:
    logits = UNet(313, width=0.25)(torch.rand(1, 1, 64, 64) * 100)
    assert 0 < logits.abs().max() < 0.5


def _with_random_head(width: float = 0.25) -> UNet:
    torch.manual_seed(0)
    network = UNet(7, width=width)
    nn.init.normal_(network.head.weight)
    return network


def test_gradients_reach_every_parameter() -> None:
    network = _with_random_head()
    output = network(torch.rand(2, 1, 64, 96) * 100)
    (output * torch.randn_like(output)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@torch.no_grad()
def test_a_picture_is_painted_alike_alone_and_among_others() -> None:
    network = _with_random_head().eval()
    lightness = torch.rand(3, 1, 64, 64) * 100
    torch.testing.assert_close(network(lightness)[1:2], network(lightness[1:2]))


def test_each_kind_of_pages_has_batch_norms_of_its_own() -> None:
    torch.manual_seed(0)
    network = UNet(7, width=0.25, channels=2, norms=2)
    nn.init.normal_(network.head.weight)
    grey, inked = (torch.rand(4, 2, 64, 64) * 100 for _ in range(2))
    grey[:, 1], inked[:, 1] = 0, 100
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(inked).square().sum().backward()
    moved = {
        name for name, tensor in network.state_dict().items() if not tensor.equal(before[name])
    }
    assert moved == {name for name, _ in network.named_buffers() if "inked" in name}
    learned = {name for name, p in network.named_parameters() if p.grad is not None}
    norms = {name for name, p in network.named_parameters() if p.ndim == 1} - {"head.bias"}
    assert norms & learned == {name for name in norms if "inked" in name}
    for _ in range(20):
        network(grey)
    network.eval()
    with torch.no_grad():
        mixed = network(torch.cat([inked[:1], grey, inked[1:]]))
        torch.testing.assert_close(mixed[1:5], network(grey))
        torch.testing.assert_close(mixed[[0, 5, 6, 7]], network(inked))
        unlike = network(torch.stack([grey[:, 0], inked[:, 1]], 1))
    assert (unlike - mixed[1:5]).abs().max() > 0.1


def test_one_set_of_batch_norms_serves_all_pages() -> None:
    network = UNet(7, width=0.25, channels=2)
    assert not any("inked" in name for name in network.state_dict())


def test_dropout_leaves_deepest_maps_out_in_training_alone() -> None:
    """What is left out is set to zero, and the rest made larger, so that the mean stays."""
    network = UNet(7, width=1.0)
    deepest: list[torch.Tensor] = []
    network.up[0].register_forward_hook(lambda _, inputs, __: deepest.append(inputs[0][:, :256]))
    seen = torch.rand(64, 1, 64, 64) * 100
    with torch.no_grad():
        network(seen)
        set_dropout(network, 0.2)
        network(seen)
    full, dropped = deepest
    out = (dropped == 0).all((2, 3)) & (full != 0).any(3).any(2)
    assert float(out.float().mean()) == pytest.approx(0.2, abs=0.02)
    torch.testing.assert_close(dropped[~out], full[~out] / 0.8)
    with torch.no_grad():
        network.eval()
        seen = seen[:2]
        torch.testing.assert_close(network(seen), network(seen))


@torch.no_grad()
def test_signal_neither_dies_nor_explodes_at_the_start() -> None:
    """Before normalisation as well: a bfloat16 convolution must not run out of its range."""
    torch.manual_seed(0)
    network = UNet(313, width=0.5)
    seen: list[float] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            module.register_forward_hook(lambda _, __, output: seen.append(float(output.std())))
    network(torch.rand(2, 1, 64, 64) * 100)
    assert len(seen) == 15
    assert 0.1 < min(seen) <= max(seen) < 10


@torch.no_grad()
def test_layers_are_those_of_a_u_net_in_plain_pytorch() -> None:
    network = _with_random_head().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    weights = dict(network.state_dict())

    def layer(x: torch.Tensor, name: str, stride: int = 1, dilation: int = 1) -> torch.Tensor:
        kernel = weights[f"{name}.0.weight"]
        x = functional.conv2d(x, kernel, None, stride, dilation, dilation)
        norm = [weights[f"{name}.1.{part}"] for part in ("running_mean", "running_var")]
        scale = [weights[f"{name}.1.{part}"] for part in ("weight", "bias")]
        return torch.relu(functional.batch_norm(x, *norm, *scale))

    lightness = torch.rand(2, 1, 64, 96) * 100
    scaled = (lightness - 50) / 50
    corners = [scaled[..., y::2, x::2] for y in (0, 1) for x in (0, 1)]
    half = layer(torch.cat(corners, 1), "stem")
    down = [half]
    for number, dilation in enumerate((1, 1, 1, 2)):
        x = layer(down[-1], f"down.{number}.0", stride=2)
        down.append(layer(x, f"down.{number}.1", dilation=dilation))
    x = down[4]
    for number, skip in enumerate((down[3], down[2], down[1])):
        x = torch.cat([x.repeat_interleave(2, 2).repeat_interleave(2, 3), skip], 1)
        x = layer(layer(x, f"up.{number}.0"), f"up.{number}.1")
    expected = functional.conv2d(x, weights["head.weight"], weights["head.bias"])
    torch.testing.assert_close(network(lightness), expected)
