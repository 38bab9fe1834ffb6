"""Models that need no training: random ones, and ones that give every pixel the same colour.

The fixtures serve the folders whose tests paint; the others need not wait for torch.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colorize.colour.gamut import bin_centres
from colorize.model.weights import Model
from colorize.paint.painter import Painter

ORANGE = (40, 60)


def tiny_model(recipe: str = "eccv16", **changes: Any) -> Model:
    """An untrained model of an eighth of the width; ``changes`` go to `Model.build`."""
    usual = {"width": 0.125, "centres": bin_centres(), "side": 64, "params": {}, "seed": 0}
    return Model.build(recipe, **(usual | changes))


def is_orange(path: Path) -> bool:
    """Tell whether a page was painted by `orange_model`."""
    with Image.open(path) as image:
        return bool(np.ptp(np.asarray(image.convert("RGB")), axis=2).mean() > 30)


def of_one_colour(model: Model, ab: tuple[float, float]) -> Model:
    """Make a model of classes give a bin's colour to every pixel, and L 50 to every layer."""
    head = model.network.head
    assert isinstance(head, torch.nn.Conv2d)
    assert head.bias is not None
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
        head.bias[model.centres.tolist().index(list(ab))] = 60
    return model


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of an untrained model."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    tiny_model().save(path)
    return path


@pytest.fixture(scope="session")
def orange_model() -> Model:
    """A model that paints every pixel in the ab of `ORANGE`."""
    return of_one_colour(tiny_model(), ORANGE)


@pytest.fixture
def orange(orange_model: Model) -> Painter:
    return Painter(orange_model)
