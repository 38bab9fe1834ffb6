"""Palettes: how they are read, and that pages have their colours alone."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from colorize.__main__ import main
from colorize.colour.gamut import bin_centres
from colorize.colour.lab import rgb_to_lab
from colorize.commands.console import REFUSED
from colorize.errors import InputError
from colorize.model.weights import Model
from colorize.paint import palette
from colorize.paint.painter import Painter

GIMP = "GIMP Palette\nName: two\nColumns: 2\n#\n170 187 204\tsky\n 16  32  48\n"


def test_the_three_forms(tmp_path: Path) -> None:
    expected = ((170, 187, 204), (16, 32, 48))
    assert palette.parse("#aabbcc, #102030") == expected
    for name, content in (("p.gpl", GIMP), ("p.json", json.dumps(["#AABBCC", "#102030"]))):
        (tmp_path / name).write_text(content, "utf-8")
        assert palette.parse(str(tmp_path / name)) == expected


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.gpl", "GIMP\n1 2 3\n", "its first line"),
        ("p.gpl", "GIMP Palette\n1 2 300\n", "line 2 is no colour"),
        ("p.gpl", "GIMP Palette\n", "has 0 colours"),
        ("p.json", "{}", "is no palette"),
        ("p.json", '["#aabbcc", 3]', "3 is no colour"),
        ("p.json", "[" + ",".join(['"#aabbcc"'] * 257) + "]", "has 257 colours"),
        ("p.json", "x", "is no JSON"),
    ],
)
def test_others_are_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=said):
        palette.parse(str(path))


@pytest.mark.parametrize("text", ["#aabbc", "#aabbcc,", "#aabbcc;#112233", "nothing.json", ""])
def test_what_is_no_palette_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        palette.parse(text)


def test_the_command_refuses_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "1.png"
    cv2.imwrite(str(page), np.full((40, 40), 140, np.uint8))
    assert main([str(page), "-o", str(tmp_path / "o.png"), "--palette", "#12"]) == REFUSED
    assert capsys.readouterr().err.count("\n") == 1


def test_a_shade_is_the_colour_in_less_light() -> None:
    """Half the light of a colour, by the definition of Lab: all three of XYZ are halved."""
    bright = rgb_to_lab(np.array([[200, 120, 90]], np.uint8))
    f = np.array([bright[0, 1] / 500, 0, -bright[0, 2] / 200]) + (bright[0, 0] + 16) / 116
    dark = np.cbrt(0.5) * f
    expected = [116 * dark[1] - 16, 500 * (dark[0] - dark[1]), 200 * (dark[1] - dark[2])]
    shaded = palette.shades(bright, np.array([expected[0]], np.float32))
    np.testing.assert_allclose(shaded[0], expected, atol=1e-3)


def test_shadows_go_to_the_colour_that_they_are_a_shade_of() -> None:
    colours = palette.as_lab([(240, 190, 160), (60, 90, 200)])
    shadow = palette.shades(colours, colours[:, 0] - 15)
    assert palette.nearest(shadow, colours)[0].tolist() == [0, 1]


def test_a_grey_page_takes_the_nearest_colour(orange_model: Model) -> None:
    page = np.full((120, 120, 3), 250, np.uint8)
    page[20:100, 20:100] = 150
    red, blue = (190, 120, 105), (90, 100, 170)
    painted = Painter(orange_model, palette=[blue, red]).paint(page)
    a, b = rgb_to_lab(painted)[60, 60, 1:]
    wanted = palette.shades(palette.as_lab([red]), rgb_to_lab(page)[60, 60, :1])[0, 1:]
    assert np.hypot(a - wanted[0], b - wanted[1]) < 3
    assert painted[5, 5].tolist() == [250, 250, 250]  # paper takes no colour


def test_an_inked_page_takes_the_colours_of_the_palette_alone() -> None:
    model = Model.build(
        "unet", width=0.25, centres=bin_centres(), side=64, params={}, seed=1, domains=["ink"]
    )
    page = np.full((200, 160, 3), 255, np.uint8)
    cv2.rectangle(page, (30, 30), (130, 170), (0, 0, 0), 3)
    colours = [(215, 60, 40), (40, 60, 200)]
    layer = Painter(model, palette=colours).layer(page)[..., :3]
    lab = rgb_to_lab(layer[[10, 100], [10, 80]])
    for colour in lab:
        allowed = palette.shades(palette.as_lab(colours), np.full(2, colour[0], np.float32))
        assert np.abs(allowed[:, 1:] - colour[1:]).max(axis=1).min() < 3
