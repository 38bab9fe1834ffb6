import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stages import ink_sheet
from tests.conftest import lay_params
from tests.imports import ROOT
from tests.shards import lay_test_split


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "stages.ink_sheet", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_it_writes_a_sheet_of_test_pictures(
    tmp_path: Path, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    lay_test_split(tmp_path, map(drawing, range(3)))
    done = run(lay_params(tmp_path), "sheet.png")
    assert (done.returncode, done.stdout) == (0, "sheet.png: 3 pictures\n"), done.stderr
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[0] > 3 * 64


def test_it_shows_what_the_params_say(
    tmp_path: Path, drawing: Callable[..., NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_test_split(tmp_path, [drawing(0)])
    bare = {"white": 1, "flat": 0, "wash": 0, "solid": 0, "scan_chance": 0}
    for values in ({}, bare):
        monkeypatch.setattr(sys, "argv", ["ink_sheet", f"{len(values)}.png"])
        ink_sheet.main(lay_params(tmp_path, inking=values))
    default, white = (cv2.imread(str(tmp_path / f"{n}.png")) for n in (0, 5))
    assert (white != default).any()
    assert white.mean() > default.mean()


def test_a_wrong_value_is_named(tmp_path: Path) -> None:
    done = run(lay_params(tmp_path, inking={"white": 2}))
    assert (done.returncode, done.stderr) == (
        1,
        "ink_sheet: params.yaml: 'inking.white' must be at most 1.0, not 2\n",
    )


def test_without_pictures_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(lay_params(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().endswith("run the resize stage first")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "ink-sheet.png").exists()
