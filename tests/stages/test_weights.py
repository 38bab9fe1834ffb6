"""How the shipped weights are made: the list of art, its folders, the pipeline, file and card."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from colorize.errors import DataError, InputError, ModelError, ParamsError
from colorize.weights import registry
from stages import (
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
from tests.conftest import TINY
from tests.imports import ROOT
from tests.models import tiny_model

NAMES = {
    "comic": ["E01P01", "E02P01", "E03P01", "E14P01", "E15P01", "E16P01", "E17P02", "E04P01"],
    "portraits": ["core_elves_a", "core_elves_b", "core_nagas_a", "eastern_invasion_a"],
    "tarot": ["Wands01", "Wands12", "Cups01"],
    "figures": ["eileen", "lucy", "sylvie"],
}


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
    values["resize"] |= {"val_share": 0.1, "test_share": 0.1}
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


def test_the_committed_list_holds_out_whole_episodes_and_campaigns() -> None:
    listed = artlist.read(ROOT)
    assert len({art.sha256 for art in listed}) == len({art.name for art in listed}) == len(listed)
    assert {art.collection for art in listed} == set(artlist.COLLECTIONS)
    for art in listed:
        if episode := re.match(r"comic/E(\d\d)P", art.name):
            number = int(episode[1])
            expected = "test" if number > 14 else "val" if number == 14 else "train"
            assert art.split == expected, art.name
        assert art.licence
        assert art.credit
    campaigns = {
        (re.split(r"_(?=[A-Z])|/", art.name)[1].split("_")[0], art.split)
        for art in listed
        if art.name.startswith("portraits/") and "core_" not in art.name
    }
    assert len({campaign for campaign, _ in campaigns}) == len(campaigns) > 5
    assert sum(art.split == "test" for art in listed if art.collection == "portraits") > 40


def test_the_committed_files_name_no_place_of_a_machine() -> None:
    for path in (ROOT / "weights").iterdir():
        if path.is_file():
            assert not re.search(r"/(home|root|work|tmp|Users)/", path.read_text("utf-8")), path


def test_art_is_found_by_its_digest_and_laid_out_by_split(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (art / "comic" / "E15P01.png").rename(art / "renamed elsewhere.PNG")
    (art / "deep" / "er").mkdir(parents=True)
    (art / "figures" / "lucy.png").rename(art / "deep" / "er" / "x.png")
    (art / "tarot" / "more.png").write_bytes(b"not listed")
    found = gathered(root, monkeypatch, art)
    assert len(found) == sum(map(len, NAMES.values()))
    assert {"test/comic/E15P01.png", "val/comic/E14P01.png", "train/figures/lucy.png"} <= found
    assert {"test/portraits/core_nagas_a.png", "val/tarot/Wands12.png"} <= found
    for path in art.rglob("*.*"):
        path.unlink()
    before = (root / "weights" / "art").stat().st_mtime_ns
    assert gathered(root, monkeypatch) == gathered(root, monkeypatch, "") == found
    assert (root / "weights" / "art").stat().st_mtime_ns == before
    (root / "weights" / "art" / "test" / "comic" / "E15P01.png").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"1 of 18 pictures .*comic/E15P01.png.*README.md says"):
        gathered(root, monkeypatch)


def test_missing_art_is_one_line_and_nothing_is_written(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (art / "comic").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"8 of 18 pictures are not in .* and others"):
        gathered(root, monkeypatch, art)
    assert not (root / "weights" / "art").exists()
    with pytest.raises(DataError, match="there is no folder"):
        gathered(root, monkeypatch, art / "none")


@pytest.mark.parametrize(
    "line",
    [
        *("train,comic/a.png", "nowhere,comic/a.png,{},x,y", "train,../a.png,{},x,y"),
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


def test_a_stage_runs_inside_a_folder(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(root, monkeypatch, art)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stages.inside", *arguments],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )

    assert run("weights", "check").returncode == 0
    assert (root / "weights" / "check" / "passed").exists()
    assert run("weights", "fetch").returncode == 0
    names = {json.loads(line).get("name", "") for line in manifest_lines(root)}
    assert {"", "train/comic/E01P01.png", "test/comic/E15P01.png"} <= names
    for arguments in (["weights", "ship"], ["nowhere", "fetch"], [], ["a", "b", "c"]):
        done = run(*arguments)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert run("weights").returncode == 0
    laid = yaml.safe_load((root / "weights" / "dvc.yaml").read_text("utf-8"))
    assert set(laid["stages"]) == {"check", "fetch", "resize", "quantise", "train", "evaluate"}


def manifest_lines(root: Path) -> list[str]:
    return (root / "weights/data/raw/manifest.jsonl").read_text("utf-8").splitlines()


CARD = "".join(f"<!-- table {name} -->\nold\n<!-- end -->\n\n" for name in card.TABLES)


def test_from_art_to_the_file_and_its_card(
    root: Path, art: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All stages in one process, then the programs behind them."""
    monkeypatch.setattr(registry, "FOLDER", root / "shipped")
    gathered(root, monkeypatch, art)
    for stage in (check, fetch, resize, quantise, train, evaluate):
        stage.main(root / "weights")
    with (root / "weights/data/resized/index.csv").open() as file:
        splits = {row["id"]: row["split"] for row in csv.DictReader(file)}
    listed = {f"folder_{of.sha256[:16]}": of.split for of in artlist.read(root)}
    assert {name: of for name, of in splits.items() if name.startswith("folder_")} == listed
    assert {of for name, of in splits.items() if name.startswith("panels_")} >= {"train"}
    (root / "docs").mkdir()
    (root / "docs" / "model-card.md").write_text(CARD)
    with pytest.raises(DataError, match=r"stages\.ship"):
        card.main(root)
    model = root / "weights" / "models" / "colorizer.safetensors"
    titles = ship.titles(root, model)
    made = ship.convert(model, "open-art", root / "shipped", licence="CC0", sources=titles)
    assert made.bytes < 0.7 * model.stat().st_size
    assert any("David Revoy" in title for title in titles)
    assert "OpenMoji" in titles[-1]
    card.main(root)
    page = (root / "docs" / "model-card.md").read_text("utf-8")
    assert "old" not in page
    numbers = json.loads((root / "weights/metrics/evaluate.json").read_text())
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    cells = {row[0]: row[1:] for row in rows if row}
    assert cells["SHA-256"] == [f"`{made.sha256}`"]
    assert cells["comic"][-3:] == ["4", "1", "3"]
    psnr = cells["model"][2].split(" ± ")[0]
    assert float(psnr) == pytest.approx(numbers["model_chosen"]["psnr"], abs=0.01)
    (source,) = (row for row in rows if row and row[0] == "comic, 3 pictures")
    with (root / "weights/metrics/pictures.csv").open() as file:
        comic = {f"folder_{a.sha256[:16]}" for a in artlist.read(root) if a.collection == "comic"}
        scores = [float(row["psnr"]) for row in csv.DictReader(file) if row["id"] in comic]
    assert float(source[1].split(" ± ")[0]) == pytest.approx(float(np.mean(scores)), abs=0.01)
    assert any(row[:2] == ["inked pages with screentone", "model"] for row in rows)
    card.main(root)
    assert (root / "docs" / "model-card.md").read_text("utf-8") == page


def test_a_card_without_metrics_is_one_line(root: Path) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "model-card.md").write_text(CARD)
    with pytest.raises(DataError, match="run `make weights` first"):
        card.main(root)


def test_the_committed_card_is_that_of_the_committed_metrics() -> None:
    page = (ROOT / card.PAGE).read_text("utf-8")
    assert set(re.findall(r"<!-- table ([\w-]+) -->", page)) == set(card.TABLES)
    if not (ROOT / "weights" / "metrics" / "evaluate.json").exists():
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
        ("nowhere", "one of sample, panels, folder"),
        (["panels", "nowhere"], "item 2 of 'fetch.source' must be one of"),
        (3, "a list in"),
    ):
        values["fetch"]["source"] = source
        path.write_text(yaml.safe_dump(values))
        with pytest.raises(ParamsError, match=words):
            fetch.main(root / "weights")
