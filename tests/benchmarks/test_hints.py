from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import hints
from colorize.judge.hinted import Place
from colorize.model.domains import GREY, INK, JUDGED, Key
from colorize.model.weights import Model
from tests.models import tiny_model
from tests.shards import ShardWriter


def picture(number: int) -> np.ndarray:
    rgb = np.full((64, 64, 3), 245, np.uint8)
    cv2.circle(rgb, (32, 32), 24, (20, 20, 20), -1)
    cv2.circle(rgb, (32, 32), 22, (200, 90 + 20 * number, 80), -1)
    return rgb


def model(*, told: bool) -> Model:
    return tiny_model("unet", width=0.25, domains=["grey", "ink"], hints=told)


@pytest.mark.parametrize("told", [False, True])
def test_the_table(tmp_path: Path, told: bool) -> None:
    """Every domain, number of hints and way that the model has is there."""
    writer = ShardWriter(tmp_path, per_shard=4)
    for number in range(2):
        writer.add("", "test", picture(number))
    writer.close()
    model(told=told).save(tmp_path / "m.safetensors")
    text = hints.main(
        str(tmp_path / "m.safetensors"), str(tmp_path), "2", write=False, size=(200, 280)
    )
    for domain in ("grey", "ink"):
        assert f"\n{domain}:\n" in text
    assert text.count("\n| 20 |") == 2
    assert ("network true" in text) == told
    assert ("both leak" in text) == told
    assert text.count("carrying leak across lines: mean") == 2
    assert text.count("- A drawn page of 200 x 280 pixels takes") == 2


@pytest.mark.parametrize("domain", [GREY, INK])
def test_true_hints_help_and_are_obeyed(domain) -> None:  # noqa: ANN001
    view = domain.view(picture(1), Key(1, JUDGED, 0))
    ways = hints.Ways(model(told=False), domain)
    scores = {count: error for _, count, _, error in hints.curve(ways, view)}
    assert list(scores) == list(hints.COUNTS)
    assert scores[20] < 0.7 * scores[0]
    errors = hints.obedience(ways, view, np.random.default_rng(0))
    assert max(errors["carrying true"] + errors["carrying false"]) < 3


@pytest.mark.parametrize(("gap", "open_"), [(3, False), (20, True)])
def test_what_a_line_parts_from_a_place(gap: int, open_: bool) -> None:
    """Two rooms: a narrow gap between them counts as closed, a wide one does not."""
    page = np.full((160, 160, 3), 255, np.uint8)
    page[79:81] = 0
    page[79:81, 80 : 80 + gap] = 255
    place = Place(np.zeros(page.shape[:2], bool), 40, 40)
    found = hints.undivided(page, place)
    assert found[4:76, 4:-4].all()
    assert found[84:-4, 4:-4].mean() == open_
    assert not hints.undivided(page, replace(place, row=78)).any()
