import hashlib
import io
import os
import re
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from PIL import Image

from colorize.errors import SourceError
from colorize.imaging import chroma
from colorize.imaging.decode import decode
from colorize.sources.panels import avatars, emoji, panel, scenes
from colorize.sources.panels.pieces import embedded
from colorize.sources.panels.usual import Usual
from tests.imports import ROOT


def digests(count: int, seed: int) -> list[str]:
    return [p.record.sha256 for p in panel.pictures(count=count, side=64, seed=seed)]


def test_the_same_bytes_for_the_same_params_and_a_longer_run_only_adds() -> None:
    first, again = digests(24, seed=0), digests(40, seed=0)
    assert again[:24] == first
    assert len(set(again)) == 40
    assert not set(digests(24, seed=1)) & set(first)


def test_panels_are_coloured_and_have_black_lines() -> None:
    chromas, dark = [], []
    for picture in panel.pictures(count=60, side=128, seed=0):
        rgb = decode(picture.content, max_pixels=10**6)
        assert rgb.shape == (128, 128, 3)
        chromas.append(chroma.measure(rgb))
        dark.append((rgb.max(-1) < 64).mean())
    assert np.mean(np.array(chromas) > 3) > 0.9
    assert np.median(dark) > 0.02


def test_every_kind_of_piece_is_drawn_without_a_clash_of_names() -> None:
    credits: set[str] = set()
    for number in range(80):
        drawn = panel.draw(Random(number))
        credits |= {credit.artist for credit in drawn.credits}
        ids = [part.split('"', 1)[0] for part in drawn.svg(64).split(' id="')[1:]]
        named = [name for name in ids if name[2:] not in {"color", "line", "skin", "hair"}]
        assert len(named) == len(set(named)), number
    assert "OpenMoji" in credits
    assert len(credits) >= 9


@pytest.mark.parametrize("kind", list(scenes.KINDS))
def test_scenes_cover_the_panel(kind: scenes.Kind) -> None:
    for number in range(10):
        drawn = kind(Random(number), "b", Usual(0.5)).svg
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{}</svg>'
        png = panel.rendered(svg.format(f'<g transform="scale(32)">{drawn}</g>'))
        rgba = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
        assert rgba.shape == (32, 32, 4)
        assert (rgba[..., 3] == 255).all(), number


@pytest.mark.parametrize("aspect", [0.4, 1, 2.45])
def test_a_panel_of_any_aspect_is_covered(aspect: float) -> None:
    for number in range(5):
        drawn = panel.draw(Random(number), aspect=aspect)
        height, width, _ = drawn.rgb(100).shape
        assert (height, width) == (100, round(100 * aspect))


def test_the_same_bytes_from_another_process() -> None:
    code = (
        "from colorize.sources.panels import panel\n"
        "for p in panel.pictures(count=3, side=64, seed=5): print(p.record.sha256)"
    )
    said = subprocess.check_output(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, text=True
    )
    assert said.split() == digests(3, seed=5)


def test_few_panels_are_nearly_white() -> None:
    white = [(panel.numbered(0, n).rgb(24).min(-1) > 235).mean() > 0.6 for n in range(100)]
    assert np.mean(white) < 0.04


def test_people_get_skin_and_hair_of_their_own() -> None:
    people = [emoji.person(Random(number), Usual())(Random(0), "f", 0.02) for number in range(120)]
    assert len({person.parts["skin"] for person in people if "skin" in person.parts}) >= 5
    bare = [re.sub(r'<g id="f(?:line|color).*?(?=<g id=|$)', "", p.svg, flags=re.S) for p in people]
    assert not [svg for svg in bare if emoji.YELLOW_SKIN in svg.lower()]


def test_records_name_artists_and_licences() -> None:
    for picture in panel.pictures(count=30, side=64, seed=0):
        record = picture.record
        assert record.artist
        assert set(record.licence.split("; ")) <= {"CC0 1.0", "CC BY 4.0", "CC BY-SA 4.0", "MIT"}
        assert (record.width, record.height) == (64, 64)
        assert record.sha256 == hashlib.sha256(picture.content).hexdigest()


def test_rejects_a_style_without_a_licence_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avatars, "HEADS", ("avataaars",))  # free to use, but under no licence
    monkeypatch.setattr(avatars, "BUSTS", ())
    monkeypatch.setattr(avatars, "WEIGHTS", {"avataaars": 1})
    with pytest.raises(SourceError, match="avataaars"):
        avatars.character(Random(0), Usual())(Random(0), "f", 0.01)


def test_a_document_without_a_view_box_is_refused() -> None:
    with pytest.raises(ValueError, match="viewBox"):
        embedded("<svg></svg>", "x")
