"""Domains beside `grey`: a toy one, which uses all that the type allows, mixed with it."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.colour.lab import lab_to_rgb, rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.errors import ModelError
from colorize.judge import views
from colorize.model import conversion, domains
from colorize.model.conversion import LabConverter
from colorize.model.domains import GREY, INK, Domain, Encoded, Key, Mixture, Page, View
from colorize.model.targets import Encoder, Examples, to_planes
from tests.models import tiny_model

STRIDE = 4


class Washed(Domain):
    """A page lighter than the picture, with a white label; the network gives the layer's L too."""

    name = "washed"
    channels = 2
    gives_lightness = True

    def view(self, rgb: NDArray[np.uint8], key: Key) -> View:
        truth = rgb.copy()
        top = int(key.random(1).integers(len(rgb) - 8))
        truth[top : top + 8, :8] = 255
        label = np.zeros(rgb.shape[:2], bool)
        label[top : top + 8, :8] = True
        page = (truth // 2 + 127).astype(np.uint8)
        return View(domain=self, page=page, truth=truth, masks={"label": label})

    def encode(self, converter: LabConverter, page: Tensor, truth: Tensor, stride: int) -> Encoded:
        seen, _ = converter.lightness_and_means(page, stride)
        lightness, ab = converter.lightness_and_means(truth, stride)
        means = torch.nn.functional.avg_pool2d(lightness, stride)
        return Encoded(torch.cat([seen, 100 - seen], 1), ab, means[:, 0] / 100, means)

    def observe(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([lightness, 100 - lightness], axis=1)

    def join(self, page: Page, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
        return lab_to_rgb(colours, keep_lightness=True)

    def compose(self, lightness: Tensor, colours: Tensor) -> Tensor:
        return conversion.lab_to_rgb(colours)


WASHED = Washed()


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "DOMAINS", {**domains.DOMAINS, WASHED.name: WASHED})


@pytest.fixture
def rgb(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)


def viewed(rgb: NDArray[np.uint8], *kinds: Domain, epoch: int = 1) -> list[View]:
    mixture = Mixture(kinds)
    return [mixture.view(one, Key(0, epoch, n)) for n, one in enumerate(rgb)]


def test_grey_keeps_the_lightness_of_the_page(rgb: NDArray[np.uint8]) -> None:
    page = Page.of(rgb[0])
    ab = np.full((32, 32, 2), (60, -20), np.float32)
    painted = GREY.join(page, ab)
    assert np.abs(rgb_to_lab(painted)[..., 0] - page.lightness).max() < 0.5
    with_lightness = np.concatenate([np.zeros((32, 32, 1), np.float32), ab], axis=-1)
    np.testing.assert_array_equal(GREY.join(page, with_lightness), painted)
    top = GREY.join(Page(page.rgb[:9], page.lightness[:9]), ab[:9])
    np.testing.assert_array_equal(top, painted[:9])


@pytest.mark.parametrize("kind", [GREY, INK, WASHED])
def test_what_a_critic_judges_is_what_is_painted(
    kind: Domain, rgb: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    """Black and white, and colours outside the gamut among others; to a rounding of 8 bits."""
    page = Page.of(np.repeat(rgb[0, ..., :1], 3, axis=-1))
    page.rgb[:4], page.rgb[4:8] = 0, 255
    page = Page.of(page.rgb)
    colours = rng.uniform((0, -110, -110), (100, 110, 110), (32, 32, 3)).astype(np.float32)
    colours[:, :8, 0], colours[:, 8:16, 1:] = rng.choice([0, 100], (32, 8)), 0
    given = colours if kind.gives_lightness else colours[..., 1:]
    planes = torch.from_numpy(np.ascontiguousarray(given.transpose(2, 0, 1)))[None]
    planes.requires_grad_()
    composed = kind.compose(torch.from_numpy(page.lightness)[None, None], planes)
    painted = kind.join(page, given).astype(np.float32)
    found = 255 * composed.detach()[0].permute(1, 2, 0).numpy()
    tolerance = 0.51 if kind is not INK else 1.1  # layer and product are both rounded
    assert np.abs(found - painted).max() < tolerance
    (gradient,) = torch.autograd.grad(composed.sum(), planes)
    assert gradient.isfinite().all()
    assert (gradient != 0).float().mean() > 0.3


def test_the_key_alone_decides_what_is_seen(rgb: NDArray[np.uint8]) -> None:
    first, again, later = (viewed(rgb, GREY, WASHED, epoch=e) for e in (1, 1, 2))
    for one, other in zip(first, again, strict=True):
        assert one.domain is other.domain
        np.testing.assert_array_equal(one.truth, other.truth)
    assert {view.domain for view in first} == {GREY, WASHED}
    assert [v.domain for v in first] != [v.domain for v in later]


def test_a_domain_named_twice_counts_twice() -> None:
    picture = np.zeros((9, 9, 3), np.uint8)
    mixture = Mixture((GREY, WASHED, WASHED))
    chosen = [mixture.view(picture, Key(0, 1, n)).domain for n in range(600)]
    assert chosen.count(WASHED) == pytest.approx(400, abs=40)


def test_batches_of_one_domain_each_have_their_exact_shares() -> None:
    picture = np.zeros((9, 9, 3), np.uint8)
    mixture = Mixture((GREY, WASHED, WASHED))

    def chosen(batch: int) -> Domain:
        alone = mixture.alone(Key(0, 1, batch))
        (domain,) = {alone.view(picture, Key(0, 1, n)).domain for n in range(20)}
        return domain

    turns = [[chosen(3 * turn + place) for place in range(3)] for turn in range(30)]
    assert all((turn.count(GREY), turn.count(WASHED)) == (1, 2) for turn in turns)
    assert {turn.index(GREY) for turn in turns} == {0, 1, 2}


def test_a_mixed_batch_is_each_domains_own(rgb: NDArray[np.uint8], quantiser: Quantiser) -> None:
    mixed = viewed(rgb, GREY, WASHED)
    batch = Encoder(quantiser, head_stride=STRIDE, channels=2)(Examples.of(mixed))
    assert batch.input.shape == (12, 2, 32, 32)
    assert batch.target.lightness is not None
    assert batch.target.weight is not None
    for n, view in enumerate(mixed):
        width = view.domain.channels
        alone = Encoder(quantiser, head_stride=STRIDE, channels=width)(Examples.of([view]))
        torch.testing.assert_close(batch.input[n, :width], alone.input[0])
        assert (batch.input[n, width:] == 0).all()
        torch.testing.assert_close(batch.target.ab[n], alone.target.ab[0])
        torch.testing.assert_close(batch.target.rebalance[n], alone.target.rebalance[0])
        if view.domain is GREY:
            assert batch.target.lightness[n].isnan().all()
            assert (batch.target.weight[n] == 1).all()
        else:
            assert alone.target.lightness is not None
            torch.testing.assert_close(batch.target.lightness[n], alone.target.lightness[0])
            plain = Encoder(quantiser, head_stride=STRIDE).target(alone.target.ab)
            expected = plain.rebalance[0] * batch.target.weight[n]
            torch.testing.assert_close(batch.target.rebalance[n], expected)


def test_input_in_training_is_that_of_a_real_page(
    rgb: NDArray[np.uint8], quantiser: Quantiser
) -> None:
    for kind in (GREY, WASHED):
        found = viewed(rgb, kind)
        encoder = Encoder(quantiser, head_stride=STRIDE, channels=kind.channels)
        pages = np.stack([Page.of(view.page).lightness for view in found])
        seen = encoder(Examples.of(found)).input
        np.testing.assert_allclose(seen, kind.observe(pages), atol=1e-3)


@pytest.mark.usefixtures("_known")
def test_the_judge_takes_pages_of_any_domain(rgb: NDArray[np.uint8]) -> None:
    found = views.of(viewed(rgb, WASHED))
    np.testing.assert_array_equal(found.truth.rgb[3], found.views[3].truth)
    assert found.truth.masks["label"].sum() == 12 * 64
    np.testing.assert_array_equal(found.pages[3].rgb, found.views[3].page)
    # Its own true colours are what a perfect network would give.
    joined = found.join(found.truth.lab)
    assert np.abs(joined.astype(int) - found.truth.rgb).max() <= 1


@pytest.mark.usefixtures("_known")
def test_a_network_of_two_domains_sees_the_channels_of_both(rgb: NDArray[np.uint8]) -> None:
    model = tiny_model(side=32, domains=["grey", "washed", "washed"])
    assert [kind.name for kind in model.domains] == ["grey", "washed"]
    assert (model.spec.channels, model.spec.lightness) == (2, True)
    found = views.of(viewed(rgb, GREY))
    assert found.predict(model).colours(0.38).shape == (12, 32, 32, 3)  # grey joins ab alone


def test_an_unknown_domain_is_named() -> None:
    with pytest.raises(ModelError, match=r"unknown domain 'x.x1b\[31m'"):
        domains.domain("x\x1b[31m")


def test_planes() -> None:
    rgb = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    planes = to_planes(rgb[:, :, ::-1])
    assert planes.is_contiguous()
    np.testing.assert_array_equal(planes.permute(0, 2, 3, 1), rgb[:, :, ::-1])
