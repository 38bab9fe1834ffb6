from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab

from colorize.inking import regions, tones
from colorize.inking.params import InkingParams
from colorize.inking.screens import STEPS, Screens
from colorize.inking.tones import FLAT, SOLID, WASH, WHITE

SKINS = [(255, 224, 200), (245, 205, 175), (232, 184, 150), (210, 160, 125), (150, 105, 75)]
OTHERS = [
    (255, 90, 90),
    (60, 120, 220),
    (80, 170, 80),
    (250, 220, 60),
    (150, 70, 180),
    (90, 60, 40),
]
KEYS = range(30)


def patches(colours: list[tuple[int, int, int]], side: int = 40) -> NDArray[np.uint8]:
    """Squares in a row on white."""
    rgb = np.full((side + 20, len(colours) * (side + 10) + 10, 3), 255, np.uint8)
    for number, colour in enumerate(colours):
        left = 10 + number * (side + 10)
        rgb[10 : 10 + side, left : left + side] = colour
    return rgb


def lay(
    rgb: NDArray[np.uint8], key: int, screens: Screens, *, radius: float = 18, **knobs: Any
) -> tuple[regions.Regions, tones.Tones]:
    found = regions.segment(rgb, radius=radius)
    params = InkingParams(**{"gradation_chance": 0.0} | knobs)
    return found, tones.lay(found, np.random.default_rng(key), params, screens)


def lab_of(colours: list[tuple[int, int, int]]) -> NDArray[np.float64]:
    return np.asarray(rgb2lab(np.array(colours) / 255))


def test_skin_is_told_from_other_colours() -> None:
    assert tones.skin(lab_of(SKINS)).all()
    assert not tones.skin(lab_of(OTHERS)).any()
    assert not tones.skin(lab_of([(255, 255, 255), (128, 128, 128), (0, 0, 0)])).any()


@pytest.mark.parametrize("colour", SKINS)
def test_skin_is_white_nine_times_of_ten(colour: tuple[int, int, int], screens: Screens) -> None:
    white = []
    for key in range(200):
        found, toned = lay(patches([colour]), key, screens, radius=10, solid=0.0)
        (skin,) = np.flatnonzero(tones.skin(found.lab))
        white.append(toned.kind[skin] == WHITE)
    assert 0.83 < np.mean(white) < 0.97  # three standard errors about 0.9


def test_tones_keep_the_rank_of_lightness(screens: Screens) -> None:
    toned_pairs = 0
    for key in KEYS:
        found, toned = lay(patches(OTHERS), key, screens, white=0.0, solid=0.0)
        screened = np.flatnonzero((toned.kind == FLAT) | (toned.kind == WASH))
        for one in screened:
            for other in screened:
                if found.lab[one, 0] > found.lab[other, 0] + 1:
                    assert toned.step[one] <= toned.step[other]
                    toned_pairs += 1
    assert toned_pairs > 300


def test_one_colour_has_one_tone_wherever_it_is(screens: Screens) -> None:
    for key in KEYS:
        found, toned = lay(patches([OTHERS[1], OTHERS[0]] * 8, 16), key, screens)
        for colour in set(found.colour.tolist()):
            of_colour = found.colour == colour
            small = of_colour & (found.area <= 0.04)  # larger ones may go their own way
            assert len(set(toned.step[small].tolist())) <= 1


def test_a_screen_s_mean_is_the_tone_of_its_region(screens: Screens) -> None:
    for key in KEYS:
        rgb = patches(OTHERS[:3], 128)
        found, toned = lay(
            rgb, key, screens, white=0.0, solid=0.0, shadow_chance=0.0, pattern_chance=0.0
        )
        for number in np.flatnonzero((toned.kind == FLAT) & (found.lab[:, 0] < 90)):
            rows, columns = np.nonzero(found.number == number)
            inner = toned.print[rows.min() + 3 :, columns.min() + 3 :][:64, :64]
            assert inner.mean() / 255 == pytest.approx(1 - toned.step[number] / STEPS, abs=0.02)


def test_only_what_is_dark_is_filled_with_black(screens: Screens) -> None:
    colours = [*OTHERS, (30, 25, 40), (10, 10, 10)]
    filled = 0
    for key in KEYS:
        found, toned = lay(patches(colours), key, screens)
        solid = toned.kind == SOLID
        assert (found.lab[solid, 0] < 45).all()
        filled += int(solid.sum())
        inside = solid[found.number]
        assert not (toned.solid & ~inside).any()
    assert filled > len(KEYS) / 2


def test_shares_are_obeyed(screens: Screens) -> None:
    colours = OTHERS[:5]
    only = {"white": 0.0, "solid": 0.0, "flat": 0.0, "wash": 0.0}
    for name, kind in (("white", WHITE), ("flat", FLAT), ("wash", WASH)):
        kinds = []
        for key in KEYS:
            found, toned = lay(patches(colours), key, screens, **only | {name: 1.0})
            kinds.append(toned.kind[found.lab[:, 0] < 90])
        found_share = np.mean(np.concatenate(kinds) == kind)
        assert found_share > 0.999, name
    kinds = []
    for key in KEYS:
        found, toned = lay(patches(colours), key, screens)
        kinds.append(toned.kind[found.lab[:, 0] < 90])
    shares = [np.mean(np.concatenate(kinds) == kind) for kind in (WHITE, FLAT, WASH)]
    np.testing.assert_allclose(shares, [0.56, 0.26, 0.11], atol=0.1)


def test_a_shadow_is_a_deeper_step_of_one_region(screens: Screens) -> None:
    rgb = np.full((80, 80, 3), 255, np.uint8)
    rgb[10:70, 10:70] = (235, 110, 110)
    rgb[10:70, 50:70] = (165, 72, 72)
    deeper = 0
    for key in KEYS:
        _, toned = lay(
            rgb,
            key,
            screens,
            white=0.0,
            flat=0.0,
            wash=1.0,
            shadow_chance=1.0,
        )
        light, shadow = toned.print[40, 20], toned.print[40, 60]
        assert shadow <= light
        deeper += int(shadow < light)
        _, without = lay(rgb, key, screens, white=0.0, flat=0.0, wash=1.0, shadow_chance=0.0)
        assert without.print[40, 20] == without.print[40, 60]
    assert deeper > 0.9 * len(KEYS)


def test_a_gradation_in_a_shadow_stays_on_the_scale(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it lies the next screen, whose lightest tone is white."""
    rgb = np.full((80, 80, 3), 255, np.uint8)
    rgb[5:75, 5:75] = (235, 110, 110)
    rgb[5:75, 55:75] = (165, 72, 72)
    reached, print_all = [], screens.lay

    def watched(used: Any, steps: Any, body: Any, fade: Any = None, *rest: Any) -> Any:
        reached.append(steps[body] + (0 if fade is None else fade))
        return print_all(used, steps, body, fade, *rest)

    monkeypatch.setattr(screens, "lay", watched)
    knobs = {"white": 0.0, "solid": 0.0, "flat": 0.0, "wash": 1.0, "tone": (0.5, 0.6)}
    for key in KEYS:
        lay(rgb, key, screens, gradation_chance=1.0, shadow_chance=1.0, **knobs)
    assert min(steps.min() for steps in reached) >= 0
    assert max(steps.max() for steps in reached) <= tones.DEEPEST_SHADOW


def test_a_gradation_fades_one_region_within_the_scale(screens: Screens) -> None:
    faded = 0
    for key in KEYS:
        found, toned = lay(
            patches(OTHERS),
            key,
            screens,
            white=0.0,
            solid=0.0,
            flat=0.0,
            wash=1.0,
            gradation_chance=1.0,
            shadow_chance=0.0,
        )
        inner = [
            cv2.erode((found.number == n).view(np.uint8), np.ones((7, 7))).view(np.bool_)
            for n in np.flatnonzero(toned.kind == WASH)
        ]
        spread = [np.ptp(toned.print[mask].astype(int)) for mask in inner]
        faded += sum(width > 6 for width in spread)
    assert faded == len(KEYS)
