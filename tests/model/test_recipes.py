"""What recipes promise of the models that they make."""

from pathlib import Path

import numpy as np
import pytest
import torch

from colorize.errors import InputError, ModelError
from colorize.model.domains import INK
from colorize.model.export import export
from colorize.model.predict import predict
from colorize.model.weights import Model
from colorize.paint.painter import Painter
from tests.models import tiny_model


def pix2pix(**changes: object) -> Model:
    """An untrained one whose colours are strong enough to be told apart."""
    model = tiny_model("pix2pix", **changes)
    with torch.no_grad():
        model.network.up[-1][-1].weight.mul_(300)
    return model


def test_pix2pix_has_the_published_number_of_parameters() -> None:
    assert tiny_model("pix2pix", width=1.0).count() == 54_409_858


def test_pix2pix_paints_pages_of_odd_sizes(tmp_path: Path, rng: np.random.Generator) -> None:
    """As the file remembers it."""
    model = pix2pix()
    model.save(tmp_path / "m.safetensors")
    loaded = Model.load(tmp_path / "m.safetensors")
    page = rng.integers(0, 256, (97, 61), dtype=np.uint8)
    painted = Painter(loaded).paint(page)
    assert painted.shape == (97, 61, 3)
    assert np.ptp(painted.astype(int), axis=-1).max() > 20
    np.testing.assert_array_equal(painted, Painter(model).paint(page))
    seen = rng.uniform(0, 100, (2, 1, 37, 90)).astype(np.float32)
    prediction = predict(loaded, seen)
    assert prediction.output.shape == (2, 2, 37, 90)  # no margin
    ab = prediction.colours(1.0)
    np.testing.assert_allclose(ab[1], 110 * prediction.output[1].permute(1, 2, 0), rtol=1e-5)


def test_pix2pix_paints_the_layer_of_inked_pages(rng: np.random.Generator) -> None:
    model = pix2pix(domains=("grey", "ink"))
    seen = INK.observe(rng.uniform(0, 100, (1, 33, 50)).astype(np.float32))
    prediction = predict(model, seen)
    colours = prediction.colours(1.0)
    assert colours.shape == (1, 33, 50, 3)
    lightness = (50 + 50 * prediction.output[0, 2]).clamp(0, 100)
    np.testing.assert_allclose(colours[0, ..., 0], lightness, rtol=1e-5)
    page = np.repeat(rng.choice([0, 255], (40, 51, 1)).astype(np.uint8), 3, axis=2)
    painted = Painter(model, domain="ink").paint(page)
    assert (painted[page[..., 0] == 0] == 0).all()  # ink stays
    assert painted.shape == (40, 51, 3)


def test_noise_reaches_a_page_and_its_seed_repeats_it(rng: np.random.Generator) -> None:
    model, page = pix2pix(), rng.integers(0, 256, (64, 50), dtype=np.uint8)
    with torch.no_grad():
        for level in [*model.network.down[1:], *model.network.up[:-1]]:
            level[1].weight.mul_(5)  # untrained, what the deep levels give is next to nothing
    painter = Painter(model)
    plain = painter.paint(page)
    one, again, other = (
        painter.paint(page, conditions={"noise": np.array([seed], np.float32)})
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, plain)
    assert not np.array_equal(one, other)


def test_pix2pix_is_no_graph(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pix2pix cannot be written as ONNX"):
        export(tiny_model("pix2pix"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("recipe", "asked", "message"),
    [
        ("pix2pix", {"hints": True}, "pix2pix takes no hints"),
        ("unet_l2", {"domains": ("ink",)}, "unet_l2 gives ab alone"),
        ("pix2pics", {}, "unknown recipe 'pix2pics'"),
    ],
)
def test_what_a_recipe_cannot_do(recipe: str, asked: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        tiny_model(recipe, **asked)
