"""Models that need no training: a random one, and one whose every pixel is orange.

Fixtures of those folders whose tests paint; the others need not wait for torch.
"""

from pathlib import Path

import pytest
import torch

from colorize.colour.gamut import bin_centres
from colorize.model.weights import Model
from colorize.paint.painter import Painter

ORANGE = (40, 60)


def tiny_model() -> Model:
    return Model.build("eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of an untrained model."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    tiny_model().save(path)
    return path


@pytest.fixture(scope="session")
def orange_model() -> Model:
    """A model that paints every pixel in the ab of `ORANGE`."""
    model = tiny_model()
    head = model.network.head
    assert isinstance(head, torch.nn.Conv2d)
    chosen = [tuple(centre) for centre in bin_centres().tolist()].index(ORANGE)
    with torch.no_grad():
        head.weight.zero_()
        assert head.bias is not None
        head.bias.zero_()
        head.bias[chosen] = 50
    return model


@pytest.fixture
def orange(orange_model: Model) -> Painter:
    return Painter(orange_model)
