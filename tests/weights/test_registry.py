"""Names, paths and digests of weights, through the registry, the command and the painter."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colorize import Painter
from colorize.__main__ import main
from colorize.colour.gamut import bin_centres
from colorize.commands import models
from colorize.commands.console import FAILED, REFUSED
from colorize.errors import ModelError
from colorize.model.weights import Model
from colorize.weights import registry
from stages import ship
from tests.models import is_orange


@pytest.fixture
def grey_path(tmp_path: Path, orange_model: Model) -> Path:
    """File of a model that paints nothing: every pixel is of the bin without colour."""
    grey = deepcopy(orange_model)
    head = grey.network.head
    assert isinstance(head, torch.nn.Conv2d)
    assert head.bias is not None
    with torch.no_grad():
        head.bias.zero_()
        head.bias[(grey.centres == 0).all(dim=1)] = 50
    grey.save(tmp_path / "grey.safetensors")
    return tmp_path / "grey.safetensors"


@pytest.fixture
def folder(
    tmp_path: Path, orange_model: Model, grey_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Ship two models in a folder, and make it the package's."""
    folder = tmp_path / "shipped"
    orange_model.save(tmp_path / "orange.safetensors")
    told = {"licence": "CC BY-SA 4.0", "sources": ["an orange", "a pear"]}
    ship.convert(tmp_path / "orange.safetensors", "open-art", folder, **told)
    ship.convert(grey_path, "other", folder, **told)
    monkeypatch.setattr(registry, "FOLDER", folder)
    return folder


@pytest.fixture
def page(tmp_path: Path) -> Path:
    Image.fromarray(np.full((60, 40), 120, np.uint8)).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def test_a_name_a_file_and_the_default(folder: Path, grey_path: Path) -> None:
    known = registry.shipped()
    assert set(known) == {"open-art", "other"}
    for name in (None, "open-art"):
        assert registry.locate(name) == folder / "open-art.safetensors"
    assert registry.locate("other") == folder / "other.safetensors"
    assert registry.locate(str(grey_path)) == registry.locate(grey_path) == grey_path
    assert registry.locate(Path("other")) == registry.locate("./other") == Path("other")
    assert known["open-art"].bytes == (folder / "open-art.safetensors").stat().st_size
    assert Painter.load().model.recipe.name == "eccv16"
    assert Painter.load("other", side=32).side == 32


@pytest.mark.parametrize("name", ["", "nothing", "open_art", "a\nb", "."])
def test_a_name_that_is_not_shipped_is_one_line(folder: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        Painter.load(name)
    assert str(caught.value).isprintable()
    assert name == "." or "shipped: open-art, other" in str(caught.value)


@pytest.mark.parametrize("change", ["byte", "cut", "gone", "folder"])
def test_a_file_that_is_not_the_shipped_one_is_refused_in_one_line(
    folder: Path, page: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    file = folder / "open-art.safetensors"
    content = file.read_bytes()
    file.unlink()
    if change == "folder":
        file.mkdir()
    elif change != "gone":
        end = content[-1:] if change == "cut" else bytes([content[-1] ^ 1])
        file.write_bytes(content[:-1] if change == "cut" else content[:-1] + end)
    out = page.with_name("out.png")
    assert main([str(page), "-o", str(out)]) == REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "open-art" in said
    assert ("not the file that was shipped" in said) == (change in {"byte", "cut"})
    assert not out.exists()
    assert main([str(page), "-o", str(out), "--model", "other"]) == 0


def test_the_command_paints_with_what_is_asked_for(
    folder: Path, page: Path, grey_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(page.parent)
    shutil.copy(grey_path, "other")
    ways = {"default": [], "name": ["--model", "open-art"], "file": ["--model", "./other"]}
    for name, options in ways.items():
        assert main(["page.png", "-o", f"{name}.png", *options]) == 0
    assert [is_orange(Path(f"{name}.png")) for name in ways] == [True, True, False]


def test_shipped_weights_go_before_those_of_the_pipeline(
    folder: Path, page: Path, grey_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").mkdir()
    shutil.copy(grey_path, tmp_path / "models" / "colorizer.safetensors")
    assert main([str(page), "-o", str(tmp_path / "1.png")], root=tmp_path) == 0
    assert is_orange(tmp_path / "1.png")
    (folder / "index.json").unlink()
    assert main([str(page), "-o", str(tmp_path / "2.png")], root=tmp_path) == 0
    assert not is_orange(tmp_path / "2.png")
    shutil.rmtree(tmp_path / "models")
    capsys.readouterr()
    assert main([str(page), "-o", str(tmp_path / "3.png")], root=tmp_path) == REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no weights are shipped" in said
    assert "make repro" in said
    with pytest.raises(ModelError, match="no weights are shipped"):
        Painter.load()


def test_models_lists_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.run(["--json"], Path()) == 0
    first, other = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["name"], first["default"], other["default"]) == ("open-art", True, False)
    assert first["bytes"] == Path(first["path"]).stat().st_size
    assert first["sha256"] == registry.digest(Path(first["path"]))
    assert (first["recipe"], first["domains"], first["hints"]) == ("eccv16", ["grey"], False)
    assert models.run([], Path()) == 0
    said = capsys.readouterr().out
    for text in ("open-art (default)", "CC BY-SA 4.0", "an orange; a pear", first["sha256"]):
        assert text in said
    Path(first["path"]).write_bytes(b"x")
    assert models.run([], Path()) == FAILED
    told = capsys.readouterr()
    assert "other" in told.out
    assert told.err.count("\n") == 1
    (folder / "index.json").unlink()
    assert models.run([], Path()) == 0
    assert "no weights are shipped" in capsys.readouterr().err


def test_models_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    shipped = [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    assert shipped == list(registry.shipped())


GOOD = {"file": "a.safetensors", "sha256": "0", "bytes": 1, "licence": "MIT", "sources": ["x"]}


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "3", "null", "{", '{"a": 1}', '{"a": {}}', "[" * 100_000),
        *(
            json.dumps({name: GOOD | change})
            for name, change in (
                ("a.b", {}),
                ("a/b", {}),
                ("a", {"file": "../x"}),
                ("a", {"file": 3}),
                ("a", {"bytes": "1"}),
                ("a", {"sources": 1}),
                ("a", {"licence": None}),
            )
        ),
    ],
)
def test_a_damaged_index_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "index.json").write_text(json.dumps({"a": GOOD}))
    assert set(registry.shipped(tmp_path)) == {"a"}
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(ModelError, match="install again") as caught:
        registry.shipped(tmp_path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 100])
def test_abilities_of_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelError, match="no readable model"):
        registry.abilities(tmp_path / "m")
    with pytest.raises(ModelError, match="no readable model"):
        registry.abilities(tmp_path / "none")


def test_abilities_are_those_of_the_file(tmp_path: Path) -> None:
    told: dict[str, Any] = {"centres": bin_centres(20), "side": 64, "params": {}, "seed": 0}
    model = Model.build("unet", width=0.125, domains=("ink", "grey"), **told)
    model.save(tmp_path / "m", half=True)
    able = registry.abilities(tmp_path / "m")
    assert (able.recipe, able.domains, able.hints) == ("unet", ("ink", "grey"), False)
