"""The layer under a page's ink, against its definition in numpy."""

import numpy as np
import torch

from colorize.inking import layer
from colorize.model import layers
from colorize.model.targets import to_planes

STRIDE = 4


def test_the_same_layer_as_the_definition(rng: np.random.Generator) -> None:
    target = rng.integers(0, 256, (3, 32, 48, 3), dtype=np.uint8)
    page = rng.random((3, 32, 48)).astype(np.float32)
    page[0, :8] = 0  # blocks of ink, whose layer nobody can know
    page[1] = 1
    rgb, weight = layers.fit(to_planes(target), torch.from_numpy(page)[:, None], STRIDE)
    for n in range(3):
        expected = layer.fit(target[n], page[n], stride=STRIDE)
        found = rgb[n].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, 255 * expected.rgb, atol=0.51)  # rounded to bytes
        np.testing.assert_allclose(weight[n], expected.weight, atol=1e-6)
    assert (weight[0, :2] == 0).all()
    assert (rgb[0, :, :2] == 0).all()


def test_a_product_of_bytes_is_rounded_to_nearest() -> None:
    colours, page = np.meshgrid(np.arange(256), np.arange(256))
    product = layers.under(colours.astype(np.uint8), page.astype(np.uint8))
    np.testing.assert_array_equal(product, np.rint(colours * page / 255))
