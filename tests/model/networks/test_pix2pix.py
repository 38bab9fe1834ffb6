"""The networks of pix2pix: the published ones, written down again, and pictures of any size."""

import pytest
import torch
from torch import Tensor, nn

from colorize.learn.params import LEAST_CROP
from colorize.model.networks import pix2pix
from colorize.model.networks.pix2pix import Critic, Generator, least_side


class Published(nn.Module):
    """The authors' U-Net as they nest it: each block holds all that is below it.

    An inner block joins its input to its output; halvings and doublings have biases only in the
    outermost doubling, and the innermost halving is not normalised.
    """

    def __init__(self, outside: int, inside: int, below: nn.Module | None, **kind: bool) -> None:
        super().__init__()
        outermost, dropout = kind.get("outermost", False), kind.get("dropout", False)
        entering = 1 if outermost else outside
        down: list[nn.Module] = [nn.Conv2d(entering, inside, 4, 2, 1, bias=False)]
        from_below = 2 * inside if below else inside
        up: list[nn.Module] = [
            nn.ReLU(),
            nn.ConvTranspose2d(from_below, outside, 4, 2, 1, bias=outermost),
        ]
        if outermost:
            up.append(nn.Tanh())
        else:
            down.insert(0, nn.LeakyReLU(0.2))
            up.append(nn.BatchNorm2d(outside))
            if below:
                down.append(nn.BatchNorm2d(inside))
            if dropout:
                up.append(nn.Dropout(0.5))
        self.down, self.below, self.up = nn.Sequential(*down), below, nn.Sequential(*up)
        self.outermost = outermost

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        y = self.up(self.below(y) if self.below else y)
        return y if self.outermost else torch.cat([x, y], 1)


def published(first: int) -> Published:
    block = Published(8 * first, 8 * first, None)
    for _ in range(3):
        block = Published(8 * first, 8 * first, block, dropout=True)
    for multiple in (4, 2, 1):
        block = Published(multiple * first, 2 * multiple * first, block)
    return Published(2, first, block, outermost=True)


def weights_from_outside(block: Published) -> tuple[list[nn.Module], list[nn.Module]]:
    """Layers with weights: on the way down from the outermost, on the way up from the innermost."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    down, up = ([m for m in part if isinstance(m, kinds)] for part in (block.down, block.up))
    if block.below is None:
        return down, up
    inner_down, inner_up = weights_from_outside(block.below)
    return down + inner_down, inner_up + up


def test_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        networks = [Generator(2), Critic(3), Critic(3, patch=1), Critic(3, patch=16)]
        theirs = published(64)
    counts = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert counts == [54_409_858, 2_765_633, 8_832, 136_513]
    assert sum(p.numel() for p in theirs.parameters()) == counts[0]


def test_the_output_is_that_of_the_published_network() -> None:
    torch.manual_seed(0)
    ours, theirs = Generator(2, width=0.125).eval(), published(8).eval()
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    with torch.no_grad():
        for part, modules in zip((ours.down, ours.up), weights_from_outside(theirs), strict=True):
            own = [module for module in part.modules() if isinstance(module, kinds)]
            for mine, other in zip(own, modules, strict=True):
                other.load_state_dict(mine.state_dict())
        lightness = torch.rand(1, 1, 256, 256) * 100
        expected = theirs(lightness / 50 - 1)
        assert expected.std() > 1e-4
        torch.testing.assert_close(ours(lightness), expected)


@pytest.mark.parametrize(("patch", "side"), [(1, 256), (16, 126), (70, 30), (286, 6)])
def test_a_critic_judges_squares_of_the_published_side(patch: int, side: int) -> None:
    critic = Critic(3, patch=patch, width=0.125).eval()
    with torch.no_grad():
        for parameter in critic.parameters():  # so that no path cancels another
            parameter.abs_().add_(0.01)
    pictures = torch.rand(1, 3, 256, 256, requires_grad=True)
    logits = critic(pictures)
    assert logits.shape == (1, 1, side, side)
    larger = torch.zeros(1, 3, 512, 512, requires_grad=True)
    judged = critic(larger)
    judged[0, 0, judged.shape[2] // 2, judged.shape[3] // 2].backward()
    assert larger.grad is not None
    rows = larger.grad.abs().sum((0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == patch


@pytest.mark.parametrize("patch", pix2pix.HALVINGS)
def test_the_smallest_picture_that_a_critic_can_judge(patch: int) -> None:
    side, critic = least_side(patch), Critic(3, patch=patch, width=0.125).eval()
    assert critic(torch.zeros(1, 3, side, side)).shape[2] == 1
    if side > 1:
        with pytest.raises(RuntimeError):
            critic(torch.zeros(1, 3, side - 1, side - 1))
    assert max(32, side) == LEAST_CROP.get(patch, 32)  # 32 is the least crop of all


@pytest.mark.parametrize(
    ("size", "first"),
    [
        ((256, 256), (128, 128)),
        ((192, 320), (96, 160)),
        ((333, 256), (167, 128)),
        ((257, 31), (129, 16)),
        ((1, 1), (2, 2)),
        ((700, 3), (350, 2)),
    ],
)
def test_a_page_of_any_size_costs_no_more_than_its_own(
    size: tuple[int, int], first: tuple[int, int]
) -> None:
    """The first map has half of the page's size, rounded up."""
    network = Generator(2, width=0.125).eval()
    shapes: list[tuple[int, ...]] = []
    for level in network.down:
        level.register_forward_hook(lambda *called: shapes.append(tuple(called[2].shape[2:])))
    with torch.no_grad():
        output = network(torch.rand(1, 1, *size) * 100)
    assert output.shape == (1, 2, *size)
    assert shapes[0] == first
    assert shapes[-1] == (1, 1) or min(shapes[-1]) > 1  # no tall column of one pixel


def test_a_batch_of_one_small_crop_can_be_normalised() -> None:
    network = Generator(2, width=0.125).train()
    network(torch.rand(1, 1, 32, 32) * 100).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_dropout_is_off_outside_training_but_for_seeded_noise() -> None:
    torch.manual_seed(0)
    network, seen = Generator(2, width=0.125).eval(), torch.rand(2, 1, 64, 64) * 100
    with torch.no_grad():
        plain = network(seen)
        assert torch.equal(network(seen), plain)
        noisy = network(seen, noise=torch.tensor([[1.0], [2.0]]))
        torch.manual_seed(9)
        assert torch.equal(network(seen, noise=torch.tensor([[1.0], [2.0]])), noisy)
        assert not torch.equal(noisy, plain)
        alone = network(seen[1:], noise=torch.tensor([[2.0]]))
        other = network(seen[1:], noise=torch.tensor([[3.0]]))
    torch.testing.assert_close(alone, noisy[1:])  # whatever it is painted beside
    assert not torch.equal(other, alone)


def test_dropout_keeps_the_mean() -> None:
    x = torch.ones(1, 400, 10, 10)
    seeded = pix2pix._dropped(x, [torch.Generator().manual_seed(0)], training=False)
    assert set(seeded.unique().tolist()) == {0.0, 2.0}
    assert float(seeded.mean()) == pytest.approx(1, abs=0.03)
    assert torch.equal(pix2pix._dropped(x, None, training=False), x)


def test_first_weights() -> None:
    torch.manual_seed(0)
    network = Generator(2, width=0.5)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.weight.numel() > 10_000:
            assert float(module.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    norms = [m.weight.detach() for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert float(torch.cat(norms).mean()) == pytest.approx(1, abs=0.01)
    seen = torch.rand(1, 1, 64, 64) * 100
    assert float(network.eval()(seen).detach().abs().max()) < 0.2  # begins near grey
