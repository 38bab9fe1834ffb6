from pathlib import Path

import numpy as np
import pytest

from benchmarks import paint
from colorize.colour.lab import rgb_to_lightness
from colorize.model.weights import Model
from tests.shards import ShardWriter


@pytest.fixture
def root(tmp_path: Path, orange_model: Model, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model, twelve test pictures, and small pages to benchmark."""
    orange_model.save(tmp_path / "models" / "colorizer.safetensors")
    writer = ShardWriter(tmp_path / "data" / "resized", per_shard=100)
    for split in ("train", "val", *["test"] * 12):
        writer.add("1", split, np.full((64, 64, 3), 140, np.uint8))  # type: ignore[arg-type]
    writer.close()
    monkeypatch.setattr(paint, "WIDTH", 192)
    monkeypatch.setattr(paint, "HEIGHT", 256)
    return tmp_path


def test_both_ways_paint_the_same_where_nothing_is_to_be_decided(root: Path) -> None:
    """A flat grey page under one colour: enlarging, decoding and converting agree."""
    page = np.full((256, 192, 3), 140, np.uint8)
    ours, theirs = paint.ours(root)(page), paint.straightforward(root)(page)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.ptp(ours[0, 0].astype(int)) > 50


def test_measure(root: Path) -> None:
    pages = list(paint.pages(root))
    assert [page.shape for page in pages] == [(256, 192, 3)] * 2
    assert np.abs(rgb_to_lightness(paint.grey(pages[0])) - rgb_to_lightness(pages[0])).max() < 0.3
    for way in paint.WAYS:
        measured = paint.measure(way, root)
        assert set(measured) == {"seconds", "gib", "psnr"}
        assert all(value > 0 for value in measured.values())
