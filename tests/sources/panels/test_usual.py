import hashlib
import json
import re
from importlib import resources

import numpy as np
import pytest

from colorize.sources.panels import avatars, palette, panel, scenes, usual
from colorize.sources.panels.usual import Usual

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")


def digest(count: int, seed: int, variety: float) -> str:
    content = hashlib.sha256()
    for picture in panel.pictures(count=count, side=64, seed=seed, variety=variety):
        content.update(picture.content)
    return content.hexdigest()


@pytest.mark.parametrize(
    ("seed", "before"),
    [
        (0, "a8709b49f2d75958b78c3c418d037dc5655b13d70164c899b576b83a0615e060"),
        (77, "478fec32f01dbe06117bc4f5e1c6f6629784330e93b35008acbb50f0bb02c5ac"),
    ],
)
def test_a_variety_of_one_draws_what_was_drawn_before_there_were_usual_colours(
    seed: int, before: str
) -> None:
    """The digests are of the version that first drew panels: weights were trained on those."""
    assert digest(40, seed, 1.0) == before


def test_variety_changes_colours_alone() -> None:
    changed = 0
    for number in range(40):
        drawn, told = (panel.numbered(4, number, share).svg(64) for share in (1.0, 0.0))
        assert COLOUR.sub("#", drawn) == COLOUR.sub("#", told), number
        changed += drawn != told
    assert changed > 35


@pytest.mark.parametrize("variety", [0.0, 0.2, 0.7, 1.0])
def test_variety_is_the_share_of_things_of_any_colour(variety: float) -> None:
    decides = Usual(variety, "1")
    kept = [decides.colour("wall", "#123456") == "#123456" for _ in range(1000)]
    assert np.mean(kept) == pytest.approx(variety, abs=0.05)


def test_another_seed_decides_otherwise_and_the_same_alike() -> None:
    first, again, other = (
        [one.colour("hair", "#123456") for _ in range(20)]
        for one in (Usual(0.5, "a"), Usual(0.5, "a"), Usual(0.5, "b"))
    )
    assert first == again != other


@pytest.mark.parametrize("thing", usual.RAMPS)
def test_shades_run_from_dark_to_light_and_differ(thing: str) -> None:
    ramp = usual.RAMPS[thing]
    lightness = [palette.hls(colour)[1] for colour in ramp]
    assert lightness == sorted(lightness)
    decides = Usual(0.0, thing)
    shades = {decides.shade(thing) for _ in range(50)}
    assert len(shades) > 10


def test_everything_that_has_a_usual_colour_is_known() -> None:
    assert {"clothes", *scenes.PATTERNS} <= usual.RAMPS.keys()
    file = resources.files("dicebear_styles").joinpath(f"{avatars.LANDSCAPE}.json")
    own = json.loads(file.read_text("utf-8"))["colors"]
    assert usual.HILLS.keys() == own.keys()
    for name, colours in usual.HILLS.items():
        assert set(colours) <= set(own[name]["values"]), name
