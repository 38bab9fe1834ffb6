"""Tests that run on the processor, and on a GPU where there is one."""

import pytest
import torch

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU of CUDA is here")

on_each_device = pytest.mark.parametrize(
    "device",
    [
        torch.device("cpu"),
        pytest.param(torch.device("cuda"), marks=[pytest.mark.gpu, needs_gpu]),
    ],
    ids=str,
)
