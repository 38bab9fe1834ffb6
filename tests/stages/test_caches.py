"""What an interrupted or earlier run left is not served after the code was edited."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages import fetch
from tests.imports import ROOT

INVERTED = """

_square = square


def square(rgb, **options):
    return 255 - _square(rgb, **options)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the code, to edit."""
    copy = tmp_path / "source"
    for name in ("colorize", "stages"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    return copy


def start(stage: str, root: Path, source: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(source), "COLORIZE_CHECKPOINT_EVERY": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(stage: str, root: Path, source: Path) -> str:
    process = start(stage, root, source)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said
    return said


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def shards(root: Path) -> dict[str, np.ndarray]:
    return {path.name: np.load(path) for path in (root / "data/resized").glob("*.npy")}


def test_resize_serves_no_shard_of_other_code(project: Callable[..., Path], source: Path) -> None:
    root = project()
    fetch.main(root)
    finish("resize", root, source)
    before, scratch = shards(root), set((root / ".scratch/resize").iterdir())
    append(source / "colorize/ingest/framing.py", "\n# Only words.\n")
    finish("resize", root, source)
    assert set((root / ".scratch/resize").iterdir()) == scratch
    append(source / "colorize/ingest/framing.py", INVERTED)
    finish("resize", root, source)
    after = shards(root)
    assert before.keys() == after.keys()
    assert all((after[name] == 255 - before[name]).all() for name in before)
    assert scratch.isdisjoint((root / ".scratch/resize").iterdir())


def test_training_starts_afresh_with_other_code_and_says_so(
    prepared: Callable[..., Path], source: Path
) -> None:
    root = prepared(train={"epochs": 2, "batch": 4})
    process = start("train", root, source)
    states = root / ".scratch" / "train"
    while not any(states.glob("*/step-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    (old,) = states.iterdir()
    append(source / "colorize/learn/schedule.py", "\nEDITED = True\n")
    lines = finish("train", root, source).splitlines()
    said = [line for line in lines if "the code has changed" in line]
    assert len(said) == 1
    assert old.name in said[0]
    resumed = (root / "models/colorizer.safetensors").read_bytes()
    assert list(states.iterdir()) == []
    assert "the code has changed" not in finish("train", root, source)
    assert (root / "models/colorizer.safetensors").read_bytes() == resumed
