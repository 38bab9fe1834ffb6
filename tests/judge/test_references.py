"""Floors and ceilings, and the temperature, on pictures whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge import decodings, judgement, references, views
from colorize.judge.judgement import Judgement
from colorize.metrics.scores import SCORES
from colorize.model.decode import Decoding
from colorize.model.domains import Mixture
from colorize.model.predict import predict
from colorize.model.recipes import recipe
from colorize.model.weights import Model
from tests.models import orange_model, tiny_model
from tests.shards import ShardWriter

__all__ = ["orange_model"]

SIDE = 32


def toned(number: int) -> NDArray[np.uint8]:
    """Dark pixels blue, light ones yellow, the more of them dark the higher the number."""
    rgb = np.full((SIDE, SIDE, 3), (250, 240, 120), np.uint8)
    rgb[: 4 * (1 + number % 6)] = (20, 30, 90)
    return rgb


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "resized"
    writer = ShardWriter(folder, per_shard=100)
    for number in range(12):
        writer.add(str(number), ("train", "val", "test")[number % 3], toned(number))  # type: ignore[arg-type]
    writer.close()
    return folder


@pytest.fixture(scope="module")
def quantiser(shards: Path) -> Quantiser:
    table = NeighbourTable.fit(bin_centres())
    truth = np.concatenate([lab.rgb_to_lab(x) for x in ShardReader(shards, "train").batches(4)])
    counts = np.bincount(table.nearest(truth[..., 1:]).ravel(), minlength=len(table.centres))
    counts[int(table.nearest(np.zeros(2)))] += 10**6
    return Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)


@pytest.fixture(scope="module")
def held_against(shards: Path, quantiser: Quantiser) -> references.References:
    return references.References(
        ShardReader(shards, "train"), quantiser, recipe=recipe("eccv16"), seed=0
    )


def grey_pages(shards: Path) -> views.Views:
    """The test split's four pictures as grey pages."""
    (pages,) = views.batches(ShardReader(shards, "test"), Mixture())
    return pages


def test_tone_curve_is_the_mean_of_each_tone(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (3, 64, 64, 3), np.uint8)
    curve = references.tone_curve([rgb[:2], rgb[2:]])
    pixels = lab.rgb_to_lab(rgb[:, ::4, ::4]).reshape(-1, 3)
    for tone in (30, 50, 70):
        of_tone = pixels[np.rint(pixels[:, 0]) == tone, 1:]
        assert len(of_tone) > 5
        np.testing.assert_allclose(curve[tone], of_tone.mean(axis=0), rtol=1e-4)


def test_tone_curve_paints_what_tone_decides(
    held_against: references.References, shards: Path
) -> None:
    pages = grey_pages(shards)
    painted = held_against.colours(pages)["tone_curve"]
    assert np.abs(painted - pages.truth.lab[..., 1:]).max() < 1.5  # half a tone beside it


def test_the_dominant_colour_is_not_grey(quantiser: Quantiser) -> None:
    truth = lab.rgb_to_lab(np.stack([toned(n) for n in range(0, 12, 3)]))[..., 1:]
    bins = quantiser.table.nearest(truth)
    commonest = np.bincount(bins.ravel()).argmax()
    np.testing.assert_array_equal(
        references.dominant(quantiser), quantiser.table.centres[commonest]
    )


def test_random_colours_are_a_training_pictures(
    held_against: references.References, shards: Path
) -> None:
    pages = grey_pages(shards)
    drawn = held_against.colours(pages)["random"]
    train = [
        lab.rgb_to_lab(x)[..., 1:]
        for x in np.concatenate(list(ShardReader(shards, "train").batches(4)))
    ]
    for ab in drawn:
        assert any(np.array_equal(ab, of_train) for of_train in train)
    later = held_against.colours(views.of(pages.views[2:], first=2))["random"]
    np.testing.assert_array_equal(later, drawn[2:])


def test_ceilings(held_against: references.References, shards: Path) -> None:
    pages = grey_pages(shards)
    truth = pages.truth.lab[..., 1:]
    colours = held_against.colours(pages)
    distance = np.linalg.norm(colours["ceiling_bins"] - truth, axis=-1)
    assert distance.max() <= np.sqrt(50) + 1e-3  # half a cell's diagonal
    assert colours["ceiling_head"].shape == truth.shape
    far_from_edges = np.abs(np.arange(SIDE) - 12) > 10  # the first picture changes in row 12
    np.testing.assert_allclose(
        colours["ceiling_head"][0, far_from_edges], truth[0, far_from_edges], atol=1e-3
    )
    assert np.abs(colours["ceiling_head"][0] - truth[0]).max() > 5


def judged(model: Model, shards: Path, against: references.References, q: Quantiser) -> Judgement:
    return judgement.evaluate(
        model,
        ShardReader(shards, "test"),
        against,
        q,
        decodings=decodings.rows(model),
        resamples=100,
        seed=0,
    )


def test_a_classifier(
    orange_model: Model, held_against: references.References, quantiser: Quantiser, shards: Path
) -> None:
    found = judged(orange_model, shards, held_against, quantiser).numbers()
    assert {"model", "model_chosen", "model_mean", "grey"} <= set(found)
    classes, errors = found["classes"], found["stderr"]
    assert isinstance(classes, dict)
    assert isinstance(errors, dict)
    assert set(classes) == set(errors["classes"]) == {"model", "uniform", "prior"}
    assert classes["uniform"]["cross_entropy"] == pytest.approx(np.log(313))


def test_a_regression_has_one_row_and_no_classes(
    held_against: references.References, quantiser: Quantiser, shards: Path
) -> None:
    model = tiny_model("eccv16_l2", side=SIDE)
    found = judged(model, shards, held_against, quantiser).numbers()
    assert "model" in found
    assert not {"classes", "model_chosen", "model_mean"} & set(found)


def test_the_first_epoch_is_a_floor(
    orange_model: Model, quantiser: Quantiser, shards: Path
) -> None:
    """It stands beside the model with the same scores, where it is the same network."""
    against = references.References(
        ShardReader(shards, "train"),
        quantiser,
        recipe=recipe("eccv16"),
        seed=0,
        one_epoch=orange_model,
    )
    found = judged(orange_model, shards, against, quantiser).numbers()
    assert found["one_epoch"] == found["model"] != found["grey"]
    assert set(found["stderr"]["one_epoch"]) == set(SCORES)


def test_choose() -> None:
    swept = [
        {"temperature": t, "adjustment": 0.5, "rmse_ab": r, "auc": a}
        for t, r, a in ((0.2, 9.0, 91.0), (1, 8.0, 90.0))
    ]
    assert decodings.choose(swept, "rmse_ab") == (1, 0.5)
    assert decodings.choose(swept, "auc") == (0.2, 0.5)


def test_the_best_temperature_of_a_doubtful_network(
    orange_model: Model, shards: Path, quantiser: Quantiser
) -> None:
    """Every T of a network that is sure of orange paints orange."""
    grid = (Decoding(0.2), Decoding(1.0))
    low, high = decodings.sweep(orange_model, ShardReader(shards, "val"), quantiser.table, grid)
    assert low["temperature"] == 0.2
    assert low["psnr"] == pytest.approx(high["psnr"])


def test_an_adjustment_gives_back_what_the_class_weights_took(quantiser: Quantiser) -> None:
    """A network that says prior times class weight everywhere has the prior again, adjusted by 1.

    The reference is the prior's own mean colour, which the network paints at T = 1.
    """
    prior, weights = quantiser.smoothed, quantiser.weights
    model = tiny_model("unet", side=SIDE, weights=weights, adjustment=1.0, temperature=1.0)
    head = model.network.head
    assert isinstance(head, torch.nn.Conv2d)
    assert head.bias is not None
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor(np.log(prior * weights)))
    seen = np.full((1, 1, SIDE, SIDE), 50, np.float32)
    prediction = predict(model, seen)
    expected = prior @ quantiser.table.centres
    np.testing.assert_allclose(
        prediction.colours(*model.decoding), np.broadcast_to(expected, (1, SIDE, SIDE, 2)), atol=0.3
    )
    rebalanced = prior * weights @ quantiser.table.centres
    np.testing.assert_allclose(
        prediction.colours(1.0), np.broadcast_to(rebalanced, (1, SIDE, SIDE, 2)), atol=0.3
    )
    assert np.abs(expected - rebalanced).max() > 1


def test_tune_chooses_the_adjustment_first(
    orange_model: Model, shards: Path, quantiser: Quantiser
) -> None:
    chosen, tables = decodings.tune(
        orange_model,
        ShardReader(shards, "val"),
        quantiser.table,
        adjustments=[0.5, 0.0],
        temperatures=[1.0, 0.2],
        select="psnr",
    )
    assert [(row["temperature"], row["adjustment"]) for row in tables["adjustment"]] == [
        (0.38, 0.5),
        (0.38, 0.0),
    ]
    best = decodings.choose(tables["adjustment"], "psnr").adjustment
    assert [(row["temperature"], row["adjustment"]) for row in tables["temperature"]] == [
        (1.0, best),
        (0.2, best),
    ]
    assert chosen == decodings.choose(tables["temperature"], "psnr")
