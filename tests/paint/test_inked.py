"""Inked pages: told from grey ones, and painted by a layer under their ink."""

import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from colorize.__main__ import main
from colorize.colour.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness
from colorize.errors import InputError
from colorize.imaging.decode import decode
from colorize.ingest import gutters
from colorize.model.weights import Model
from colorize.paint import inked
from colorize.paint.painter import Painter
from colorize.sources import characters
from tests.models import of_one_colour, tiny_model
from tests.paint.lighting import lit

LAYER = (75.0, 20.0, 40.0)
"""L, a and b of the layer that the fixture's model lays under every inked page."""


@pytest.fixture(scope="module")
def both() -> Model:
    """A model of grey and inked pages that gives the same orange everywhere."""
    model = of_one_colour(tiny_model(domains=["grey", "ink"]), LAYER[1:])
    with torch.no_grad():
        model.network.head.bias[-1] = 0.5
    return model


def screened() -> NDArray[np.uint8]:
    """A page (1200, 840) of outlines, a black, and a screen of dots six pixels apart."""
    page = np.full((1200, 840), 255, np.uint8)
    for top in range(606, 1000, 6):
        for left in range(106, 730, 6):
            cv2.circle(page, (left, top), 1, 0, -1)
    cv2.rectangle(page, (100, 600), (740, 1005), 0, 3)
    cv2.circle(page, (400, 300), 180, 0, 4)
    cv2.circle(page, (400, 300), 60, 0, -1)
    return page


TONED = (slice(660, 940), slice(160, 680))
"""Well inside of the screen."""


def three(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(page[..., None], 3, axis=2)


def test_screentone_is_ink_until_it_is_shrunk() -> None:
    page = screened()
    assert inked.looks_inked(inked.levelled(page))
    shrunk = cv2.resize(page, None, fx=1 / 12, fy=1 / 12, interpolation=cv2.INTER_AREA)
    assert not inked.looks_inked(
        inked.levelled(np.asarray(shrunk, np.uint8))
    )  # its dots are a smooth grey now
    scan = np.rint(30 + page * (200 / 255)).astype(np.uint8)  # grey ink on grey paper
    assert inked.looks_inked(inked.levelled(scan))


def test_drawn_pictures_are_grey() -> None:
    for picture in characters.pictures(count=8, side=200, seed=3):
        rgb = decode(picture.content, max_pixels=10**6)
        assert not inked.looks_inked(inked.levelled(inked.values(rgb)))


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_page_of_one_value_is_not_inked(value: int) -> None:
    assert not inked.looks_inked(inked.levelled(np.full((50, 40), value, np.uint8)))
    assert not inked.looks_inked(inked.levelled(np.full((1, 1), value, np.uint8)))


def test_dots_become_even_and_lines_stay() -> None:
    page = screened()
    even = inked.descreened(page)
    inside = even[TONED]
    assert np.ptp(inside) < 25
    assert inside.mean() == pytest.approx(page[TONED].mean(), abs=4)
    drawn = np.ones_like(page, bool)
    drawn[602:1004, 102:739] = False  # everything but the screen
    np.testing.assert_array_equal(even[drawn], page[drawn])
    lines = np.full_like(page, 255)
    lines[::8] = 0
    np.testing.assert_array_equal(inked.descreened(lines), lines)


def screen(side: int, pitch: float, tone: float, angle: float) -> NDArray[np.uint8]:
    """A screen of dots (side, side): that share of it is black."""
    y, x = np.mgrid[: side * 6, : side * 6] / 6
    turn = np.deg2rad(angle)
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    wave = np.sin(2 * np.pi * u / pitch) * np.sin(2 * np.pi * v / pitch)
    dots = np.where(wave < np.quantile(wave, tone), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(dots, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("pitch", [2, 3.1, 6])
@pytest.mark.parametrize("tone", [0.1, 0.5])
def test_screens_of_any_pitch_become_even(pitch: float, tone: float) -> None:
    """On a page of print, with a line across and lettering beside, which stay."""
    page = np.full((850, 600), 255, np.uint8)
    page[100:300, 100:300] = screen(200, pitch, tone, 15)
    cv2.rectangle(page, (98, 98), (302, 302), 0, 3)
    cv2.line(page, (110, 290), (290, 250), 0, 4)
    cv2.putText(page, "Lettering, i and dots...", (100, 500), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2)
    even = inked.descreened(page)
    inside = np.s_[115:235, 115:285]
    assert even[inside].std() < 3
    assert even[inside].mean() == pytest.approx(page[inside].mean(), abs=2)
    np.testing.assert_array_equal(even[310:], page[310:])
    line = np.zeros_like(page)
    cv2.line(line, (130, 286), (270, 254), 1, 1)
    assert np.percentile(even[line > 0], 95) < 60


def test_paper_takes_the_layer_and_ink_stays(both: Model) -> None:
    page = screened()
    painter = Painter(both, brightness=1)
    assert painter.domain_of(three(page)) == "ink"
    painted = painter.paint(three(page))
    paper = rgb_to_lab(painted)[20, 20]
    np.testing.assert_allclose(paper, lit(LAYER), atol=1)
    change = np.abs(rgb_to_lightness(painted) - rgb_to_lightness(three(page)))
    assert change[page == 0].max() == 0
    layer = painter.layer(three(page))
    assert (layer[..., 3] == 255).all()
    product = np.rint(layer[..., :3].astype(float) * page[..., None] / 255)
    np.testing.assert_array_equal(product, painted)


def test_hues_of_inked_pages_alone_are_evened() -> None:
    """Strength 0 keeps what the network says; a grey page keeps it at any strength."""
    model = tiny_model("unet", side=64, domains=("grey", "ink"))
    page = three(screened())

    def painted(kind: inked.Kind, hues: float) -> NDArray[np.float32]:
        return rgb_to_lab(Painter(model, domain=kind, hues=hues, snap=False).paint(page))

    assert np.abs(painted("ink", 0.0) - painted("ink", 1.0)).max() > 2
    np.testing.assert_array_equal(painted("grey", 0.0), painted("grey", 1.0))


def test_brightness_is_a_gamma_of_layers_alone(both: Model) -> None:
    """An independent formula; what is white or black stays, and so does a grey page."""
    page = three(screened())

    def layer(brightness: float) -> NDArray[np.uint8]:
        return Painter(both, domain="ink", brightness=brightness).layer(page)[..., :3]

    plain = layer(1.0)
    assert len(np.unique(plain)) > 3
    for brightness in (0.5, 1.25, 3.0):
        expected = 255 * np.power(plain / 255, 1 / brightness)
        away = np.abs(layer(brightness) - expected)
        assert np.quantile(away, 0.98) < 0.51  # where it is enlarged, not beside an edge

    def painted(kind: inked.Kind, brightness: float) -> NDArray[np.float32]:
        return rgb_to_lightness(Painter(both, domain=kind, brightness=brightness).paint(page))

    assert painted("ink", 2.0).mean() > painted("ink", 1.0).mean() + 3
    np.testing.assert_array_equal(painted("grey", 2.0), painted("grey", 1.0))


def test_panels_are_looked_for_once_a_page(both: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    found = gutters.panels

    def counted(page: NDArray[np.uint8]) -> list[gutters.Box]:
        looked.append(page.shape)
        return found(page)

    monkeypatch.setattr(gutters, "panels", counted)
    Painter(both, domain="ink").paint(three(screened()))
    assert len(looked) == 1


def test_the_same_page_as_grey_keeps_its_paper(both: Model) -> None:
    page = three(screened())
    painted = Painter(both, domain="grey").paint(page)
    np.testing.assert_array_equal(painted[20, 20], [255] * 3)


def test_no_screentone_is_an_even_colour(both: Model) -> None:
    page = screened()
    painted = Painter(both, tone=0, brightness=1).paint(three(page))
    tone = page[TONED].mean() / 255
    expected = tone * lab_to_rgb(np.array(LAYER))
    np.testing.assert_allclose(painted[TONED].mean((0, 1)), expected, atol=4)
    assert np.ptp(painted[TONED][..., 0]) < 25
    half = Painter(both, tone=0.5).paint(three(page))
    assert 50 < np.ptp(half[TONED][..., 0]) < 200


def test_parts_that_have_colours_stay(both: Model) -> None:
    page = three(screened())
    kept = np.zeros(page.shape[:2], bool)
    kept[:40] = True
    painted = Painter(both).paint(page, kept=kept)
    np.testing.assert_array_equal(painted[:40], page[:40])
    assert (painted[41] != page[41]).any()
    assert (Painter(both).layer(page, kept=kept)[:40] == 0).all()


def test_a_model_of_one_kind_takes_every_page_for_it(orange_model: Model, both: Model) -> None:
    assert Painter(orange_model).domain_of(three(screened())) == "grey"
    with pytest.raises(InputError, match="has not learned to paint pages of the domain ink"):
        Painter(orange_model, domain="ink")
    grey = np.full((60, 60, 3), 130, np.uint8)
    assert Painter(both).domain_of(grey) == "grey"
    assert Painter(both, domain="ink").domain_of(grey) == "ink"


def test_the_command_says_what_a_page_was_taken_for(
    both: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, pages, out = tmp_path / "m.safetensors", tmp_path / "pages", tmp_path / "out"
    both.save(model)
    pages.mkdir()
    cv2.imwrite(str(pages / "a.png"), screened())
    cv2.imwrite(str(pages / "b.png"), np.tile(np.arange(60, 200, dtype=np.uint8), (90, 1)))
    (pages / "c.png").write_bytes(b"")
    common = [str(pages), "-o", str(out), "--model", str(model), "--json"]
    assert main(common) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["domain"] for one in told] == ["ink", "grey", ""]
    assert main([*common, "--overwrite", "--domain", "grey", "--tone", "0.5"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["domain"] for one in told] == ["grey", "grey", ""]


def test_layers_give_the_painted_page(both: Model) -> None:
    """Ink times colours over the page, by the rules of OpenRaster; nothing else is in the way."""
    page = three(screened())
    kept = np.zeros(page.shape[:2], bool)
    kept[:40] = True
    for tone in (1, 0.4):
        painter = Painter(both, tone=tone)
        found, merged = painter.layers(page, kept=kept)
        np.testing.assert_array_equal(merged, painter.paint(page, kept=kept))
        assert [layer.name for layer in found] == ["ink", "flat colours", "page"]
        ink, flat, own = (layer.pixels for layer in found)
        np.testing.assert_array_equal(own, page)
        layer = painter.layer(page, kept=kept)
        np.testing.assert_array_equal(flat[~kept], layer[~kept])
        product = ink[..., :3] / 255 * flat[..., :3]
        opaque = flat[..., 3] == 255
        assert np.abs(product - merged)[opaque].max() < 1
        assert (flat[~opaque, 3] == 0).all()
        assert (ink[..., 3] == flat[..., 3]).all()
    grey = np.full((60, 60, 3), 130, np.uint8)
    found, merged = painter.layers(grey)
    np.testing.assert_array_equal(found[0].pixels[..., :3], painter.paint(grey))
    np.testing.assert_array_equal(merged, painter.paint(grey))
    (only,), merged = painter.layers(page, kept=np.ones(page.shape[:2], bool))
    np.testing.assert_array_equal(only.pixels, page)
    np.testing.assert_array_equal(merged, page)


@pytest.mark.parametrize("tone", [1, 0.4])
def test_the_layer_multiplied_is_the_painted_page(both: Model, tone: float) -> None:
    """A scan whose ink is no black, and whose paper is no white."""
    page = three(np.rint(25 + screened() * (215 / 255)).astype(np.uint8))
    layer = Painter(both, tone=tone).layer(page)
    painted = Painter(both).paint(page)
    assert (layer[..., 3] == 255).all()
    assert np.abs(layer[..., :3] / 255 * page - painted).max() <= 1


def test_the_command_writes_layers(
    both: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, pages = tmp_path / "m.safetensors", tmp_path / "pages"
    both.save(model)
    pages.mkdir()
    cv2.imwrite(str(pages / "a.png"), screened())
    cv2.imwrite(str(pages / "b.jpg"), np.tile(np.arange(60, 200, dtype=np.uint8), (90, 1)))
    common = ["--model", str(model)]
    assert main([str(pages / "a.png"), "--layers", str(tmp_path / "a.ora"), *common]) == 0
    assert main([str(pages), "--layers", str(tmp_path / "out"), *common]) == 0
    one, other = (tmp_path / "a.ora").read_bytes(), (tmp_path / "out" / "a.ora").read_bytes()
    assert one == other
    with zipfile.ZipFile(tmp_path / "out" / "b.ora") as file:
        assert file.read("mimetype") == b"image/openraster"
    with zipfile.ZipFile(io.BytesIO(one)) as file:
        ink, flat, merged = (
            np.asarray(Image.open(file.open(name)).convert("RGB"), float)
            for name in ("data/layer0.png", "data/layer1.png", "mergedimage.png")
        )
    np.testing.assert_array_equal(merged, Painter(both).paint(three(screened())))
    assert np.abs(ink * flat / 255 - merged).max() <= 1
    capsys.readouterr()
    for wrong in (
        [str(pages / "a.png"), "--layers", str(tmp_path / "a.png")],
        [str(pages), "--layers", str(tmp_path / "new.ora")],
        [str(pages), "--layers", str(tmp_path / "x"), "-o", str(tmp_path / "y")],
        [str(pages), "--layers", str(tmp_path / "x"), "--layer"],
    ):
        try:
            status = main([*wrong, *common])
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        assert status == 2
        assert capsys.readouterr().err.count("colorize: ") >= 1


def test_large_pages_are_made_even_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((1600, 800), 255, np.uint8)
    for row in range(100, 1500, 5):
        page[row : row + 2, 100:700:5] = page[row : row + 2, 101:700:5] = 0
    page[:, 400:406] = 0
    whole = inked.descreened(page)
    assert (whole != page).mean() > 0.2
    monkeypatch.setattr(inked, "BAND_PIXELS", 300 * 800)
    np.testing.assert_array_equal(inked.descreened(page), whole)
