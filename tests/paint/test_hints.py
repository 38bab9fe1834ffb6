"""Hints: their files, and that pages obey them."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorize.__main__ import main
from colorize.colour.gamut import bin_centres
from colorize.colour.lab import lab_to_rgb, rgb_to_lab, rgb_to_planes
from colorize.commands.console import FAILED, REFUSED
from colorize.errors import InputError
from colorize.metrics.ciede2000 import ciede2000
from colorize.model.hints import NAME, plane
from colorize.model.weights import Model
from colorize.paint import hints
from colorize.paint.flats import Flats
from colorize.paint.guide import Guide
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter
from tests.imports import ROOT
from tests.models import tiny_model

RGB = NDArray[np.uint8]
OBEYED = 3.0
LEAKED = 1.5
"""CIEDE2000, as the project asks for them."""
FACE, BODY, GROUND = (100, 120), (230, 120), (20, 20)
"""Row and column of places in the regions of `drawn`."""


def drawn() -> RGB:
    """A grey page (300, 240) of a face over a body, with outlines that have gaps."""
    page = np.full((300, 240), 215, np.uint8)
    cv2.ellipse(page, (120, 300), (90, 110), 0, 0, 360, 110, -1)
    cv2.ellipse(page, (120, 300), (90, 110), 0, 0, 360, 0, 2)
    cv2.circle(page, (120, 100), 60, 180, -1)
    cv2.ellipse(page, (120, 100), (60, 60), 0, 0, 355, 0, 2)
    return np.repeat(page[..., None], 3, axis=2)


def at(place: tuple[int, int], color: tuple[int, int, int], shape: tuple[int, ...]) -> Hint:
    return Hint((place[1] + 0.5) / shape[1], (place[0] + 0.5) / shape[0], color)


def apart(rgb: RGB, other: RGB) -> NDArray[np.float32]:
    return ciede2000(rgb_to_planes(np.ascontiguousarray(rgb)), rgb_to_planes(other))


def _many(color: tuple[int, int, int], count: int) -> RGB:
    return np.array([color], np.uint8).repeat(count, 0)


def of_lightness(lightness: float, ab: tuple[int, int]) -> tuple[int, int, int]:
    red, green, blue = lab_to_rgb(np.array([lightness, *ab]), keep_lightness=True).tolist()
    return red, green, blue


@pytest.mark.parametrize("ab", [(40, 30), (-40, 30), (5, -45), (0, 0)])
@pytest.mark.parametrize("place", [FACE, BODY, GROUND])
def test_a_grey_page_obeys_and_nothing_leaks(
    orange: Painter, ab: tuple[int, int], place: tuple[int, int]
) -> None:
    page = drawn()
    lightness = float(rgb_to_lab(page)[place][0])
    wanted = of_lightness(lightness, ab)
    without = orange.paint(page)
    painted = orange.paint(page, hints=[at(place, wanted, page.shape)])
    assert apart(painted[place][None], np.array([wanted], np.uint8))[0] < OBEYED
    region = np.zeros((302, 242), np.uint8)
    cv2.floodFill(page.copy(), region, (place[1], place[0]), 0, (3,) * 3, (3,) * 3, 4 | 1 << 16)
    mask = region[1:-1, 1:-1] > 0
    inside = cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert (
        np.median(apart(painted[inside], np.array([wanted], np.uint8).repeat(inside.sum(), 0)))
        < OBEYED
    )
    outside = cv2.dilate(mask.view(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert apart(painted[outside], without[outside]).mean() < LEAKED


def test_lightness_stays_and_shadows_are_shades(orange: Painter) -> None:
    """A region whose grey falls off slowly keeps its own L and one hue."""
    page = np.full((240, 240, 3), 250, np.uint8)
    page[20:220, 20:220] = np.linspace(200, 80, 200).astype(np.uint8)[:, None, None]
    painted = orange.paint(page, hints=[at((30, 120), (230, 160, 150), page.shape)])
    before, after = rgb_to_lab(page), rgb_to_lab(painted)
    assert np.abs(before[..., 0] - after[..., 0]).max() < 0.5
    light, dark = after[40, 120, 1:], after[180, 120, 1:]
    assert np.dot(light, dark) / np.linalg.norm(light) / np.linalg.norm(dark) > 0.98
    assert np.linalg.norm(dark) < np.linalg.norm(light)


@pytest.mark.parametrize("color", [(232, 180, 140), (40, 60, 160), (255, 255, 255)])
def test_an_inked_page_takes_the_colour_itself(color: tuple[int, int, int]) -> None:
    model = tiny_model("unet", width=0.25, domains=["grey", "ink"])
    page = np.full((300, 240), 255, np.uint8)
    cv2.ellipse(page, (120, 150), (80, 80), 0, 3, 360, 0, 2)
    page = np.repeat(page[..., None], 3, axis=2)
    painter = Painter(model, domain="ink")
    asked = [at((150, 120), color, page.shape)]
    without, painted = painter.paint(page), painter.paint(page, hints=asked)
    assert painted[150, 120].tolist() == list(color)
    # Away from it the network's own shading stays.
    assert apart(painted[150:151, 60:180].reshape(-1, 3), _many(color, 120)).mean() < OBEYED
    outside = np.zeros((300, 240), np.uint8)
    cv2.circle(outside, (120, 150), 85, 1, -1)
    assert apart(painted[outside == 0], without[outside == 0]).mean() < LEAKED
    layer = painter.layer(page, hints=asked)
    assert layer[150, 120, :3].tolist() == list(color)


def test_a_network_is_told_by_conditions_alone() -> None:
    """Hints are carried: what the network says of the rest of the page stays."""
    model = Model.build(
        "unet", width=0.25, centres=bin_centres(), side=64, params={}, seed=0, hints=True
    )
    told: list[Any] = []
    model.network.register_forward_pre_hook(
        lambda _, args, kwargs: told.append(kwargs), with_kwargs=True
    )
    page = drawn()
    asked = [at(FACE, (200, 90, 80), page.shape)._replace(radius=0.1)]
    Painter(model).paint(page, hints=asked)
    condition = plane(asked, *page.shape[:2], lightness=False)
    Painter(model).paint(page, conditions={NAME: condition})
    assert [sorted(kwargs) for kwargs in told] == [[], [NAME]]
    height, width = told[1][NAME].shape[2:]
    assert 0 < told[1][NAME][0, 3].sum() < 0.1 * height * width


def test_many_hints_speak_for_the_page_and_one_does_not(orange: Painter) -> None:
    """Tiles that look alike: 24 of 25 are told to be green."""
    page = np.full((250, 250, 3), 215, np.uint8)
    page[::50] = page[:, ::50] = 30
    page[1::50] = page[:, 1::50] = 30
    middles = [(25 + 50 * row, 25 + 50 * column) for row in range(5) for column in range(5)]
    green = of_lightness(float(rgb_to_lab(page)[25, 25, 0]), (-40, 30))
    hints = [at(middle, green, page.shape) for middle in middles]
    last = middles.pop()
    without, one, many = (orange.paint(page, hints=hints[:count]) for count in (0, 1, 24))
    assert apart(one[last][None], without[last][None])[0] < LEAKED
    assert rgb_to_lab(without)[last][1] > 10
    assert rgb_to_lab(many)[last][1] < -20


def test_a_hint_fills_no_balloon_but_one_that_it_stands_on() -> None:
    model = tiny_model("unet", width=0.25, domains=["grey", "ink"])
    page = np.full((300, 240), 255, np.uint8)
    cv2.rectangle(page, (20, 20), (220, 280), 0, 2)
    _, prediction = Painter(model).look(np.repeat(page[..., None], 3, axis=2), "ink")
    blank = np.zeros(page.shape, np.uint8)
    cv2.ellipse(blank, (120, 90), (50, 30), 0, 0, 360, 255, -1)
    flat = Flats(np.full((*page.shape, 3), 255, np.uint8), blank, blank)
    red = (200, 40, 40)
    for place, balloon in (((200, 120), (255, 255, 255)), ((90, 120), red)):
        guide = Guide(hints=(at(place, red, page.shape),))
        layer = guide.inked(page, flat, prediction)
        assert layer[200, 120].tolist() == list(red)
        assert layer[90, 120].tolist() == list(balloon)


def test_a_hint_fills_what_was_taken_for_a_gutter_within_its_region() -> None:
    """Lines part gutters from panels; a gutter without a balloon's lettering may be a mistake."""
    model = tiny_model("unet", width=0.25, domains=["grey", "ink"])
    page = np.full((300, 240), 255, np.uint8)
    cv2.rectangle(page, (20, 20), (220, 280), 0, 2)
    _, prediction = Painter(model).look(np.repeat(page[..., None], 3, axis=2), "ink")
    red = (200, 40, 40)
    guide = Guide(hints=(at((200, 120), red, page.shape),))
    for right, there in ((60, red), (190, (255, 255, 255))):
        blank = np.zeros(page.shape, np.uint8)
        blank[:, :right] = 255
        blank[190:210, 100:140] = 0
        grey = np.where(blank[..., None] == 255, np.uint8(255), np.uint8(120)).repeat(3, axis=2)
        layer = guide.inked(page, Flats(grey, blank, np.zeros_like(blank)), prediction)
        assert layer[200, 120].tolist() == list(red)
        assert layer[100, 40].tolist() == list(there)
        assert layer[100, 8].tolist() == [255, 255, 255]


@pytest.mark.parametrize("value", [0, 90])
def test_a_hint_fills_a_screen_of_dots_up_to_the_lines_around_it(value: int) -> None:
    model = tiny_model("unet", width=0.25, domains=["grey", "ink"])
    page = np.full((300, 240), 255, np.uint8)
    rows, columns = np.mgrid[:300, :240]
    dots = ((rows + columns) % 3 < 2) & ((rows - columns) % 3 < 2)
    screen = np.zeros(page.shape, np.uint8)
    cv2.ellipse(screen, (120, 150), (80, 80), 0, 0, 360, 1, -1)
    page[dots & (screen > 0)] = value
    cv2.ellipse(page, (120, 150), (80, 80), 0, 0, 360, 0, 3)
    column = 110 + int(page[150, 110:130].argmax())
    red = (200, 40, 40)
    page = np.repeat(page[..., None], 3, axis=2)
    painter = Painter(model, domain="ink")
    asked = [at((150, column), red, page.shape)]
    without, layer = painter.layer(page)[..., :3], painter.layer(page, hints=asked)[..., :3]
    within = cv2.erode(screen, np.ones((13, 13), np.uint8)) > 0
    beyond = cv2.dilate(screen, np.ones((13, 13), np.uint8)) == 0
    assert (apart(layer[within], _many(red, int(within.sum()))) < OBEYED).mean() > 0.98
    assert apart(layer[beyond], without[beyond]).mean() < LEAKED


def test_the_nearest_hints_speak_most_for_a_region(orange: Painter) -> None:
    """Tiles that look alike: the left ones are told to be red, most, the others, to be green."""
    page = np.full((250, 250, 3), 215, np.uint8)
    page[::50] = page[:, ::50] = 30
    page[1::50] = page[:, 1::50] = 30
    lightness = float(rgb_to_lab(page)[25, 25, 0])
    red, green = (of_lightness(lightness, ab) for ab in ((40, 10), (-40, 10)))
    middles = [(25 + 50 * row, 25 + 50 * column) for row in range(5) for column in range(5)]
    for kept, sign in ((middles[10], 1), (middles[14], -1)):
        hints = [
            at(middle, red if middle[1] < 100 else green, page.shape)
            for middle in middles
            if middle != kept
        ]
        assert sign * rgb_to_lab(orange.paint(page, hints=hints))[kept][1] > 0


def test_a_hint_on_a_grey_page_leaves_other_paper_alone(orange: Painter) -> None:
    """Paper that is open to a region stays white, unless the hint stands on it."""
    page = np.full((240, 240), 255, np.uint8)
    page[:] = np.linspace(255, 180, 240).astype(np.uint8)[:, None]
    page[:60] = 255
    page = np.repeat(page[..., None], 3, axis=2)
    red = of_lightness(80, (40, 20))
    painted = orange.paint(page, hints=[at((220, 120), red, page.shape)])
    assert rgb_to_lab(painted)[220, 120, 1] > 25
    assert np.abs(rgb_to_lab(painted)[20, 120, 1:]).max() < 3


@pytest.mark.parametrize("width", [1, 3, 7])
def test_a_hint_whose_centre_is_on_a_stroke_is_for_what_is_beside_it(
    orange: Painter, width: int
) -> None:
    """A click next to a line, or on a thin mark in a face."""
    page = np.full((150, 150, 3), 150, np.uint8)
    page[20:130, 75 : 75 + width] = 20
    red = of_lightness(float(rgb_to_lab(page)[75, 40, 0]), (55, 35))
    hint = at((75, 75 + width // 2), red, page.shape)._replace(radius=0.06)
    painted = orange.paint(page, hints=[hint])
    for column in (40, 110):
        assert apart(painted[75, column][None], np.array([red], np.uint8))[0] < OBEYED


@pytest.mark.parametrize("domain", ["grey", "ink"])
def test_of_two_hints_at_one_place_the_later_wins(domain: str) -> None:
    model = tiny_model("unet", width=0.25, domains=["grey", "ink"])
    page = np.full((300, 240), 255, np.uint8)
    cv2.circle(page, (120, 150), 80, 170, -1)
    cv2.circle(page, (120, 150), 80, 0, 3)
    painter = Painter(model, domain=domain)
    lightness = float(rgb_to_lab(np.full((1, 1, 3), 170, np.uint8))[0, 0, 0])
    red, blue = (of_lightness(lightness, ab) for ab in ((55, 35), (10, -50)))
    page = np.repeat(page[..., None], 3, axis=2)
    for colours in ((red, blue), (blue, red)):
        hints = [at((120, 100), color, page.shape) for color in colours]
        layer = painter.layer(page, hints=hints)[..., :3]
        inside = layer[90:210, 60:180].reshape(-1, 3)
        wanted, other = (_many(color, len(inside)) for color in reversed(colours))
        assert (apart(inside, wanted) < apart(inside, other)).mean() > 0.98


def test_all_pixels_of_any_size_can_be_hinted(orange: Painter) -> None:
    for size in ((1, 1), (3, 200), (200, 3)):
        grey = np.full((*size, 3), 140, np.uint8)
        corners = [Hint(x, y, (200, 90, 80), 0.5) for x in (0.0, 1.0) for y in (0.0, 1.0)]
        assert orange.paint(grey, hints=corners).shape == grey.shape


GOOD: dict[str, Any] = {"x": 0.5, "y": 0.25, "color": "#e8b48c"}


def written(path: Path, *items: object) -> Path:
    path.write_text(json.dumps({"hints": items}), "utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path / "h.json", GOOD, {**GOOD, "page": "頁/1.png", "radius": 0.01}, {**GOOD, "x": 1}
    )
    colour = (232, 180, 140)
    assert hints.read(path) == {
        None: (Hint(0.5, 0.25, colour, hints.RADIUS), Hint(1.0, 0.25, colour, hints.RADIUS)),
        "頁/1.png": (Hint(0.5, 0.25, colour, 0.01),),
    }


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({**GOOD, "x": 1.4}, "x is 1.4, not from 0 to 1"),
        ({**GOOD, "y": -0.1}, "y is -0.1"),
        ({**GOOD, "x": True}, "x is no number"),
        ({**GOOD, "y": "0.5"}, "y is no number"),
        ({**GOOD, "color": "red"}, "red is no colour such as #e8b48c"),
        ({**GOOD, "color": "#12345\n"}, "is no colour"),
        ({**GOOD, "colour": "#123456"}, "colour is not known; known are color, page, radius, x, y"),
        ({"x": 0.5, "y": 0.5}, "it lacks color"),
        ({**GOOD, "radius": 3}, "radius is 3, not from 0 to 0.5"),
        ({**GOOD, "page": 3}, "page is no name"),
        ([1], "[1] is no object"),
    ],
)
def test_a_malformed_hint_is_named(tmp_path: Path, item: object, said: str) -> None:
    path = written(tmp_path / "h.json", GOOD, item)
    with pytest.raises(InputError) as raised:
        hints.read(path)
    assert str(raised.value).startswith(f"{path}: hint 2: ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"hints": [{"x": NaN}]}', "is no JSON"),
        (b"[]", "holds no hints"),
        (b'{"hints": [], "hnits": []}', "hnits is not known"),
        (b" " * (hints.MAX_BYTES + 1), "more than"),
        (json.dumps({"hints": [GOOD] * (hints.MAX_PAGE_HINTS + 1)}).encode(), "a page takes"),
        (json.dumps({"hints": [0] * (hints.MAX_HINTS + 1)}).encode(), "at most"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "h.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        hints.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        hints.read(tmp_path / "none.json")


@pytest.fixture
def model(tmp_path: Path, orange_model: Model) -> str:
    path = tmp_path / "orange.safetensors"
    orange_model.save(path)
    return str(path)


@pytest.fixture
def grey(encoded: Callable[..., bytes]) -> bytes:
    return encoded(np.full((60, 40), 140, np.uint8))


def colour_of(path: Path) -> NDArray[np.float32]:
    with Image.open(path) as image:
        return rgb_to_lab(np.asarray(image.convert("RGB")))[30, 20, 1:]


def told(page: str | None) -> dict[str, Any]:
    """A hint of green."""
    return {"x": 0.5, "y": 0.5, "color": "#4f9a4f"} | ({"page": page} if page else {})


def is_green(path: Path) -> bool:
    return bool(colour_of(path)[0] < -15)


def test_a_page_by_the_command_as_a_process(tmp_path: Path, model: str, grey: bytes) -> None:
    source, out = tmp_path / "1.png", tmp_path / "out.png"
    source.write_bytes(grey)
    file = written(tmp_path / "h.json", told(None))
    command = [str(source), "-o", str(out), "--model", model, "--hints", str(file)]
    subprocess.run([sys.executable, "-m", "colorize", *command], check=True, cwd=ROOT)
    assert is_green(out)
    first = out.read_bytes()
    assert main([*command, "--overwrite"]) == 0
    assert out.read_bytes() == first


def test_changed_hints_repaint_their_pages_alone(
    tmp_path: Path, model: str, grey: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "b").mkdir(parents=True)
    for name in ("1.png", "b/2.png"):
        (folder / name).write_bytes(grey)
    with zipfile.ZipFile(folder / "c.cbz", "w") as book:
        for name in ("1.png", "2.png"):
            book.writestr(name, grey)
    file = written(tmp_path / "h.json", told("b/2.png"), told("c.cbz/1.png"))
    command = [str(folder), "-o", str(out), "--model", model, "--hints", str(file), "--json"]

    def run() -> dict[tuple[str, str], str]:
        assert main(command) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {(Path(x["source"]).name, x["page"]): x["outcome"] for x in lines}

    assert set(run().values()) == {"painted"}
    assert is_green(out / "b" / "2.png")
    assert not is_green(out / "1.png")
    assert set(run().values()) == {"kept"}
    written(file, told("1.png"), told("c.cbz/1.png"))
    assert run() == {
        ("1.png", ""): "painted",
        ("2.png", ""): "painted",
        ("c.cbz", ""): "kept",
    }
    assert is_green(out / "1.png")
    assert not is_green(out / "b" / "2.png")


def test_changed_hints_repaint_a_page_that_a_book_learns_of(
    tmp_path: Path, model: str, grey: bytes
) -> None:
    """The book is another one then, which alone is no reason."""
    source, out, file = tmp_path / "1.png", tmp_path / "out.png", tmp_path / "h.json"
    source.write_bytes(grey)
    command = [str(source), "-o", str(out), "--model", model, "--hints", str(file)]
    command += ["--book", str(tmp_path / "series.book"), "--learn"]
    written(file, told(None) | {"color": "#a04030"})
    assert main(command) == 0
    assert not is_green(out)
    written(file, told(None))
    assert main(command) == 0
    assert is_green(out)


@pytest.mark.parametrize("bad", ["bad.cbz/001.png", "gone.png"])
def test_hints_for_what_cannot_be_read_stop_no_other_page(
    tmp_path: Path, model: str, grey: bytes, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.png").write_bytes(grey)
    (folder / "bad.cbz").write_bytes(b"no archive")
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    file = written(tmp_path / "h.json", told("a.png"), told(bad))
    arguments = [str(folder), "-o", str(out), "--model", model, "--hints", str(file)]
    assert main(arguments) == FAILED
    assert is_green(out / "a.png")
    assert bad.partition("/")[0] in capsys.readouterr().err
    written(file, told("a.png"), told("worse.cbz/001.png"))
    assert main([*arguments, "--overwrite"]) == REFUSED


@pytest.mark.parametrize("name", ["1.png", "c.cbz/1.png"])
@pytest.mark.parametrize("alone", [True, False])
def test_pages_of_a_single_book_need_not_name_it(
    tmp_path: Path, model: str, grey: bytes, name: str, *, alone: bool
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    with zipfile.ZipFile(folder / "c.cbz", "w") as book:
        book.writestr("1.png", grey)
    file = written(tmp_path / "h.json", told(name))
    given = folder / "c.cbz" if alone else folder
    assert main([str(given), "-o", str(out), "--model", model, "--hints", str(file)]) == 0
    with zipfile.ZipFile(out / "c.cbz") as book:
        (tmp_path / "1.png").write_bytes(book.read("1.png"))
    assert is_green(tmp_path / "1.png")


@pytest.mark.parametrize("page", ["3.png", None, "../1.png", "1.PNG"])
def test_hints_for_no_page_are_refused_before_anything_is_painted(
    tmp_path: Path, model: str, grey: bytes, page: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        (folder / name).write_bytes(grey)
    file = written(tmp_path / "h.json", told(page))
    assert main([str(folder), "-o", str(out), "--model", model, "--hints", str(file)]) == REFUSED
    assert not out.exists()
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert str(file) in message
