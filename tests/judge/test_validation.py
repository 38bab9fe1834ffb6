"""Validation is the judge's own scoring: the same numbers for the same model, pages and T."""

from pathlib import Path

import numpy as np
import pytest

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.judge import decodings, judgement, references, views
from colorize.judge.validation import Validation
from colorize.metrics.scores import SCORES
from colorize.model.decode import Decoding
from colorize.model.recipes import recipe
from colorize.model.weights import Model
from tests.models import tiny_model
from tests.shards import ShardWriter

SIDE, COUNT = 48, 11


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of very different sizes of error, so that a mean of means would show."""
    folder, random = tmp_path_factory.mktemp("shards"), np.random.default_rng(0)
    writer = ShardWriter(folder, per_shard=4)
    for split in ("train", "val", "test"):
        for number in range(COUNT):
            coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            grey = coarse[..., :1].repeat(3, axis=-1)
            picture = coarse if number % 3 else grey
            writer.add(str(number), split, picture.repeat(8, axis=0).repeat(8, axis=1))  # type: ignore[arg-type]
    writer.close()
    return folder


@pytest.fixture(scope="module")
def quantiser(shards: Path) -> Quantiser:
    """Class weights from 0.3 to 60: what a batch weighs differs as much as it can."""
    table = NeighbourTable.fit(bin_centres())
    rgb = np.concatenate(list(ShardReader(shards, "train").batches(4)))
    bins = table.nearest(lab.rgb_to_lab(rgb)[..., 1:])
    counts = np.bincount(bins.ravel(), minlength=len(table.centres))
    return Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.1)


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model(side=SIDE)


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bfloat16 convolution rounds differently for another number of pictures."""
    monkeypatch.setenv("COLORIZE_PRECISION", "float32")


def test_the_size_of_a_batch_changes_nothing(
    model: Model, quantiser: Quantiser, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation = Validation(ShardReader(shards, "val"), quantiser, select="ssim")
    whole = validation(model)
    assert list(whole) == ["auc", "auc_balanced", "rmse_ab", "psnr", "ssim", "divergence"]
    for size in (1, 3, COUNT):
        monkeypatch.setattr(views, "BATCH", size)
        assert validation(model) == pytest.approx(whole, rel=2e-6)


def test_it_is_what_the_judge_and_the_sweep_say(
    model: Model, quantiser: Quantiser, shards: Path
) -> None:
    pictures = ShardReader(shards, "test")
    found = Validation(pictures, quantiser, select="ciede2000")(model)
    against = references.References(
        ShardReader(shards, "train"), quantiser, recipe=recipe("eccv16"), seed=0
    )
    numbers = judgement.evaluate(
        model,
        pictures,
        against,
        quantiser,
        decodings=decodings.rows(model),
        resamples=100,
        seed=0,
    ).numbers()
    divergence = numbers["classes"]["model"]["divergence"]  # type: ignore[index,call-overload]
    assert found.pop("divergence") == pytest.approx(divergence, rel=1e-12)
    for name, value in found.items():
        assert value == pytest.approx(numbers["model"][name], rel=1e-12)  # type: ignore[index,call-overload]
    (row,) = decodings.sweep(
        model, pictures, quantiser.table, [Decoding(0.38)], scores=["ciede2000"]
    )
    assert {name: row[name] for name in found} == pytest.approx(found, rel=1e-12)


def test_a_regression_has_no_distributions(quantiser: Quantiser, shards: Path) -> None:
    model = tiny_model("eccv16_l2", side=SIDE)
    found = Validation(ShardReader(shards, "val"), quantiser, select="psnr")(model)
    assert "divergence" not in found
    assert set(found) < set(SCORES)
