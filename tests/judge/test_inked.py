"""Scores of inked pages, against sums by hand."""

from pathlib import Path

import numpy as np
import pytest

from colorize.colour.lab import rgb_to_lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.imaging.decode import decode
from colorize.judge import inked
from colorize.judge.views import batches
from colorize.metrics.rownames import MODEL
from colorize.model.domains import DOMAINS, INK, Mixture
from colorize.model.weights import Model
from colorize.sources import characters
from tests.models import tiny_model
from tests.shards import ShardWriter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardWriter(folder, per_shard=8)
    for picture in characters.pictures(count=10, side=96, seed=0):
        rgb = decode(picture.content, max_pixels=10**6)
        writer.add(picture.record.id, "test", rgb)
        writer.add(picture.record.id, "train", rgb)
    writer.close()
    return folder


def build(*domains: str) -> Model:
    return tiny_model("unet", side=96, domains=domains)


def test_only_pages_that_were_learned_are_judged() -> None:
    assert list(inked.inputs(build("grey"))) == []
    assert list(inked.inputs(build("grey", "lines"))) == ["lines", "foreign"]
    assert list(inked.inputs(build("grey", "ink", "lines"))) == ["toned", "lines", "foreign"]
    assert inked.FOREIGN.name not in DOMAINS  # nothing can be trained on it


def test_rows_between_floors_and_ceiling(folder: Path, quantiser: Quantiser) -> None:
    test, train = (ShardReader(folder, split) for split in ("test", "train"))
    model = build("grey", "ink")
    seen: list[int] = []
    found = inked.evaluate(model, test, train, quantiser, one_epoch=model, on_pictures=seen.append)
    assert sum(seen) == 2 * len(test)
    assert set(found) == {"toned", "foreign"}
    for scores in found.values():
        assert set(scores) == {
            "model",
            "model_chosen",
            "one_epoch",
            "page",
            "mean_layer",
            "ceiling_head",
            "art",
            "paper",
            "ink",
        }
        for rows in (scores, scores["art"]):
            assert rows["model"] == rows["one_epoch"]
            for row in ("model", "page", "mean_layer"):
                assert rows["ceiling_head"]["psnr"] > rows[row]["psnr"] + 3
        assert scores["art"]["page"]["psnr"] < scores["page"]["psnr"] - 2  # paper is no art


def test_scores_of_the_art_are_those_of_its_pixels(folder: Path, quantiser: Quantiser) -> None:
    test = ShardReader(folder, "test")
    scores = inked.InkedScores(quantiser.table)
    squares, chroma, change = [], [], []
    for views in batches(test, Mixture((INK,))):
        painted = views.truth.rgb // 2 + 60
        scores.add(views, {MODEL: painted})
        lab = rgb_to_lab(painted)
        for n, view in enumerate(views.views):
            art = view.masks["art"]
            error = (painted[n][art].astype(float) - view.truth[art]) / 255
            squares.append(-10 * np.log10((error**2).mean()))
            chroma.append(np.hypot(lab[n, ..., 1], lab[n, ..., 2])[view.masks["blank"]])
            page = rgb_to_lab(view.page)[..., 0]
            change.append(np.abs(lab[n, ..., 0] - page)[view.masks["ink"] & (page <= 15)])
    found = scores.numbers()
    assert found["art"]["model"]["psnr"] == pytest.approx(np.mean(squares))  # type: ignore[index]
    assert found["paper"] == pytest.approx(np.concatenate(chroma).mean(), rel=1e-4)
    assert found["ink"] == pytest.approx(np.concatenate(change).mean(), rel=1e-4)
