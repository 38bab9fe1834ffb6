import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.inking.screens import FINEST, OVERSAMPLING, SIDE, STEPS, Screens


def test_mean_of_a_screen_is_its_tone(screens: Screens) -> None:
    means = screens.tiles.mean(axis=(2, 3)) / 255
    tones = 1 - np.arange(STEPS + 1) / STEPS
    assert np.abs(means - tones).max() < 0.02
    assert np.abs(means - tones).mean() < 0.002


def test_a_deeper_tone_has_ink_wherever_a_lighter_one_has(screens: Screens) -> None:
    assert (np.diff(screens.tiles.astype(int), axis=1) <= 1).all()  # one: rounded


def test_paper_and_black_are_pure(screens: Screens) -> None:
    assert (screens.tiles[:, 0] == 255).all()
    assert (screens.tiles[:, STEPS] == 0).all()


def slowest_wave(tile: NDArray[np.float64], pitch: float) -> float:
    """Amplitude of the strongest wave of a tile (SIDE, SIDE) that is twice the pitch or longer."""
    frequency = np.fft.fftfreq(SIDE)
    radius = np.hypot(frequency[:, None], frequency)
    amplitude = 2 * np.abs(np.fft.fft2(tile)) / tile.size
    return float(amplitude[(radius > 0) & (radius < 0.5 / pitch)].max())


def test_no_moire(screens: Screens) -> None:
    """No wave that is much longer than the screen's pitch is seen in any tone."""
    found = [
        slowest_wave(screens.tiles[number, step] / 255, screen.pitch)
        for number, screen in enumerate(screens.screens)
        if screen.kind in ("dot", "line")
        for step in range(1, STEPS)
    ]
    assert len(found) > 1000
    assert max(found) < 0.01  # of white


def test_one_sample_a_pixel_has_moire() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] * (2 * np.pi / SIDE)
    tile = np.cos(22 * x + 19 * y) + np.cos(22 * y - 19 * x) < 0.9
    assert slowest_wave(tile.astype(float), SIDE / float(np.hypot(22, 19))) > 0.03


def test_tiles_repeat_without_a_seam(screens: Screens) -> None:
    """Across the seam a tile changes no more than it does within."""
    for number in range(1, len(screens.screens)):
        tile = screens.tiles[number, STEPS // 2].astype(int)
        within = np.abs(np.diff(tile, axis=0)).mean(axis=1)
        assert np.abs(tile[0] - tile[-1]).mean() <= within.max() * 1.05 + 4


def test_choose(screens: Screens, rng: np.random.Generator) -> None:
    for pitch in (2.5, 3.5, 6.0, 12.0):
        chosen = {screens.choose(rng, ("dot",), pitch) for _ in range(40)}
        assert len(chosen) > 1  # angles
        for number in chosen:
            assert screens.screens[number].kind == "dot"
            assert screens.screens[number].pitch == pytest.approx(pitch, rel=0.2)
    assert screens.choose(rng, ("line",), FINEST - 0.1) == 0
    assert screens.screens[0].kind == "wash"
    assert screens.screens[screens.choose(rng, ("pattern",), 1000)].kind == "pattern"


def test_lay_prints_each_area_in_its_screen_and_tone(screens: Screens) -> None:
    area = np.zeros((90, 150), np.int32)
    area[:, 75:] = 1
    screen, step = np.array([5, 0]), np.array([8, 16])
    laid = screens.lay(screen, step, area, offset=(3, 70))
    rows, columns = (np.arange(90) + 3) % SIDE, (np.arange(150) + 70) % SIDE
    expected = screens.tiles[5, 8][rows[:, None], columns]
    np.testing.assert_array_equal(laid[:, :75], expected[:, :75])
    assert (laid[:, 75:] == screens.tiles[0, 16, 0, 0]).all()
    fade = np.full(area.shape, 8)
    faded = screens.lay(screen, step, area, fade)
    assert (faded[:, 75:] == screens.tiles[0, 24, 0, 0]).all()


@pytest.mark.slow
def test_two_builds_are_alike(screens: Screens) -> None:
    assert OVERSAMPLING == 4
    np.testing.assert_array_equal(screens.tiles, Screens().tiles)
