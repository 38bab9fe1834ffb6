"""Scores of hints as a network alone follows them."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge import hinted
from colorize.model import hints, layers
from colorize.model.domains import GREY, INK, JUDGED, Domain, Key
from colorize.model.weights import Model
from tests.models import tiny_model
from tests.shards import ShardWriter

RGB = NDArray[np.uint8]


def picture(number: int) -> RGB:
    """A flat disc with an outline on light ground."""
    rgb = np.full((64, 64, 3), 245, np.uint8)
    cv2.circle(rgb, (32, 32), 24, (20, 20, 20), -1)
    cv2.circle(rgb, (32, 32), 22, (200, 90 + 20 * number, 80), -1)
    return rgb


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ShardReader:
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardWriter(folder, per_shard=8)
    for number in range(3):
        writer.add(str(number), "test", picture(number))
    writer.close()
    return ShardReader(folder, "test")


def model(*domains: str, told: bool = True) -> Model:
    return tiny_model("unet", width=0.25, domains=domains, hints=told)


@pytest.mark.parametrize("domain", [GREY, INK])
def test_hints_stand_in_true_regions_that_can_be_seen(domain: Domain) -> None:
    view = domain.view(picture(1), Key(1, JUDGED, 0))
    found = hinted.places(view)
    assert found
    for place in found:
        assert place.region[place.row, place.column]
        for mask in ("ink", "blank"):
            assert not view.masks.get(mask, ~place.region)[place.row, place.column]
    areas = [place.region.sum() for place in found]
    assert areas == sorted(areas, reverse=True)


def test_a_hint_in_screentone_names_the_colour_of_the_layer() -> None:
    """The tone, of which every ninth pixel is a black dot here, darkens it to the truth."""
    truth = np.full((64, 64, 3), (96, 64, 160), np.uint8)
    view = INK.view(truth, Key(1, JUDGED, 0))
    page = np.full_like(truth, 255)
    page[::3, ::3] = 0
    nothing = np.zeros((64, 64), np.bool_)
    view = replace(view, truth=truth, page=page, masks={"ink": nothing, "blank": nothing})
    (place,) = hinted.places(view)
    assert hinted.true_colour(view, place) == (108, 72, 180)
    white = replace(view, page=np.full_like(truth, 255))
    assert hinted.true_colour(white, place) == (96, 64, 160)
    dark = replace(view, page=np.full_like(truth, 85))
    assert hinted.true_colour(dark, place) == (255, 192, 255)  # no layer is lighter than white


def test_errors_are_those_of_the_field() -> None:
    """Against scikit-image's CIEDE2000."""
    view = GREY.view(picture(0), Key(1, JUDGED, 0))
    place = hinted.places(view)[0]
    painted, without = np.full_like(view.page, 90), np.full_like(view.page, 90)
    painted[~place.region] = (120, 80, 60)
    pair = np.array([[[120, 80, 60], [90, 90, 90]]], np.uint8)
    expected = deltaE_ciede2000(*(rgb2lab(pair[:, n : n + 1])[0] for n in (0, 1)))[0]
    assert hinted.leakage(painted, without, place) == pytest.approx(expected, rel=1e-3)
    assert hinted.leakage(without, without, place) == 0
    there = np.broadcast_to(np.array([90, 90, 90], np.uint8), view.page.shape)
    assert hinted.disobedience(there, view, place, (120, 80, 60)) == pytest.approx(
        expected, rel=1e-3
    )


def test_a_false_colour_is_one_that_the_page_can_have() -> None:
    random = np.random.default_rng(0)
    view = GREY.view(picture(0), Key(1, JUDGED, 0))
    place = hinted.places(view)[-1]
    colours = {hinted.false_colour(view, place, random) for _ in range(8)}
    assert len(colours) > 4
    truth = rgb2lab(view.page)[place.row, place.column, 0]
    for colour in colours:
        assert rgb2lab(np.array([[colour]], np.uint8))[0, 0, 0] == pytest.approx(truth, abs=1)


def test_a_model_that_takes_no_hints_has_one_row() -> None:
    assert hinted.kinds(model("grey", "ink", told=False)) == {}
    rows = {"psnr": 20.0, "ciede2000": 9.0, "ssim": 0.5}
    expected = [{"hints": 0, "psnr": 20.0, "ciede2000": 9.0}]
    assert hinted.without({"model": rows}) == expected
    assert hinted.without({"model": rows | {"psnr": 1.0}, "model_chosen": rows}) == expected


def test_a_network_that_does_not_listen_has_a_flat_curve_and_leaks_nothing(
    pictures: ShardReader, quantiser: Quantiser
) -> None:
    """The layers for hints begin at zero."""
    table, numbers = hinted.evaluate(model("grey", "ink"), pictures, quantiser, seed=0)
    assert [row["hints"] for row in table] == [0, 1, 2, 3, 5, 10, 20]
    columns = ["psnr", "ciede2000", "toned_psnr", "toned_ciede2000"]
    assert all(list(row)[1:] == columns for row in table)
    for column in columns:
        assert len({row[column] for row in table}) == 1
    assert list(numbers) == ["grey", "toned"]
    for errors in numbers.values():
        assert errors["leakage"] == 0
        assert errors["true"] > 0


def test_a_network_that_listens_is_told_of_the_right_hints(
    pictures: ShardReader, quantiser: Quantiser
) -> None:
    """What it is told is on the true regions, in the true colours, as many as the row says."""
    listening = model("grey")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in listening.network.hinted.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    told: list[NDArray[np.float32]] = []
    listening.network.register_forward_pre_hook(
        lambda _, args, kwargs: told.append(kwargs["hints"].float().numpy()), with_kwargs=True
    )
    table, numbers = hinted.evaluate(listening, pictures, quantiser, seed=0)
    assert numbers["grey"]["leakage"] > 0
    assert len({row["psnr"] for row in table}) > 1
    views = [GREY.view(picture(number), Key(0, JUDGED, number)) for number in range(len(pictures))]
    known = [hinted.places(view) for view in views]
    calls = iter(told)
    for fewer, count in pairwise((-1, *hinted.COUNTS)):
        more = [number for number in range(len(views)) if len(known[number]) > fewer]
        if not more:  # no page has a region that is not hinted yet
            continue
        for number, condition in zip(more, next(calls), strict=True):
            view = views[number]
            asked = [
                hinted.told(view, place, hinted.true_colour(view, place))
                for place in known[number][:count]
            ]
            wanted = hints.plane(asked, 64, 64, lightness=False)
            np.testing.assert_allclose(condition.transpose(1, 2, 0), wanted, atol=0.3)
    assert len(list(calls)) == 2  # one true hint a page, one false


def test_an_inked_page_darkens_what_a_hint_asks_for() -> None:
    view = INK.view(picture(0), Key(1, JUDGED, 0))
    place = hinted.places(view)[0]
    painted = layers.under(np.full_like(view.page, (200, 100, 50)), view.page)
    assert hinted.disobedience(painted, view, place, (200, 100, 50)) == 0
