"""The README says only what the committed files say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from colorize.sources import sample
from tests.imports import ROOT

README = (ROOT / "README.md").read_text("utf-8")

TITLES = {
    "model": "model",
    "model at the chosen T": "model_chosen",
    "model at T = 1": "model_mean",
    "all grey": "grey",
    "dominant colour": "dominant",
    "tone curve": "tone_curve",
    "random colours": "random",
    "true colours at the head": "ceiling_head",
    "true colours in bins": "ceiling_bins",
}


def table_under(heading: str) -> list[list[str]]:
    """Cells of the first table after a heading, without its header."""
    after = README.split(heading, 1)[1]
    lines = re.search(r"\n\|[^\n]*\n\|[-| ]+\n((?:\|[^\n]*\n)+)", after)
    assert lines is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1].splitlines()]


def test_the_results_are_those_of_the_committed_metrics() -> None:
    scores = json.loads((ROOT / "metrics" / "evaluate.json").read_text("utf-8"))
    names = ("auc", "auc_balanced", "rmse_ab", "psnr", "mse", "mae", "ssim", "ciede2000")
    rows = {row[0]: row[1:] for row in table_under("## What it reaches")}
    assert list(rows) == list(TITLES)
    for title, key in TITLES.items():
        for name, cell in zip(names, rows[title], strict=True):
            decimals = len(cell.strip("*").split(".")[1])
            assert float(cell.strip("*")) == round(scores[key][name], decimals), (title, name)


def test_the_default_run_beats_grey() -> None:
    scores = json.loads((ROOT / "metrics" / "evaluate.json").read_text("utf-8"))
    for name in ("auc", "auc_balanced", "psnr"):
        assert scores["model"][name] > scores["grey"][name], name


def test_the_graph_is_the_pipelines() -> None:
    interpreter = Path(sys.executable).parent / "dvc"
    if not (ROOT / ".git").exists():
        pytest.skip("dvc dag needs the repository, and this is an archive of it")
    done = subprocess.run(
        [interpreter, "dag", "--mermaid"],
        cwd=ROOT,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() in README


def test_every_file_it_links_is_there() -> None:
    links = re.findall(r"\]\(((?!https?://)[^)#]+)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_artist_of_the_sample_is_credited() -> None:
    for picture in sample.pictures(count=len(sample.STYLES), side=32, seed=0):
        record = picture.record
        assert record.artist in README
        assert record.page in README
        assert record.licence in README


def test_every_make_target_it_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
