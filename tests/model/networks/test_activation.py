import pytest
import torch

from colorize.model.networks.activation import Relu

DTYPES = [torch.bfloat16, torch.float16, torch.float32, torch.float64]


@pytest.fixture(params=DTYPES, ids=str)
def values(request: pytest.FixtureRequest) -> torch.Tensor:
    """(2, 3, 64, 64) channels-last: every bit pattern of 16 bits twice, and ordinary numbers."""
    dtype = request.param
    if dtype.itemsize == 2:
        patterns = torch.arange(2**15, dtype=torch.int16)
        flat = torch.cat([patterns, ~patterns]).view(dtype)[: 3 * 64 * 64 * 2]
    else:
        flat = torch.randn(3 * 64 * 64 * 2, dtype=dtype)
        extreme = [0.0, -0.0, torch.inf, -torch.inf, torch.nan, -torch.nan, 1e-38, -1e-38]
        flat[: len(extreme)] = torch.tensor(extreme, dtype=dtype)
    return flat.view(2, 64, 64, 3).permute(0, 3, 1, 2)


def test_values_are_those_of_pytorch(values: torch.Tensor) -> None:
    expected = torch.relu(values)
    found = Relu()(values.clone())
    assert torch.equal(found.isnan(), expected.isnan())
    assert torch.equal(found.nan_to_num(), expected.nan_to_num())
    assert found.stride() == expected.stride()


def test_gradients_are_those_of_pytorch(values: torch.Tensor) -> None:
    x = values.nan_to_num().requires_grad_()
    upstream = torch.randn(x.shape, dtype=torch.float32).to(x.dtype)
    (expected,) = torch.autograd.grad(torch.relu(x), x, upstream)
    (found,) = torch.autograd.grad(Relu()(x * 1), x, upstream)
    assert torch.equal(found, expected)


def test_it_works_in_place() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert Relu()(x).data_ptr() == x.data_ptr()
    assert x.tolist() == [0.0, 2.0]
