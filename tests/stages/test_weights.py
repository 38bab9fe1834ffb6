"""How the shipped weights are made: the list of art, its folders, the pipeline, file and card."""

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from colorize import files
from colorize.errors import DataError, InputError, ModelError, ParamsError
from colorize.raw import manifest
from colorize.weights import registry
from stages import (
    apart,
    artlist,
    card,
    check,
    evaluate,
    fetch,
    gather,
    inside,
    quantise,
    resize,
    ship,
    train,
)
from stages.artlist import Cut
from tests.conftest import TINY
from tests.imports import ROOT
from tests.models import tiny_model

NAMES = {
    "comic": ["E01P01", "E02P01", "E03P01", "E14P01", "E15P01", "E16P01", "E17P02"],
    "portraits": ["core_a", "core_b", "core_c", "core_d", "core_e"],
    "tarot": ["Wands01", "Cups01"],
    "figures": ["eileen", "lucy"],
}
SMALL = {
    "comic": ((Cut("width", 100, 40),), (Cut("width", 100, 64),)),
    "portraits": ((Cut("short", 64, 0), Cut("short", 80, 0, 1 / 8)), (Cut("short", 64, 0),)),
    "tarot": ((Cut("width", 80, 60),), ()),
    "figures": ((Cut("short", 100, 60),), ()),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Squares of 64 pixels."""
    for module in (artlist, gather):
        monkeypatch.setattr(module, "SIDE", 64)
    for name, (cuts, held_out) in SMALL.items():
        changed = artlist.COLLECTIONS[name]._replace(cuts=cuts, held_out_cuts=held_out)
        monkeypatch.setitem(artlist.COLLECTIONS, name, changed)


@pytest.fixture
def art(tmp_path: Path, drawing: Callable[..., NDArray[np.uint8]]) -> Path:
    """Folders of art."""
    number = 0  # equal drawings would count once
    for collection, names in NAMES.items():
        (tmp_path / "art" / collection).mkdir(parents=True)
        for name in names:
            number += 1
            path = tmp_path / "art" / collection / f"{name}.png"
            Image.fromarray(drawing(number, 90, 80)).save(path)
    return tmp_path / "art"


@pytest.fixture
def root(tmp_path: Path, art: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the code, small params for the weights, and the list of the art."""
    root = tmp_path / "project"
    (root / "weights").mkdir(parents=True)
    for name in ("colorize", "stages"):
        (root / name).symlink_to(ROOT / name)
    values = yaml.safe_load((ROOT / "weights" / "params.yaml").read_text("utf-8"))
    for section, changed in TINY.items():
        values[section] |= changed
    values["resize"] |= {"val_share": 0.2, "test_share": 0.000001}
    values["fetch"] |= {"source": ["panels", "folder"], "count": 12}
    values["train"] |= {"epochs": 1, "hints": 1, "domains": ["grey", "ink"]}
    (root / "weights" / "params.yaml").write_text(yaml.safe_dump(values), "utf-8")
    (root / "deny.txt").write_text("")
    (root / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
    monkeypatch.setattr(sys, "argv", ["artlist", str(art)])
    artlist.main(root)
    return root


def gathered(root: Path, monkeypatch: pytest.MonkeyPatch, *folders: Path | str) -> set[str]:
    monkeypatch.setattr(sys, "argv", ["gather", *map(str, folders)])
    gather.main(root)
    art = root / "weights" / "art"
    return {path.relative_to(art).as_posix() for path in art.rglob("*") if path.is_file()}


def test_the_committed_list_holds_out_whole_episodes_and_every_fifth_portrait() -> None:
    listed = artlist.read(ROOT)
    assert len({art.sha256 for art in listed}) == len({art.name for art in listed}) == len(listed)
    assert {art.collection for art in listed} == set(artlist.COLLECTIONS)
    for art in listed:
        assert art.licence
        assert art.credit
        if episode := re.match(r"comic/E(\d\d)P", art.name):
            number = int(episode[1])
            expected = "test" if number > 14 else "val" if number == 14 else "train"
            assert art.split == expected, art.name
    portraits = [art.split for art in listed if art.collection == "portraits"]
    assert portraits.count("test") / len(portraits) == pytest.approx(0.2, abs=0.01)
    assert portraits.count("val") / len(portraits) == pytest.approx(0.05, abs=0.01)


def test_the_committed_files_name_no_place_of_a_machine() -> None:
    for path in (ROOT / "weights").iterdir():
        if path.is_file():
            assert not re.search(r"/(home|root|work|tmp|Users)/", path.read_text("utf-8")), path


def test_art_is_found_by_its_digest_and_cut_into_squares(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (art / "comic" / "E15P01.png").rename(art / "renamed elsewhere.PNG")
    (art / "deep" / "er").mkdir(parents=True)
    (art / "figures" / "lucy.png").rename(art / "deep" / "er" / "x.png")
    (art / "tarot" / "more.png").write_bytes(b"not listed")
    found = gathered(root, monkeypatch, art)
    of_page = {name for name in found if "E15P01" in name}
    assert of_page == {
        f"test/comic/E15P01_0_{y}_{x}.png" for y in ("0000", "0048") for x in ("0000", "0036")
    }
    of_figure = {name for name in found if "core_a" in name}
    assert of_figure == {f"portraits/core_a_{cut}.png" for cut in ("0_0000_0000", "1_0011_0008")}
    assert [name for name in found if "core_d" in name] == ["test/portraits/core_d_0_0000_0000.png"]
    assert {name.split("/")[0] for name in found} == {*NAMES, "test", "val", ".done"}
    folder = root / "weights" / "art"
    for name in found - {".done"}:
        with Image.open(folder / name) as image:
            assert image.size == (64, 64)
    before = folder.stat().st_mtime_ns
    for path in art.rglob("*.*"):
        path.unlink()
    assert gathered(root, monkeypatch) == gathered(root, monkeypatch, "") == found
    assert folder.stat().st_mtime_ns == before
    path = root / "weights" / "sources.csv"
    path.write_text(path.read_text().replace("train,tarot", "test,tarot"))
    with pytest.raises(DataError, match=r"16 of 16 pictures are not in .* and others"):
        gathered(root, monkeypatch, art)
    with pytest.raises(DataError, match="name the folder of art"):
        gathered(root, monkeypatch)


def test_missing_art_is_one_line_and_nothing_is_written(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (art / "comic" / "E01P01.png").unlink()
    with pytest.raises(DataError, match=r"1 of 16 pictures are not in .*\(comic/E01P01.png\);"):
        gathered(root, monkeypatch, art)
    assert not (root / "weights" / "art").exists()
    with pytest.raises(DataError, match="there is no folder"):
        gathered(root, monkeypatch, art / "none")


@pytest.mark.parametrize(
    "line",
    [
        *(
            "train,comic/a.png",
            "other,comic/a.png,{},x,y",
            "train,other/a.png,{},x,y",
            "train,../a.png,{},x,y",
        ),
        *("train,comic/../a,{},x,y", "train,a.png,{},x,y", "train,comic/a.png,12,x,y", '"'),
    ],
)
def test_a_damaged_list_is_one_line(root: Path, line: str) -> None:
    path = root / "weights" / "sources.csv"
    path.write_text(path.read_text() + line.format("0" * 64) + "\n")
    with pytest.raises(DataError, match=r"sources.csv is damaged") as caught:
        artlist.read(root)
    assert str(caught.value).isprintable()
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        artlist.read(root)


def test_the_pipeline_of_the_weights_is_the_projects() -> None:
    committed = yaml.safe_load((ROOT / "weights" / "dvc.yaml").read_text("utf-8"))["stages"]
    expected = inside.pipeline(ROOT, Path("weights"))
    assert committed == expected, "run `python -m stages.inside weights`"
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
    for name, stage in stages.items():
        code = {dep for dep in stage["deps"] if dep.startswith(("colorize/", "stages/"))}
        assert code < set(committed[name]["deps"])
        assert committed[name]["outs" if "outs" in stage else "metrics"]
    for stage in committed.values():
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                assert next(iter(out), "").startswith("weights/") or out.startswith("weights/")
    assert {"weights/art", "deny.txt", "weights/check/passed"} < set(committed["fetch"]["deps"])


def test_every_section_of_the_weights_params_is_good(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(root, monkeypatch, art)
    (root / "weights" / "params.yaml").write_bytes((ROOT / "weights/params.yaml").read_bytes())
    check.main(root / "weights")
    assert (root / "weights" / "check" / "passed").exists()


def test_a_stage_runs_inside_a_folder(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, which ``inside`` starts."""
    gathered(root, monkeypatch, art)
    path = root / "weights" / "params.yaml"
    values = yaml.safe_load(path.read_text("utf-8"))
    values["fetch"]["source"] = "folder"
    path.write_text(yaml.safe_dump(values), "utf-8")

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["inside", *arguments])
        inside.main(root)

    with pytest.raises(SystemExit) as ended:
        run("weights", "fetch")
    assert ended.value.code == 0
    names = {json.loads(line)["name"] for line in manifest_lines(root)}
    assert {name.partition("/")[0] for name in names} == {*NAMES, "test", "val"}
    for arguments, words in (
        (["weights", "ship"], "there is no stage 'ship'"),
        (["nowhere", "fetch"], "nowhere"),
        ([], "name a folder"),
        (["a", "b", "c"], "name a folder"),
    ):
        with pytest.raises(ParamsError, match=words):
            run(*arguments)
    run("weights")
    laid = yaml.safe_load((root / "weights" / "dvc.yaml").read_text("utf-8"))
    assert set(laid["stages"]) == {"check", "fetch", "resize", "quantise", "train", "evaluate"}


def manifest_lines(root: Path) -> list[str]:
    return (root / "weights/data/raw/manifest.jsonl").read_text("utf-8").splitlines()


CARD = "".join(f"<!-- table {name} -->\nold\n<!-- end -->\n\n" for name in card.TABLES)


@pytest.mark.slow
def test_from_art_to_the_file_and_its_card(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All stages in one process, then the programs behind them."""
    monkeypatch.setattr(registry, "FOLDER", root / "shipped")
    gathered(root, monkeypatch, art)
    for stage in (check, fetch, resize, quantise, train, evaluate):
        stage.main(root / "weights")
    with (root / "weights/data/resized/index.csv").open() as file:
        splits = {row["id"]: row["split"] for row in csv.DictReader(file)}
    for record in manifest.read(root / "weights/data/raw"):
        if (identity := f"{record.source}_{record.id}") in splits:
            for split in ("test", "val"):
                if record.name.startswith(f"{split}/"):
                    assert splits[identity] == split, record.name
    assert "train" in {of for name, of in splits.items() if name.startswith("panels_")}
    apart.main(root)
    judged = {
        name: json.loads((root / f"weights/metrics/{name}.json").read_text())
        for name in ("comic", "portraits")
    }
    assert sum(of["pictures"] for of in judged.values()) == list(splits.values()).count("test")
    (root / "docs").mkdir()
    (root / "docs" / "model-card.md").write_text(CARD)
    with pytest.raises(DataError, match=r"stages\.ship"):
        card.main(root)
    model = root / "weights" / "models" / "colorizer.safetensors"
    titles = ship.titles(root)
    made = ship.convert(model, "open-art", root / "shipped", licence="CC0", sources=titles)
    assert made.bytes < model.stat().st_size
    assert any("David Revoy" in title for title in titles)
    assert "OpenMoji" in titles[-1]
    card.main(root)
    page = (root / "docs" / "model-card.md").read_text("utf-8")
    assert "old" not in page
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    cells = {row[0]: row[1:] for row in rows if row}
    assert cells["SHA-256"] == [f"`{made.sha256}`"]
    assert (cells["comic"][-3:], cells["portraits"][-3:]) == (["3", "1", "3"], ["4", "0", "1"])
    shown = [float(row[3].split(" ± ")[0].strip("*")) for row in rows if row[:1] == ["model"]]
    expected = [of["model_chosen"]["psnr"] for of in judged.values()]
    assert shown == pytest.approx(expected, abs=0.01)
    (inked,) = (row for row in rows if row[:2] == ["comic, with screentone", "page as it is"])
    of_page = judged["comic"]["toned"]["art"]["page"]
    assert float(inked[2]) == pytest.approx(of_page["psnr"], abs=0.01)
    assert "No failures are drawn yet" in page
    with (root / "weights/metrics/hints.csv").open() as file:
        told = list(csv.DictReader(file))
    curve = page.partition("hinted regions")[2].splitlines()[2:]
    for line, row in zip(curve, told, strict=False):
        count, psnr = (float(cell) for cell in line.split("|")[1:3])
        assert count == float(row["hints"])
        assert psnr == pytest.approx(float(row["psnr"]), rel=1e-3)
    assert len(told) > 1
    assert cells["training"] == ["1 epochs at most, on crops of 64 pixels"]
    card.main(root)
    assert (root / "docs" / "model-card.md").read_text("utf-8") == page
    files.write_table(root / "weights/metrics/hints.csv", told[:1])
    card.main(root)
    page = (root / "docs" / "model-card.md").read_text("utf-8")
    assert "The network by itself takes none" in page


def test_a_card_without_metrics_is_one_line(root: Path) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "model-card.md").write_text(CARD)
    with pytest.raises(DataError, match="run `make weights` first"):
        card.main(root)


def test_the_card_shows_the_panels_of_the_picture_of_failures() -> None:
    facts = card.read(ROOT)
    lines = card.failures(facts).splitlines()[2:]
    assert len(lines) == len(facts.failures) == 6
    assert {line.split("|")[2].strip() for line in lines} == {"grey", "inked"}
    scores = [float(line.split("|")[4]) for line in lines]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert scores[3:] == sorted(scores[3:], reverse=True)
    picture = ROOT / "docs" / "card-failures.png"
    assert f"]({picture.name})" in (ROOT / card.PAGE).read_text("utf-8")
    assert picture.stat().st_size < 400_000


def test_the_committed_card_is_that_of_the_committed_metrics() -> None:
    page = (ROOT / card.PAGE).read_text("utf-8")
    assert set(re.findall(r"<!-- table ([\w-]+) -->", page)) == set(card.TABLES)
    if not list((ROOT / "weights" / "metrics").glob("*.json")):
        pytest.skip("the weights have not been trained yet")
    filled = card.tables.filled(page, card.read(ROOT), card.TABLES)
    assert filled == page, "run `python -m stages.card`"


def test_shipped_weights_are_those_of_the_index_and_small() -> None:
    for weights in registry.shipped().values():
        weights.check()
        assert weights.bytes == weights.path.stat().st_size <= ship.MAX_BYTES
        assert registry.abilities(weights.path).domains


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "../x"])
def test_a_name_that_is_a_path_is_not_shipped(tmp_path: Path, name: str) -> None:
    tiny_model().save(tmp_path / "m.safetensors")
    folder = tmp_path / "weights"
    with pytest.raises(InputError, match="would be taken for a path"):
        ship.convert(tmp_path / "m.safetensors", name, folder, licence="x", sources=())
    assert not folder.exists()


def test_what_cannot_be_shipped_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {"licence": "x", "sources": ["y"]}
    tiny_model().save(tmp_path / "m.safetensors")
    made = ship.convert(tmp_path / "m.safetensors", "a", tmp_path / "w", **told)
    before = {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()}
    assert set(before) == {"a.safetensors", "index.json"}
    monkeypatch.setattr(ship, "MAX_BYTES", made.bytes - 1)
    with pytest.raises(InputError, match="more than"):
        ship.convert(tmp_path / "m.safetensors", "a", tmp_path / "w", **told)
    (tmp_path / "x.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError):
        ship.convert(tmp_path / "x.safetensors", "a", tmp_path / "w", **told)
    assert {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()} == before


def test_sources_differ(root: Path) -> None:
    path = root / "weights" / "params.yaml"
    values = yaml.safe_load(path.read_text())
    for source, words in (
        (["panels", "panels"], "sources that differ"),
        ([], "at least 1 long"),
        ("nowhere", "one of panels, characters, folder"),
        (["panels", "nowhere"], "item 2 of 'fetch.source' must be one of"),
        (3, "a list in"),
    ):
        values["fetch"]["source"] = source
        path.write_text(yaml.safe_dump(values))
        with pytest.raises(ParamsError, match=words):
            fetch.main(root / "weights")
