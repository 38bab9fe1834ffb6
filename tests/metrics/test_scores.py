"""Every score against scikit-image, scikit-learn, scipy, or the definition written out."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
    structural_similarity,
)

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.judge.references import all_grey
from colorize.metrics.ciede2000 import BLOCK, ciede2000
from colorize.metrics.comparison import Pictures
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES, Criterion, colourfulness
from colorize.model.domains import GREY, Page

RGB = NDArray[np.uint8]


@pytest.fixture(scope="module")
def table() -> NeighbourTable:
    return NeighbourTable.fit(bin_centres())


@pytest.fixture
def rgb(drawing: Callable[..., RGB]) -> RGB:
    return np.stack([drawing(number) for number in range(5)])


@pytest.fixture
def ab(rgb: RGB) -> NDArray[np.float32]:
    """Some colouring: right in kind, wrong in degree, often out of gamut."""
    random = np.random.default_rng(1)
    return random.normal(0, 25, (*rgb.shape[:3], 2)).astype(np.float32)


def shown(rgb: RGB, ab: NDArray[np.float32]) -> RGB:
    """The pictures in other colours, as the domain of grey pages joins them."""
    pages = map(Page.of, rgb)
    return np.stack([GREY.join(page, of) for page, of in zip(pages, ab, strict=True)])


def scores_of(rgb: RGB, ab: NDArray[np.float32], table: NeighbourTable) -> dict[str, float]:
    board = Scoreboard(table)
    board.add(Pictures.of(rgb), {"x": shown(rgb, ab)})
    return board.scores()["x"]


def test_distances_of_rgb(table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]) -> None:
    scores = scores_of(rgb, ab, table)
    pairs = list(zip(rgb, shown(rgb, ab), strict=True))
    assert scores["psnr"] == pytest.approx(
        np.mean([peak_signal_noise_ratio(*pair, data_range=255) for pair in pairs]), rel=1e-9
    )
    mse = [mean_squared_error(t / 255, p / 255) for t, p in pairs]
    assert scores["mse"] == pytest.approx(np.mean(mse), rel=1e-9)
    whole = peak_signal_noise_ratio(rgb, shown(rgb, ab), data_range=255)
    assert scores["psnr_pooled"] == pytest.approx(whole, rel=1e-9)
    assert scores["mae"] == pytest.approx(np.abs(rgb / 255 - shown(rgb, ab) / 255).mean(), rel=1e-9)


def test_structural_similarity(table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]) -> None:
    expected = [
        structural_similarity(t, p, channel_axis=2, data_range=255)
        for t, p in zip(rgb, shown(rgb, ab), strict=True)
    ]
    assert scores_of(rgb, ab, table)["ssim"] == pytest.approx(np.mean(expected), abs=1e-8)


def test_colour_difference(table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]) -> None:
    expected = deltaE_ciede2000(rgb2lab(rgb), rgb2lab(shown(rgb, ab))).mean()
    assert scores_of(rgb, ab, table)["ciede2000"] == pytest.approx(expected, rel=1e-6)


def test_colour_difference_of_all_kinds_of_pairs(rng: np.random.Generator) -> None:
    """Every hue against every hue, greys and equal colours among them."""
    first, second = rng.uniform((0, -100, -100), (100, 100, 100), (2, 20_000, 3))
    first[:500, 1:] = 0
    second[250:750, 1:] = 0
    second[-500:] = first[-500:]
    planes = (np.ascontiguousarray(x.T.astype(np.float32)) for x in (first, second))
    apart = np.abs(ciede2000(*planes) - deltaE_ciede2000(first, second))
    assert np.quantile(apart, 0.999) < 1e-3
    assert apart.max() < 0.05  # opposite hues, whose mean hue the formula lets jump


def test_colour_difference_does_not_depend_on_where_colours_lie(rng: np.random.Generator) -> None:
    """In memory: some libraries round the numbers before a multiple of 64 bytes in another way."""
    for count in [*range(1, 200), BLOCK + 7]:
        planes = rng.uniform((0, -100, -100), (100, 100, 100), (count, 3)).T
        first = np.ascontiguousarray(planes, np.float32)
        second = first + rng.normal(0, 5, first.shape).astype(np.float32)
        expected = ciede2000(first, second)
        for shift in (0, 1, 6, 15):
            moved = (shifted(first, shift), shifted(second, 1))
            np.testing.assert_array_equal(ciede2000(*moved), expected)


def shifted(values: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Copy to memory that begins ``by`` numbers after a multiple of 64 bytes."""
    room = np.empty(values.size + 32, np.float32)
    start = -room.ctypes.data // 4 % 16 + by
    moved = room[start : start + values.size].reshape(values.shape)
    moved[...] = values
    assert moved.ctypes.data % 64 == 4 * by
    return moved


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_colour_difference_of_the_published_pairs(
    first: tuple[float, ...], second: tuple[float, ...], expected: float
) -> None:
    """Sharma et al. 2005, table 1."""
    planes = (np.array(x, np.float32)[:, None] for x in (first, second))
    assert float(ciede2000(*planes)[0]) == pytest.approx(expected, abs=1e-4)


def test_errors_in_ab(table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]) -> None:
    scores = scores_of(rgb, ab, table)
    truth = rgb2lab(rgb)[..., 1:]
    error = np.linalg.norm(rgb2lab(shown(rgb, ab))[..., 1:] - truth, axis=-1)
    assert scores["rmse_ab"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-6)
    shares = [(error <= t).mean() for t in np.linspace(0, 150, 30_001)]
    assert scores["auc"] == pytest.approx(100 * np.trapezoid(shares, dx=1 / 30_000), abs=1e-2)
    bins = ((truth[..., None, :] - table.centres) ** 2).sum(-1).argmin(-1)
    by_bin = [
        np.trapezoid([(error[bins == q] <= t).mean() for t in range(151)], dx=1 / 150)
        for q in np.unique(bins)
    ]
    assert scores["auc_balanced"] == pytest.approx(100 * np.mean(by_bin), abs=0.05)
    board = Scoreboard(table)
    board.add(Pictures.of(rgb), {"x": shown(rgb, ab)})
    curve = [(error <= t).sum() for t in range(151)]
    np.testing.assert_allclose(board.counts["x"]["errors"], curve, atol=2)


def test_colourfulness(rgb: RGB) -> None:
    """Hasler and Suesstrunk, section 5, written out."""
    red, green, blue = np.moveaxis(rgb[0].astype(float), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    deviation = np.sqrt(rg.std() ** 2 + yb.std() ** 2)
    expected = deviation + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert colourfulness(rgb[0]) == pytest.approx(expected, rel=1e-9)
    assert colourfulness(np.full((9, 9, 3), 77, np.uint8)) == 0


def test_histogram_intersections(table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]) -> None:
    scores = scores_of(rgb, ab, table)
    edges = np.arange(-111, 112, 2)
    for axis, name in ((1, "histogram_a"), (2, "histogram_b")):
        true, painted = (
            np.histogram(lab.rgb_to_lab(x)[..., axis], edges)[0] / x[..., 0].size
            for x in (rgb, shown(rgb, ab))
        )
        assert scores[name] == pytest.approx(np.minimum(true, painted).sum(), abs=2e-3)


def test_grey_equals_a_direct_computation(table: NeighbourTable, rgb: RGB) -> None:
    scores = scores_of(rgb, all_grey(rgb[..., 0].astype(np.float32)), table)
    chroma = np.linalg.norm(rgb2lab(rgb)[..., 1:], axis=-1)
    assert scores["auc"] == pytest.approx(100 * (1 - chroma.mean() / 150), abs=1e-2)
    grey = np.rint(lab2rgb(rgb2lab(rgb)[..., :1] * (1, 0, 0)) * 255)
    psnr = [-10 * np.log10((((t - g) / 255) ** 2).mean()) for t, g in zip(rgb, grey, strict=True)]
    assert scores["psnr"] == pytest.approx(np.mean(psnr), abs=1e-3)


def test_balance_lets_a_rare_colour_count_as_much_as_a_common_one(table: NeighbourTable) -> None:
    rgb = np.full((1, 10, 10, 3), 128, np.uint8)
    rgb[0, 0, 0] = (255, 0, 0)
    grey = scores_of(rgb, np.zeros((1, 10, 10, 2), np.float32), table)
    error = np.hypot(80.09, 67.20) / 150
    assert grey["auc"] == pytest.approx(100 * (1 - error / 100), abs=0.02)
    assert grey["auc_balanced"] == pytest.approx(100 * (1 - error / 2), abs=0.02)


def test_the_truth_is_perfect(table: NeighbourTable, rgb: RGB) -> None:
    scores = scores_of(rgb, lab.rgb_to_lab(rgb)[..., 1:], table)
    assert scores["auc"] == scores["auc_balanced"] == scores["psnr"] == 100
    assert scores["ssim"] == scores["histogram_a"] == scores["histogram_b"] == 1
    assert {scores[name] for name in ("mse", "mae", "rmse_ab", "ciede2000")} == {0}


def test_the_scores_that_can_choose_are_those_with_a_direction() -> None:
    directed = {name for name, score in SCORES.items() if score.higher_is_better is not None}
    assert set(get_args(Criterion)) == directed


def test_every_score_says_what_it_is(
    table: NeighbourTable, rgb: RGB, ab: NDArray[np.float32]
) -> None:
    assert set(scores_of(rgb, ab, table)) == set(SCORES)
    for score in SCORES.values():
        assert score.title
        assert score.source
        assert score.tolerance >= 0
