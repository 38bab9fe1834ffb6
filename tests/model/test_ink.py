"""Inked pages as domains: what the network sees of them, and what it has to give."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour.gamut import bin_centres
from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.errors import ModelError
from colorize.imaging.decode import decode
from colorize.inking import layer
from colorize.inking.params import InkingParams
from colorize.judge import views
from colorize.model import losses
from colorize.model.domains import DOMAINS, GREY, INK, LINES, Domain, Key, Mixture, Page, domains
from colorize.model.networks.tone import Toned, ToneTable
from colorize.model.recipes import RECIPES
from colorize.model.targets import Encoder, Examples
from colorize.sources import characters
from tests.models import tiny_model

STRIDE = 4
ON_BOTH = pytest.mark.parametrize("domain", [INK, LINES], ids=lambda domain: domain.name)


@pytest.fixture(scope="module")
def figures() -> list[NDArray[np.uint8]]:
    """Drawn characters of 64 x 64 pixels."""
    drawn = characters.pictures(count=6, side=64, seed=0)
    return [decode(picture.content, max_pixels=10**6) for picture in drawn]


@ON_BOTH
def test_the_key_alone_decides_on_the_page(
    figures: list[NDArray[np.uint8]], domain: Domain
) -> None:
    mirrored = figures[0][:, ::-1]  # as training gives it: a view of another picture
    first, again = (domain.view(mirrored, Key(0, 1, 7)) for _ in range(2))
    np.testing.assert_array_equal(first.page, again.page)
    np.testing.assert_array_equal(first.truth, again.truth)
    others = [domain.view(mirrored, Key(*key)) for key in ((1, 1, 7), (0, 2, 7), (0, 1, 8))]
    assert all((other.page != first.page).any() for other in others)
    assert first.masks.keys() == {"art", "ink", "blank"}
    assert not (first.masks["art"] & first.masks["ink"]).any()


@pytest.mark.parametrize("name", ["ink", "lines"])
def test_pages_are_made_as_the_params_say(figures: list[NDArray[np.uint8]], name: str) -> None:
    chances = dict.fromkeys(("balloon_chance", "panel_chance", "effect_chance", "scan_chance"), 0.0)
    kinds = [DOMAINS[name], *(domains(p)[name] for p in (InkingParams(), InkingParams(**chances)))]
    views = [[kind.view(rgb, Key(0, 1, n)) for n, rgb in enumerate(figures)] for kind in kinds]
    for default, same, plain in zip(*views, strict=True):
        np.testing.assert_array_equal(same.page, default.page)
        assert not plain.masks["blank"].any()  # neither balloons nor gutters
    assert any(view.masks["blank"].any() for view in views[0])


@ON_BOTH
def test_the_target_is_the_layer_under_the_page(
    figures: list[NDArray[np.uint8]], quantiser: Quantiser, domain: Domain
) -> None:
    found = [domain.view(rgb, Key(0, 1, n)) for n, rgb in enumerate(figures)]
    encoder = Encoder(quantiser, head_stride=STRIDE, channels=2, lightness=True)
    batch = encoder(Examples.of(found))
    target = batch.target
    assert target.lightness is not None
    assert target.weight is not None
    for n, view in enumerate(found):
        fitted = layer.fit(view.truth, view.page[..., 0].astype(np.float32) / 255, stride=STRIDE)
        expected = rgb_to_lab(np.rint(255 * fitted.rgb).astype(np.uint8))
        known = fitted.weight > 0.01  # of darker blocks a rounding error is a colour
        got = torch.cat([target.lightness[n], target.ab[n]]).permute(1, 2, 0).numpy()
        np.testing.assert_allclose(got[known], expected[known], atol=0.8)
        np.testing.assert_allclose(target.weight[n], fitted.weight, atol=1e-5)
    pages = np.stack([Page.of(view.page).lightness for view in found])
    np.testing.assert_allclose(batch.input, domain.observe(pages), atol=1e-3)
    assert (batch.input[:, 1] == 100).all()


@ON_BOTH
def test_the_true_layer_paints_the_truth(figures: list[NDArray[np.uint8]], domain: Domain) -> None:
    """Pixel by pixel, where the page is neither black nor darker than the truth."""
    view = domain.view(figures[0], Key(0, 1, 0))
    fitted = layer.fit(view.truth, view.page[..., 0].astype(np.float32) / 255, stride=1)
    colours = rgb_to_lab(np.rint(255 * fitted.rgb).astype(np.uint8))
    painted = domain.join(Page.of(view.page), colours)
    exact = (view.truth <= view.page).all(-1) & (view.page[..., 0] >= 128)
    assert exact.mean() > 0.05  # of a scan's noisy paper, most is darker than the truth
    assert np.abs(painted.astype(int) - view.truth)[exact].max() <= 2
    top = domain.join(Page.of(view.page[:9]), colours[:9])
    np.testing.assert_array_equal(top, painted[:9])


def test_grey_pictures_have_no_part_in_the_error_of_lightness(
    figures: list[NDArray[np.uint8]], quantiser: Quantiser
) -> None:
    encoder = Encoder(quantiser, head_stride=STRIDE, channels=2, lightness=True)
    kinds = (GREY, INK, GREY, LINES)
    found = [kind.view(figures[n], Key(0, 1, n)) for n, kind in enumerate(kinds)]
    target = encoder(Examples.of(found)).target
    output = torch.zeros(4, 314, 16, 16, requires_grad=True)
    loss = losses.soft_cross_entropy(output, target)
    loss.rebalanced.backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    moved = output.grad[:, -1].abs().sum((1, 2)) > 0
    assert moved.tolist() == [False, True, False, True]
    assert output.grad.isfinite().all()

    # By hand: an output of 0 is L 50, and an error of 10 counts 1.
    colours = losses.soft_cross_entropy(output[:, :-1], target._replace(lightness=None))
    total = 0.0
    assert target.lightness is not None
    assert target.weight is not None
    for n in (1, 3):
        total += float((target.weight[n] * (target.lightness[n, 0] - 50).abs()).sum()) / 10
    expected = colours.rebalanced + total / target.rebalance.sum()
    torch.testing.assert_close(loss.rebalanced, expected)
    torch.testing.assert_close(loss.divergence, colours.divergence)

    alone = encoder(Examples.of([GREY.view(figures[0], Key(0, 1, 0))])).target
    zero = losses.soft_cross_entropy(output[:1], alone)
    plain = losses.soft_cross_entropy(output[:1, :-1], alone._replace(lightness=None))
    torch.testing.assert_close(zero.rebalanced, plain.rebalanced)


@pytest.mark.parametrize("recipe", ["unet", "eccv16"])
def test_lightness_and_colours_are_decoded_and_enlarged(recipe: str) -> None:
    centres = torch.from_numpy(bin_centres())
    output = torch.zeros(1, 314, 8, 8)
    chosen = bin_centres().tolist().index([40, 60])
    output[:, chosen] = 60
    output[:, -1] = 0.5
    output[:, -1, 0] = 7.0
    small = RECIPES[recipe].decode(output, centres, 0.38, None)
    torch.testing.assert_close(small[0, :, 4, 4], torch.tensor([75.0, 40, 60]))
    assert small[0, 0, 0, 0] == 100
    lightness = torch.full((1, 1, 8 * 4, 8 * 4), 90.0)
    full = RECIPES[recipe].enlarge(small, lightness)
    torch.testing.assert_close(full[0, :, 24, 24], torch.tensor([75.0, 40, 60]))


def test_inked_pages_have_a_tone_table_of_their_own() -> None:
    table, inked = (ToneTable(torch.arange(6.0).view(3, 2) + n, stride=2) for n in (0, 100))
    network = torch.nn.Conv2d(2, 2, 2, stride=2)
    seen = torch.full((2, 2, 4, 4), 50.0)
    seen[:, 1] = torch.tensor([0.0, 100.0])[:, None, None]
    toned = Toned(network, table, inked)
    added = toned(seen) - network(seen)
    torch.testing.assert_close(added[0, :, 0, 0], torch.tensor([2.0, 3.0]))
    torch.testing.assert_close(added[1, :, 0, 0], torch.tensor([102.0, 103.0]))
    alone = [toned(seen[n : n + 1]) - network(seen[n : n + 1]) for n in range(2)]
    torch.testing.assert_close(torch.cat(alone), added)


def test_a_batch_of_one_kind_teaches_its_own_table_alone() -> None:
    table, inked = (ToneTable(torch.zeros(3, 2), stride=2) for _ in range(2))
    toned = Toned(torch.nn.Conv2d(2, 2, 2, stride=2), table, inked)
    toned(torch.zeros(2, 2, 4, 4)).sum().backward()
    assert table.rows.grad is not None
    assert inked.rows.grad is None


def test_an_untrained_network_paints_inked_pages_in_the_mean_of_all_tones() -> None:
    rng = np.random.default_rng(0)
    tones = rng.dirichlet(np.ones(313), 5)
    model = tiny_model("unet", width=0.25, domains=("grey", "ink"), tones=tones)
    seen = torch.full((1, 2, 64, 64), 100.0)
    shares = model.network(seen)[0, :313].softmax(0).mean((1, 2))
    np.testing.assert_allclose(shares.detach(), tones.mean(0), rtol=0.5)


def test_the_judge_takes_mixed_pages(figures: list[NDArray[np.uint8]]) -> None:
    model = tiny_model("unet", domains=["grey", "ink"])
    mixture = Mixture(model.domains)
    found = views.of([mixture.view(rgb, Key(0, 0, n)) for n, rgb in enumerate(figures)])
    assert len(set(found.domains)) == 2
    painted = found.join(found.predict(model).colours(0.38))
    for n, domain in enumerate(found.domains):
        if domain is GREY:
            change = rgb_to_lab(painted[n])[..., 0] - found.pages[n].lightness
            assert np.abs(change).max() < 0.5
        else:
            assert (painted[n] <= found.pages[n].rgb).all()  # a layer only darkens


def test_a_regression_of_ab_cannot_learn_inked_pages() -> None:
    with pytest.raises(ModelError, match="recipe unet_l2 gives ab alone"):
        tiny_model("unet_l2", domains=["grey", "ink"])
