import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.lab import lab_to_rgb, rgb_to_lab
from colorize.judge.scores import SCORES, ColourScores, all_grey, judge


@pytest.fixture(scope="module")
def table() -> NeighbourTable:
    return NeighbourTable.fit(bin_centres())


@pytest.fixture
def rgb(drawing) -> NDArray[np.uint8]:  # noqa: ANN001
    return np.stack([drawing(number) for number in range(5)])


def painted(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Some colouring: right in kind, wrong in degree."""
    random = np.random.default_rng(1)
    return random.normal(0, 25, (*lightness.shape, 2)).astype(np.float32)


def test_values_against_scikit_image(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    truth = rgb2lab(rgb)
    ab = painted(truth[..., 0])
    (scores,) = judge([rgb], {"x": lambda _: ab}, table).values()

    out = lab_to_rgb(np.concatenate([truth[..., :1], ab], axis=-1))
    pairs = [(t / 255, p / 255) for t, p in zip(rgb, out, strict=True)]
    psnr = np.mean([peak_signal_noise_ratio(t, p, data_range=1) for t, p in pairs])
    assert scores["psnr"] == pytest.approx(psnr, rel=1e-6)
    assert scores["mse"] == pytest.approx(np.mean([mean_squared_error(*pair) for pair in pairs]))
    assert scores["mae"] == pytest.approx(np.mean([np.abs(t - p).mean() for t, p in pairs]))

    error = np.linalg.norm(ab - truth[..., 1:], axis=-1)
    assert scores["rmse_ab"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    shares = [(error <= t).mean() for t in np.linspace(0, 150, 30_001)]
    assert scores["auc"] == pytest.approx(100 * np.trapezoid(shares, dx=1 / 30_000), abs=1e-2)

    bins = ((truth[..., None, 1:] - table.centres) ** 2).sum(-1).argmin(-1)
    by_bin = [
        np.trapezoid([(error[bins == q] <= t).mean() for t in range(151)], dx=1 / 150)
        for q in np.unique(bins)
    ]
    assert scores["auc_balanced"] == pytest.approx(100 * np.mean(by_bin), abs=0.05)


def test_by_hand(table: NeighbourTable) -> None:
    """One bright red picture painted grey: every pixel is off by its own chroma."""
    red = np.full((1, 4, 4, 3), (255, 0, 0), np.uint8)
    chroma = np.hypot(80.09, 67.20)
    scores = judge([red], {"grey": all_grey}, table)["grey"]
    assert scores["auc"] == pytest.approx(100 * (1 - chroma / 150), abs=0.01)
    assert scores["auc_balanced"] == pytest.approx(scores["auc"])
    assert scores["rmse_ab"] == pytest.approx(chroma, abs=0.02)


def test_balance_lets_a_rare_colour_count_as_much_as_a_common_one(table: NeighbourTable) -> None:
    rgb = np.full((1, 10, 10, 3), 128, np.uint8)
    rgb[0, 0, 0] = (255, 0, 0)
    grey = judge([rgb], {"grey": all_grey}, table)["grey"]
    error = np.hypot(80.09, 67.20) / 150
    assert grey["auc"] == pytest.approx(100 * (1 - error / 100), abs=0.02)
    assert grey["auc_balanced"] == pytest.approx(100 * (1 - error / 2), abs=0.02)


def test_the_truth_is_perfect(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    scores = judge([rgb], {"true": lambda _: rgb_to_lab(rgb)[..., 1:]}, table)["true"]
    assert scores["auc"] == scores["auc_balanced"] == 100
    assert (scores["mse"], scores["mae"], scores["rmse_ab"], scores["psnr"]) == (0, 0, 0, 100)


def test_sums_add_up_over_batches(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    whole = judge([rgb], {"grey": all_grey}, table)["grey"]
    parts = judge([rgb[:2], rgb[2:]], {"grey": all_grey}, table)["grey"]
    assert parts == pytest.approx(whole)


def test_every_score_says_what_it_is(table: NeighbourTable, rgb: NDArray[np.uint8]) -> None:
    assert set(judge([rgb], {"grey": all_grey}, table)["grey"]) == set(SCORES)


def test_errors_beyond_150_count_as_150(table: NeighbourTable) -> None:
    rgb = np.full((1, 2, 2, 3), 128, np.uint8)
    scores = ColourScores(table)
    scores.update(rgb, rgb_to_lab(rgb), np.full((1, 2, 2, 2), 900, np.float32))
    assert scores.compute()["auc"] == pytest.approx(0)
