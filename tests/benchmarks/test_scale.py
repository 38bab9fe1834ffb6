"""What is drawn and scored to see whether looking at panels pays, and the panels painted worst."""

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import demo, failures, scale
from colorize.colour import lab
from colorize.inking.page import Inker
from colorize.paint.painter import Painter
from colorize.weights import registry
from tests.models import tiny_model

WIDTH = 360


@pytest.fixture(scope="module")
def inker() -> Inker:
    return Inker(demo.INKING)


def test_a_page_is_grey_or_inked_and_has_its_truth_beside(inker: Inker) -> None:
    grey = scale.drawn("6", 1, "grey", inker, width=WIDTH)
    print_ = scale.drawn("6", 1, "ink", inker, width=WIDTH)
    assert grey.rgb.shape == grey.truth.shape == print_.rgb.shape == (509, WIDTH, 3)
    assert (np.ptp(grey.rgb.astype(int), axis=2) <= 1).all()
    apart = lab.rgb_to_lightness(grey.rgb) - lab.rgb_to_lightness(grey.truth)
    assert np.abs(apart).max() < 1
    assert np.ptp(grey.truth.astype(int), axis=2).max() > 60
    assert (grey.truth[~grey.art] == 255).all()
    assert 0.1 < print_.art.mean() < grey.art.mean()
    assert not (print_.art & ~grey.art).any()
    assert (np.ptp(print_.rgb, axis=2) == 0).all()
    clean = print_.art & (print_.rgb[..., 0] > 250)
    same = (print_.truth[clean] == grey.truth[clean]).all(axis=-1)
    assert same.mean() > 0.999  # soft rims of balloons are mixed with white


@pytest.mark.parametrize("layout", scale.LAYOUTS)
def test_panels_stand_apart(layout: str) -> None:
    rows, columns = scale.LAYOUTS[layout]
    laid = scale.frames(rows, columns, 600, 849)
    covered = np.zeros((849, 600), int)
    for frame in laid:
        covered[frame.rows, frame.columns] += 1
    assert covered.max() == 1
    assert cv2.connectedComponents(covered.astype(np.uint8))[0] - 1 == rows * columns
    assert not covered[[0, -1]].any()
    assert not covered[:, [0, -1]].any()


def test_scores_are_those_of_the_art() -> None:
    truth = np.full((40, 40, 3), (200, 100, 50), np.uint8)
    art = np.zeros((40, 40), bool)
    art[:20] = True
    page = scale.Page(truth, truth, art)
    painted = truth.copy()
    painted[20:] = 0  # no art
    assert scale.score(painted, page)[1] == 0
    painted[:20] = (210, 110, 60)
    psnr, apart = scale.score(painted, page)
    assert psnr == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)
    assert 2 < apart < 8


def test_gains_are_against_the_size_of_the_training_and_the_best_one() -> None:
    scores = {"160": 10.0, "256": 11.0, "400": 13.0, "640": 12.0, scale.PANELWISE: 12.5}
    rows = [
        {"pages": "ink", "panels": "6", scale.SEEN: way, scale.PSNR: f"{psnr}", scale.APART: "20"}
        for way, psnr in scores.items()
    ]
    text = scale.compared(rows, "256")
    assert "- ink, 6: +1.50 dB and +0.00 in CIEDE2000 against 256 pixels;" in text
    assert "; -0.50 dB against the best fixed size, 400." in text


@pytest.mark.slow
def test_the_table(tmp_path: Path, results: Callable[[], str]) -> None:
    path = tmp_path / "m.safetensors"
    tiny_model("unet", width=0.25, domains=["grey", "ink"], side=256).save(path)
    scale.main(str(path), "1", width=WIDTH)
    text = results()
    for kind in ("grey", "ink"):
        for layout in scale.LAYOUTS:
            for way in (*map(str, scale.SIDES), scale.PANELWISE, "page as it is"):
                assert f"| {kind} | {layout} | {way}" in text


def test_failures_are_the_worst_panels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model("unet", width=0.25, domains=["grey", "ink"]).save(tmp_path / "m.safetensors")
    monkeypatch.setattr(registry, "locate", lambda path: tmp_path / "m.safetensors")
    monkeypatch.setattr(demo, "WIDTH", WIDTH)
    monkeypatch.setattr(demo, "HEIGHT", 508)
    monkeypatch.setattr(failures, "PAGES", 1)
    monkeypatch.setattr(failures, "SHOWN", 2)
    failures.main(tmp_path)
    with (tmp_path / failures.SCORES).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["pages"] for row in rows] == ["grey", "grey", "ink", "ink"]
    painter = Painter.load(domain="grey")
    every = [failure.ciede2000 for failure in failures.panels(painter, Inker(demo.INKING), "grey")]
    assert [float(row["ciede2000"]) for row in rows[:2]] == pytest.approx(
        sorted(every, reverse=True)[:2], rel=1e-3
    )
    with Image.open(tmp_path / failures.PICTURE) as image:
        assert image.height == 4 * (failures.HEIGHT + failures.GAP) - failures.GAP
