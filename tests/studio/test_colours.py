"""Palette and colour book: what is kept, what is refused, and that the command gives the same."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorize.__main__ import main
from colorize.errors import InputError
from colorize.paint import palette
from colorize.paint.colourbook import MAX_BYTES, Book, Entry
from colorize.studio.colours import Colours, pasted
from tests.studio.conftest import Served, files_of

Page = Callable[..., bytes]
COAT = {"x": 0.5, "y": 0.3, "color": "#c83232"}
NAME = "coat of Ann <b>"


@pytest.fixture(scope="module")
def start(serve: Callable[..., Served], model_path: Path) -> Callable[..., Served]:
    def begin(folder: Path, *inputs: Path) -> Served:
        return serve("studio", *inputs, "--folder", folder, "--model", model_path)

    return begin


def entry(key: str, name: str = "") -> Entry:
    features = np.full(5, 0.2, np.float32)
    return Entry(features, (200, 50, 50), 60.0, "grey", name, key)


def test_colours_are_found_again(tmp_path: Path) -> None:
    colours = Colours(tmp_path, "a model", bins=5)
    colours.set_palette([(1, 2, 3), (200, 100, 0)])
    colours.learn(entry("one", "coat"))
    colours.learn(entry("two"))
    again = Colours(tmp_path, "a model", bins=5)
    assert again.described() == colours.described()
    assert again.held.digest == colours.held.digest
    assert palette.parse(str(again.palette_file)) == ((1, 2, 3), (200, 100, 0))
    first, second = again.described()["swatches"]
    again.rename(first["id"], "cap")
    assert again.held.digest == colours.held.digest  # a name paints nothing
    again.remove(second["id"])
    with pytest.raises(LookupError):
        again.remove(second["id"])
    assert [one.name for one in Book.read(again.book_file).entries] == ["cap"]
    again.remove(first["id"])
    again.set_palette([])
    assert not again.book_file.exists()
    assert not again.palette_file.exists()


def test_the_book_of_another_model_stays_as_it_is(tmp_path: Path) -> None:
    Colours(tmp_path, "a model", bins=5).learn(entry("one"))
    content = (tmp_path / "book.safetensors").read_bytes()
    other = Colours(tmp_path, "another", bins=5)
    assert "another model" in other.fault
    assert other.described()["swatches"] == []
    with pytest.raises(InputError, match="another model"):
        other.learn(entry("two"))
    assert (tmp_path / "book.safetensors").read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"#ff0000, 00ff00;\n#0000FF",
        b'["#ff0000", "#00ff00", "#0000ff"]',
        b"GIMP Palette\nName: x\n255 0 0 red\n0 255 0\n0 0 255\n",
    ],
)
def test_a_palette_is_read_from_whatever_is_pasted(content: bytes) -> None:
    assert pasted(content, "the palette") == ((255, 0, 0), (0, 255, 0), (0, 0, 255))


@pytest.mark.parametrize(
    "content",
    [b"blue", b"#ff00", b"[", b"[1]", b"\xff\xfe", b"GIMP Palette\nx", b"#aabbcc /etc/passwd"],
)
def test_what_is_no_palette_is_refused(content: bytes) -> None:
    with pytest.raises(InputError) as error:
        pasted(content, "the palette")
    assert "\n" not in str(error.value)


def test_what_the_studio_does_with_colours_the_command_does(
    tmp_path: Path, start: Callable[..., Served], two_pages: Path, model_path: Path
) -> None:
    served = start(tmp_path / "work", two_pages)
    client = served.client
    ids = {one["name"]: one["id"] for one in served.project()["pages"]}
    plain = {name: client.get(f"api/pages/{one}/file/painted").content for name, one in ids.items()}

    hints = {"hints": [COAT]}
    assert client.put(f"api/pages/{ids['1.png']}/hints", json=hints).status_code == 200
    # A window may ask before its newest colour is saved: what it says counts.
    client.put(f"api/pages/{ids['1.png']}/hints", json={"hints": [COAT | {"color": "#00ff00"}]})
    told = {"name": NAME, "hint": COAT}
    answer = client.post(f"api/pages/{ids['1.png']}/swatches", json=told)
    assert answer.status_code == 200, answer.text
    (swatch,) = answer.json()["swatches"]
    assert (swatch["name"], swatch["color"]) == (NAME, COAT["color"])
    assert client.put(f"api/pages/{ids['1.png']}/hints", json=hints).status_code == 200
    answer = client.put("api/palette", content=b"#c83232 #204080 #e0d0b0")
    assert answer.json()["palette"] == ["#c83232", "#204080", "#e0d0b0"]

    work = tmp_path / "work"
    look = ["--model", model_path, "--hints", work / "hints.json"]
    look += ["--palette", work / "palette.json", "--book", work / "book.safetensors"]
    forms: dict[str, tuple[list[Any], str]] = {
        "painted": (["-o", tmp_path / "out"], ".png"),
        "layer": (["--layer", "-o", tmp_path / "layer"], ".png"),
        "layers": (["--layers", tmp_path / "layers"], ".ora"),
    }
    for form, (options, ending) in forms.items():
        assert main([str(one) for one in (two_pages, *options, *look)]) == 0
        for name, one in ids.items():
            made = client.get(f"api/pages/{one}/file/{form}").content
            assert made == (options[-1] / name).with_suffix(ending).read_bytes(), (form, name)
    painted = {name: (tmp_path / "out" / name).read_bytes() for name in ids}
    assert all(painted[name] != plain[name] for name in ids)
    layers = client.get(f"api/pages/{ids['1.png']}/file/layers")
    assert layers.headers["content-disposition"].endswith("1.ora")
    with zipfile.ZipFile(io.BytesIO(layers.content)) as file:
        assert file.read("mimetype") == b"image/openraster"

    # The book alone colours the page that nobody set a hint on, and not where it is not used.
    client.put("api/palette", content=b"")
    client.put(f"api/pages/{ids['1.png']}/hints", json={"hints": []})
    red = client.get(f"api/pages/{ids['1.png']}/file/painted").content
    assert (
        main(
            [str(one) for one in (two_pages, "-o", tmp_path / "b", "--model", model_path)]
            + ["--book", str(work / "book.safetensors")]
        )
        == 0
    )
    assert red == (tmp_path / "b" / "1.png").read_bytes() != plain["1.png"]
    with Image.open(io.BytesIO(red)) as image:
        red_, green, _ = image.convert("RGB").getpixel((40, 36))  # type: ignore[misc]
        assert red_ > green + 30
    assert client.put("api/settings", json={"book": False}).status_code == 200
    for name, one in ids.items():
        assert client.get(f"api/pages/{one}/file/painted").content == plain[name]


@pytest.fixture(scope="module")
def learned(
    serve: Callable[..., Served], model_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    """A studio with page 1 as others have it, and a colour book of its upper area."""
    served = serve("studio", "--folder", tmp_path_factory.mktemp("book"), "--model", model_path)
    out = io.BytesIO()
    plane = np.full((120, 80), 230, np.uint8)
    plane[10:60, 10:70] = np.random.default_rng(1).integers(90, 160)
    Image.fromarray(plane).save(out, "PNG")
    (one,) = served.add("1.png", out.getvalue()).json()
    told = {"name": NAME, "hint": COAT}
    assert served.client.post(f"api/pages/{one}/swatches", json=told).status_code == 200
    return served


def test_a_book_that_is_loaded_paints_as_that_of_the_command(
    tmp_path: Path,
    start: Callable[..., Served],
    two_pages: Path,
    model_path: Path,
    learned: Served,
) -> None:
    book = tmp_path / "series.safetensors"
    book.write_bytes(learned.client.get("api/saved/book.safetensors").content)
    served = start(tmp_path / "work", two_pages)
    ids = {one["name"]: one["id"] for one in served.project()["pages"]}
    answer = served.client.put(
        "api/swatches", content=book.read_bytes(), headers={"x-name": book.name}
    )
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in answer.json()["swatches"]] == [NAME]
    assert served.client.get("api/saved/book.safetensors").content == book.read_bytes()
    for options, folder in (([], "plain"), (["--book", str(book)], "told")):
        out = ["-o", str(tmp_path / folder), "--model", str(model_path)]
        assert main([str(two_pages), *out, *options]) == 0
    for name, one in ids.items():
        painted = served.client.get(f"api/pages/{one}/file/painted").content
        assert painted == (tmp_path / "told" / name).read_bytes()
    told, plain = ((tmp_path / folder / "1.png").read_bytes() for folder in ("told", "plain"))
    assert told != plain


def test_a_book_that_is_loaded_joins_that_of_the_project(tmp_path: Path) -> None:
    colours, other = Colours(tmp_path / "a", "a model", bins=5), tmp_path / "b"
    for folder in (tmp_path / "a", other):
        folder.mkdir()
    colours.learn(entry("one", "coat"))
    colours.learn(entry("two", "cap"))
    brought = Colours(other, "a model", bins=5)
    brought.learn(entry("two", "hat")._replace(color=(1, 2, 3)))
    brought.learn(entry("three", "shoe"))
    colours.load(brought.book_file.read_bytes(), "b.safetensors")
    found = Book.read(colours.book_file).entries
    assert [one.name for one in found] == ["coat", "hat", "shoe"]
    assert [one.color for one in found] == [(200, 50, 50), (1, 2, 3), (200, 50, 50)]
    assert files_of(tmp_path / "a") == {"book.safetensors"}


def test_what_is_no_book_of_this_model_is_refused(tmp_path: Path, learned: Served) -> None:
    own = learned.client.get("api/saved/book.safetensors").content
    (tmp_path / "own").write_bytes(own)
    model = Book.read(tmp_path / "own").model
    others = {
        "empty": b"",
        "text": b"a book",
        "torn": own[:-10],
        "header": (10**12).to_bytes(8, "little") + own[8:],
        "other model": Book("another").learned([entry("one")]).content(),
        "other bins": Book(model).learned([entry("one")]).content(),
    }
    before = files_of(Path(learned.project()["folder"])), learned.project()["swatches"]
    for name, content in others.items():
        answer = learned.client.put(
            "api/swatches", content=content, headers={"x-name": f"..%2Fa%0A{name}.safetensors"}
        )
        assert answer.status_code == 422, name
        assert "\n" not in answer.json()["error"]
        assert answer.json()["error"].startswith(f"a{name}.safetensors "), answer.json()
    large = learned.client.put("api/swatches", content=bytes(MAX_BYTES + 1))
    assert large.status_code == 413
    assert (files_of(Path(learned.project()["folder"])), learned.project()["swatches"]) == before
    assert learned.client.get("api/saved/book.safetensors").content == own


def test_names_and_places_of_colours_are_checked(
    tmp_path: Path, start: Callable[..., Served], page: Page
) -> None:
    served = start(tmp_path / "work")
    client = served.client
    (one,) = served.add("1.png", page(1)).json()
    path = f"api/pages/{one}/swatches"
    for told in (
        [],
        {},
        {"name": 1, "hint": COAT},
        {"name": "x" * 201, "hint": COAT},
        {"name": ""},
    ):
        assert client.post(path, json=told).status_code == 422, told
    assert client.post("api/pages/0/swatches", json={"name": "", "hint": COAT}).status_code == 404
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"api/swatches/{'0' * 16}", json={"name": "x"})
        assert answer.status_code == 404
    for name in ("palette.json", "book.safetensors", "project.json", "..%2fhints.json"):
        assert client.get(f"api/saved/{name}").status_code == 404
    assert json.loads(client.get("api/saved/hints.json").content) == {"hints": []}
    for settings in ({"book": 1}, {"book": None}):
        assert client.put("api/settings", json=settings).status_code == 422
    kept = client.post(path, json={"name": "a\u2028b\x00", "hint": COAT}).json()["swatches"]
    assert kept[0]["name"] == "ab"
    answer = client.put(f"api/swatches/{kept[0]['id']}", json={"name": "coat"})
    assert answer.json()["swatches"][0]["name"] == "coat"
    assert (
        client.get("api/saved/book.safetensors").content
        == (tmp_path / "work" / "book.safetensors").read_bytes()
    )
    assert client.delete(f"api/swatches/{kept[0]['id']}").json()["swatches"] == []
