"""Whether a series keeps its colours, by pages that were never painted."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import series
from benchmarks.series import Drawn
from tests.models import tiny_model

RED, PALE = np.array([200, 40, 40], np.uint8), np.array([230, 200, 200], np.uint8)


def shown(*parts: int) -> Drawn:
    numbers = np.zeros((40, 60), np.uint8)
    for place, part in enumerate(parts):
        numbers[:20, 20 * place : 20 * place + 20] = part
    return Drawn(np.zeros((40, 60, 3), np.uint8), numbers, dict.fromkeys(parts, RED))


def test_spread_and_right_colours() -> None:
    pages = [shown(1, 2), shown(1, 2), shown(1)]
    same = [{1: RED, 2: PALE}, {1: RED, 2: PALE}, {1: RED}]
    spread, error, right = series.scores(pages, same)
    assert spread == 0
    assert error == pytest.approx(2 / 5 * series.apart(RED[None], PALE[None])[0], rel=1e-5)
    assert right == pytest.approx(60)
    other = [{1: RED, 2: PALE}, {1: RED, 2: RED}, {1: RED}]
    assert series.scores(pages, other)[0] > 5


def test_medians_and_hints_are_those_of_the_parts() -> None:
    page = shown(1, 3)
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[page.numbers == 3] = RED
    rgb[0, 20:30] = 255  # no median
    found = series.medians(rgb, page.numbers)
    assert list(found) == [1, 3]
    assert found[3].tolist() == RED.tolist()
    for hint, part in zip(series.hints(page), (1, 3), strict=True):
        assert page.numbers[int(hint.y * 40), int(hint.x * 60)] == part
        assert list(hint.color) == RED.tolist()


@pytest.mark.slow
def test_the_table(tmp_path: Path) -> None:
    """Every domain and way is there."""
    path = tmp_path / "m.safetensors"
    tiny_model("unet", width=0.25, domains=["grey", "ink"]).save(path)
    text = series.main(str(path), "2", write=False, width=240)
    for domain in ("grey", "ink"):
        for way in ("alone", "book", "earlier"):
            assert f"| {domain} | {way} |" in text
