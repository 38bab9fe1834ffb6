"""Colour books: their files, what they learn, and that a series keeps its colours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from colorize.__main__ import main
from colorize.colour.lab import rgb_to_planes
from colorize.commands.console import FAILED, REFUSED
from colorize.errors import InputError
from colorize.metrics.ciede2000 import ciede2000
from colorize.model.weights import Model
from colorize.paint import learning
from colorize.paint.colourbook import MATCH, MAX_ENTRIES, METADATA_KEY, Book, Entry, held
from colorize.paint.hints import Hint, hexadecimal
from colorize.paint.painter import Painter
from tests.models import tiny_model
from tests.paint.series import RGB, Part, draw

SERIES = range(1, 12)
RIGHT = 6.0
"""CIEDE2000 up to which a part has its own colour."""


def entry(number: int = 0, **changes: Any) -> Entry:
    features = np.full(4, 0.25, np.float32)
    made = Entry(features, (10, 20, 30), 50.0, "grey", "page 1", f"key {number}")
    return made._replace(**changes)


def hinted(parts: list[Part], page: RGB) -> list[Hint]:
    height, width = page.shape[:2]
    return [
        Hint((part.column + 0.5) / width, (part.row + 0.5) / height, part.color) for part in parts
    ]


def of_part(page: RGB, part: Part) -> RGB:
    around = page[part.row - 2 : part.row + 3, part.column - 2 : part.column + 3]
    return np.median(around.reshape(-1, 3), axis=0).astype(np.uint8)


def apart(rgb: RGB, other: RGB) -> float:
    return float(ciede2000(rgb_to_planes(rgb[None]), rgb_to_planes(other[None]))[0])


def judged(painter: Painter) -> tuple[float, float]:
    """Spread of the parts' colours over the pages, and the share of parts of the right colour."""
    found: dict[str, list[RGB]] = {}
    right = []
    for number in SERIES:
        _, page, parts = draw(number)
        painted = painter.paint(page)
        for part in parts:
            seen = of_part(painted, part)
            found.setdefault(part.name, []).append(seen)
            right.append(apart(seen, np.array(part.color, np.uint8)) < RIGHT)
    spread = [
        apart(seen, np.median(colours, axis=0).astype(np.uint8))
        for colours in found.values()
        for seen in colours
    ]
    return float(np.mean(spread)), float(np.mean(right))


def test_a_book_of_one_hinted_page_colours_the_series(orange: Painter) -> None:
    _, page, parts = draw(0)
    entries = learning.of_hints(orange, page, hinted(parts, page), name="0.png")
    assert len(entries) == len(parts)
    _, before = judged(orange)
    orange.book = Book(learning.fingerprint(orange.model)).learned(entries)
    spread, right = judged(orange)
    assert before < 0.2
    assert right > 0.8
    assert spread < 2


def test_a_coloured_page_fills_a_book(orange: Painter) -> None:
    coloured, _, _ = draw(0)
    entries = learning.of_reference(orange, coloured, name="sheet.png")
    orange.book = Book("").learned(entries)
    assert judged(orange)[1] > 0.8


def test_a_hint_wins_against_the_book(orange: Painter) -> None:
    _, page, parts = draw(0)
    orange.book = Book("").learned(learning.of_hints(orange, page, hinted(parts, page), name=""))
    other = hinted(parts[:1], page)[0]._replace(color=(128, 128, 128))
    assert np.ptp(of_part(orange.paint(page, hints=[other]), parts[0])) < 4
    assert np.ptp(of_part(orange.paint(page), parts[0])) > 30


def test_what_is_learned_again_replaces_itself() -> None:
    book = Book("m").learned([entry(0), entry(1)]).learned([entry(0, color=(1, 2, 3))])
    assert [each.color for each in book.entries] == [(1, 2, 3), (10, 20, 30)]
    assert book.without(1).entries == book.entries[1:]
    for number in (0, 3):
        with pytest.raises(InputError, match="no entry"):
            book.without(number)
    with pytest.raises(InputError, match="at most"):
        book.learned(entry(number + 2) for number in range(MAX_ENTRIES))


def test_a_file_gives_the_book_back(tmp_path: Path) -> None:
    path = tmp_path / "b.book"
    for book in (Book("m"), Book("m").learned([entry(0, name="髪"), entry(1, kind="ink")])):
        book.write(path)
        found = Book.read(path, model="m")
        assert found.content() == book.content() == path.read_bytes()
        assert [each.name for each in found.entries] == [each.name for each in book.entries]
    with pytest.raises(InputError, match="of another model"):
        Book.read(path, model="n")
    assert Book.read(path, model="m", bins=4).entries
    with pytest.raises(InputError, match="no colour book of this model"):
        Book.read(path, model="m", bins=5)


def test_only_grey_pages_match_and_only_their_own_kind() -> None:
    features, tones = np.full((2, 4), 0.25, np.float32), np.array([50, 90], np.float32)
    inked = Book("m").learned([entry(0, kind="ink")])
    grey = Book("m").learned([entry(0), entry(1, tone=90.0)])
    for book, kind in ((inked, "grey"), (inked, "ink"), (grey, "ink")):
        assert not book.speaks_of(kind)
        assert book.match(features, tones, kind)[1].tolist() == [0, 0]
    assert grey.speaks_of("grey")
    found, likeness = grey.match(features, tones, "grey")
    assert found.tolist() == [0, 1]
    assert likeness.min() > 0.99


def test_a_region_as_light_as_the_colour_itself_matches() -> None:
    """The hint of a light colour stood on a shaded part."""
    light = entry(0, color=(255, 227, 204), tone=80.0)
    book = Book("m").learned([light, entry(1, tone=89.0)])
    own = float(rgb_to_planes(np.array([light.color], np.uint8))[0, 0])
    tones = np.array([own, 80, 89, (80 + own) / 2], np.float32)
    found, likeness = book.match(np.full((4, 4), 0.25, np.float32), tones, "grey")
    assert found[:3].tolist() == [0, 0, 1]
    assert likeness[:3].min() > 0.99
    assert likeness[3] < MATCH


def test_of_things_that_are_alike_the_one_of_that_tone_is_chosen() -> None:
    """What the network makes of a thing on another page is less sure than its tone."""
    features = np.array([[0.5, 0.3, 0.1, 0.1], [0.2, 0.2, 0.3, 0.3]], np.float32)
    book = Book("m").learned([entry(0, features=features[0]), entry(1, tone=51.0)])
    found, likeness = book.match(features[1:], np.array([50], np.float32), "grey")
    assert found.tolist() == [0]
    assert likeness[0] > MATCH


def test_an_inked_page_is_as_it_is_without_a_book() -> None:
    """Its own hints were learned, and they do not speak for it."""
    painter = Painter(tiny_model("unet", width=0.25, domains=["grey", "ink"]), domain="ink")
    _, page, parts = draw(0)
    without = painter.paint(page)
    entries = learning.of_hints(painter, page, hinted(parts, page), name="0.png")
    assert {each.kind for each in entries} == {"ink"}
    painter.book = Book("").learned(entries)
    np.testing.assert_array_equal(painter.paint(page), without)


def tensors(count: int = 1, **changes: Any) -> dict[str, Any]:
    made = {
        "features": np.full((count, 4), 0.25, np.float16),
        "colors": np.zeros((count, 3), np.uint8),
        "tones": np.zeros(count, np.float32),
        "kinds": np.zeros(count, np.uint8),
    }
    return made | changes


DESCRIBED = {"format": 1, "model": "m", "names": [""], "keys": ["k"]}


@pytest.mark.parametrize(
    ("held", "described"),
    [
        (tensors(2), DESCRIBED),
        (tensors(features=np.zeros((1, 4), np.float32)), DESCRIBED),
        (tensors(features=np.full((1, 4), np.nan, np.float16)), DESCRIBED),
        (tensors(features=np.full((1, 4), -1, np.float16)), DESCRIBED),
        (tensors(features=np.zeros((1, 2001), np.float16)), DESCRIBED),
        (tensors(kinds=np.full(1, 2, np.uint8)), DESCRIBED),
        (tensors(tones=np.full(1, np.inf, np.float32)), DESCRIBED),
        (tensors(more=np.zeros(1)), DESCRIBED),
        (tensors(), {**DESCRIBED, "format": 2}),
        (tensors(), {**DESCRIBED, "keys": []}),
        (tensors(), {**DESCRIBED, "names": [3]}),
        (tensors(), {**DESCRIBED, "names": ["x" * 300]}),
        (tensors(), {**DESCRIBED, "model": 3}),
        (tensors(), {"format": 1}),
        (tensors(), []),
    ],
)
def test_a_file_that_is_no_book_is_refused(
    tmp_path: Path, held: dict[str, Any], described: object
) -> None:
    path = tmp_path / "b.book"
    path.write_bytes(safetensors.numpy.save(held, {METADATA_KEY: json.dumps(described)}))
    with pytest.raises(InputError, match="is no colour book"):
        Book.read(path)


def test_foreign_bytes_are_refused(tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "b.book"
    with pytest.raises(InputError, match="no readable colour book"):
        Book.read(path)
    path.write_bytes(b"junk")
    with pytest.raises(InputError, match="no readable colour book"):
        Book.read(path)
    with pytest.raises(InputError, match="is no colour book"):
        Book.read(model_path)


def test_another_network_has_another_fingerprint(orange_model: Model, model_path: Path) -> None:
    other = Model.load(model_path)
    assert learning.fingerprint(other) == learning.fingerprint(Model.load(model_path))
    assert learning.fingerprint(other) != learning.fingerprint(orange_model)


def test_the_commands(
    tmp_path: Path,
    orange_model: Model,
    encoded: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Learn from the hints of one page of a folder; look at the book, delete, and use it."""
    model, book = tmp_path / "m.safetensors", tmp_path / "series.book"
    orange_model.save(model)
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.png").write_bytes(encoded(draw(number)[1]))
    _, page, parts = draw(0)
    asked = [
        {"page": "0.png", "x": hint.x, "y": hint.y, "color": hexadecimal(hint.color)}
        for hint in hinted(parts, page)
    ]
    (tmp_path / "h.json").write_text(json.dumps({"hints": asked}), "utf-8")
    common = [str(folder), "-o", str(out), "--model", str(model), "--book", str(book)]
    learn = [*common, "--hints", str(tmp_path / "h.json"), "--learn"]
    assert main(common) == REFUSED  # there is no such book
    assert not out.exists()
    assert main(learn) == 0
    first = book.read_bytes()
    capsys.readouterr()
    assert main(learn) == 0
    assert "2 kept: painted before with the same" in capsys.readouterr().err
    assert book.read_bytes() == first
    with Image.open(out / "1.png") as image:
        painted = np.asarray(image.convert("RGB"))
    right = [
        apart(of_part(painted, part), np.array(part.color, np.uint8)) < RIGHT for part in draw(1)[2]
    ]
    assert np.mean(right) > 0.6

    sheet = tmp_path / "sheet.png"
    assert main(["book", str(book), "--out", str(sheet), "--delete", "1", "--delete", "2"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(parts) - 2
    assert hexadecimal(parts[2].color) in rows[0]
    with Image.open(sheet) as image:
        assert image.convert("RGB").getpixel((32, 10)) == parts[2].color
    assert len(Book.read(book).entries) == len(parts) - 2
    assert main(["book", str(book), "--delete", "9"]) == REFUSED
    nowhere = ["--out", str(tmp_path / "h.json" / "sheet.png")]
    assert main(["book", str(book), "--delete", "1", *nowhere]) == FAILED
    assert len(Book.read(book).entries) == len(parts) - 2
    assert main(common) == 0  # the book is part of what the record knows
    # A page that had hints is painted again without them.
    assert "1 kept: painted before with another model or other options" in capsys.readouterr().err


def test_a_reference_colours_a_page_without_a_book(
    tmp_path: Path, orange_model: Model, encoded: Callable[..., bytes]
) -> None:
    orange_model.save(tmp_path / "m.safetensors")
    _, page, parts = draw(1)
    (tmp_path / "sheet.png").write_bytes(encoded(draw(0)[0]))
    (tmp_path / "1.png").write_bytes(encoded(page))
    common = [str(tmp_path / "1.png"), "--model", str(tmp_path / "m.safetensors")]

    def right(name: str, *options: str) -> float:
        assert main([*common, "-o", str(tmp_path / name), *options]) == 0
        with Image.open(tmp_path / name) as image:
            painted = np.asarray(image.convert("RGB"))
        wanted = [(of_part(painted, part), np.array(part.color, np.uint8)) for part in parts]
        return float(np.mean([apart(seen, color) < RIGHT for seen, color in wanted]))

    assert right("alone.png") < 0.2
    assert right("told.png", "--reference", str(tmp_path / "sheet.png")) > 0.6


@pytest.mark.parametrize(
    "wrong",
    [["--learn"], ["--reference", "none.png"], ["--book", "none.book"], ["--book", ""]],
)
def test_wrong_options_are_refused_in_one_line(
    tmp_path: Path,
    model_path: Path,
    encoded: Callable[..., bytes],
    wrong: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, out = tmp_path / "1.png", tmp_path / "o.png"
    page.write_bytes(encoded(np.full((40, 40), 140, np.uint8)))
    try:
        status = main([str(page), "-o", str(out), "--model", str(model_path), *wrong])
    except SystemExit as stopped:  # argparse
        status = int(str(stopped.code))
    assert status == REFUSED
    assert not out.exists()
    assert "Traceback" not in capsys.readouterr().err


def test_of_two_runs_that_change_a_book_the_second_one_is_refused(
    tmp_path: Path,
    model_path: Path,
    encoded: Callable[..., bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, book = tmp_path / "1.png", tmp_path / "b.book"
    page.write_bytes(encoded(np.full((40, 40), 140, np.uint8)))
    learn = [str(page), "-o", str(tmp_path / "o.png"), "--model", str(model_path), "--learn"]
    learn += ["--book", str(book), "--reference", str(page)]
    with held(book):
        assert main(learn) == REFUSED
        assert f"{book}: another run is changing it" in capsys.readouterr().err
    assert main(learn) == 0
    before = book.read_bytes()
    with held(book):
        assert main(["book", str(book), "--delete", "1"]) == REFUSED
    assert book.read_bytes() == before
