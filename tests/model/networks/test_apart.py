import torch
from torch import Tensor, nn

from colorize.model.networks.apart import Apart


class Plain(nn.Module):
    """Gives a constant and what it was told; remembers what it saw."""

    def __init__(self, value: float, outputs: int) -> None:
        super().__init__()
        self.value, self.outputs = value, outputs
        self.seen: list[tuple[int, ...]] = []

    def forward(self, seen: Tensor, hints: Tensor | None = None) -> Tensor:
        self.seen.append(tuple(seen.shape))
        of = seen.mean((1, 2, 3)) if hints is None else hints.mean((1, 2, 3))
        return (of + self.value)[:, None, None, None].expand(-1, self.outputs, 2, 3)


def pages(*inked: bool) -> Tensor:
    """Pages (N, 2, 8, 12) whose lightness is their number."""
    seen = torch.arange(len(inked)).float()[:, None, None, None].repeat(1, 2, 8, 12)
    seen[:, 1] = 100 * torch.tensor(inked).float()[:, None, None]
    return seen


def test_each_page_is_coloured_by_the_network_of_its_kind() -> None:
    network = Apart(grey=Plain(1000, 3), others=Plain(2000, 4), missing=1)
    mixed = network(pages(True, False, False, True))
    assert mixed.shape == (4, 4, 2, 3)
    assert mixed[:, 0, 0, 0].tolist() == [2050, 1001, 1002, 2051.5]  # grey: L alone is seen
    assert mixed[:, 3, 0, 0].tolist() == [2050, 0, 0, 2051.5]
    for row in range(4):
        torch.testing.assert_close(network(pages(True, False, False, True)[[row]])[0], mixed[row])


def test_a_network_is_not_called_for_pages_of_the_other_kind() -> None:
    grey, others = Plain(0, 3), Plain(0, 4)
    network = Apart(grey=grey, others=others, missing=1)
    network(pages(False, False))
    network(pages(True))
    assert (grey.seen, others.seen) == ([(2, 1, 8, 12)], [(1, 2, 8, 12)])


def test_conditions_follow_their_pages() -> None:
    network = Apart(grey=Plain(1000, 3), others=Plain(2000, 3), missing=0)
    hints = torch.tensor([5.0, 6.0, 7.0])[:, None, None, None].expand(-1, 4, 8, 12)
    given = network(pages(True, False, True), hints=hints)
    assert given[:, 0, 0, 0].tolist() == [2005, 1006, 2007]
