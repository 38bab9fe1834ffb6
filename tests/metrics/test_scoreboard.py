"""Sums over pictures: batches, resamples, and memory."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.metrics.comparison import Pictures
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES
from colorize.metrics.tally import difference, standard_error


@pytest.fixture(scope="module")
def table() -> NeighbourTable:
    return NeighbourTable.fit(bin_centres())


@pytest.fixture
def rgb(drawing: Callable[..., NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.stack([drawing(number) for number in range(24)])


def fill(board: Scoreboard, rgb: NDArray[np.uint8], size: int) -> list[dict[str, dict[str, float]]]:
    alone = []
    for start in range(0, len(rgb), size):
        part = rgb[start : start + size]
        grey = np.repeat(part.mean(axis=-1, keepdims=True), 3, axis=-1)
        paintings = {"pale": (part / 2 + grey / 2).astype(np.uint8), "grey": grey.astype(np.uint8)}
        alone += board.add(Pictures.of(part, start), paintings)
    return alone


def test_batches_change_nothing(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    whole, parts = (Scoreboard(table, resamples=100, seed=3) for _ in range(2))
    fill(whole, rgb, 24)
    fill(parts, rgb, 7)
    for row, tally in whole.rows.items():
        for name, values in tally.replicates().items():
            np.testing.assert_allclose(parts.rows[row].replicates()[name], values, rtol=1e-9)
        for name, counts in whole.counts[row].items():
            np.testing.assert_array_equal(parts.counts[row][name], counts)


def test_a_mean_of_pictures_is_the_mean_of_them_alone(
    table: NeighbourTable, rgb: NDArray[np.uint8]
) -> None:
    board = Scoreboard(table)
    alone = fill(board, rgb, 8)
    for name in ("psnr", "ssim", "ciede2000", "colourfulness", "mse", "mae"):
        expected = np.mean([picture["pale"][name] for picture in alone])
        assert board.scores()["pale"][name] == pytest.approx(expected)


def test_standard_errors_are_those_of_a_bootstrap(
    table: NeighbourTable, rgb: NDArray[np.uint8]
) -> None:
    """Weights from a Poisson distribution against scipy's drawing with replacement."""
    board = Scoreboard(table, resamples=4000)
    alone = fill(board, rgb, 8)
    values = [picture["pale"]["psnr"] for picture in alone]
    reference = bootstrap((values,), np.mean, n_resamples=4000, rng=np.random.default_rng(0))
    found = standard_error(board.rows["pale"].replicates()["psnr"])
    assert found == pytest.approx(reference.standard_error, rel=0.08)


def test_differences_are_paired(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    board = Scoreboard(table, resamples=4000)
    alone = fill(board, rgb, 8)
    apart = [picture["pale"]["psnr"] - picture["grey"]["psnr"] for picture in alone]
    reference = bootstrap(
        (apart,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(0)
    )
    pale, grey = (board.rows[row].replicates()["psnr"] for row in ("pale", "grey"))
    found = difference(pale, grey)
    assert found["value"] == pytest.approx(np.mean(apart))
    assert found["stderr"] == pytest.approx(reference.standard_error, rel=0.08)
    interval = reference.confidence_interval
    assert found["low"] == pytest.approx(interval.low, abs=0.2 * reference.standard_error)
    assert found["high"] == pytest.approx(interval.high, abs=0.2 * reference.standard_error)
    assert found["stderr"] < standard_error(pale) + standard_error(grey)


def test_a_seed_repeats_itself(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    def errors(seed: int) -> list[float]:
        board = Scoreboard(table, {"psnr": SCORES["psnr"]}, counts={}, resamples=100, seed=seed)
        fill(board, rgb, 8)
        return board.rows["pale"].replicates()["psnr"].tolist()

    assert errors(1) == errors(1) != errors(2)


def test_a_single_picture_has_no_error(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    board = Scoreboard(table, resamples=100)
    fill(board, rgb[:1], 1)
    for values in board.rows["pale"].replicates().values():
        assert np.isfinite(values).all()
        assert standard_error(values) == pytest.approx(0, abs=1e-9)


def test_memory_does_not_grow_with_the_number_of_pictures(
    table: NeighbourTable, rgb: NDArray[np.uint8]
) -> None:
    def peak(count: int) -> int:
        board = Scoreboard(table, resamples=100)
        tracemalloc.start()
        for start in range(count):
            batch = Pictures.of(rgb[start % 4][None], start)
            board.add(batch, {"grey": np.zeros_like(batch.rgb)})
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    few, many = peak(4), peak(40)
    assert many < few + 50_000  # a single one of the 36 more pictures takes 150,000 as Lab


def test_the_planes_hold_every_pixel_once(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    board = Scoreboard(table)
    fill(board, rgb, 8)
    for name in ("plane", "true_plane"):
        assert board.counts["pale"][name].sum() == rgb[..., 0].size
    a, b = (lab.rgb_to_lab(rgb)[..., axis] for axis in (1, 2))
    edges = np.arange(-111, 112, 2)
    expected, _, _ = np.histogram2d(a.ravel(), b.ravel(), (edges, edges))
    assert np.abs(board.counts["pale"]["true_plane"] - expected).sum() <= 4
