"""Training as a process that is killed for real, at any moment."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages import train
from stages.watcher import StopSignals
from tests.conftest import lay_params
from tests.imports import ROOT

OUTPUTS = (
    "models/colorizer.safetensors",
    "models/one_epoch.safetensors",
    "metrics/adjustment.csv",
    "metrics/temperature.csv",
    "metrics/train.csv",
    "metrics/train.json",
)
ENOUGH = {"epochs": 6, "batch": 4}


@pytest.fixture
def root(prepared: Callable[..., Path]) -> Path:
    return prepared(train=ENOUGH)


@pytest.fixture(scope="module")
def whole(quantised: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an unbroken run writes, in this process."""
    root = tmp_path_factory.mktemp("whole")
    shutil.copytree(quantised / "data", root / "data")
    train.main(lay_params(root, train=ENOUGH))
    assert not has_checkpoint(root)  # a finished run leaves nothing to resume from
    return written(root)


def start(root: Path, every: int = 3) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.train"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLORIZE_CHECKPOINT_EVERY": str(every)},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(root: Path) -> dict[str, bytes]:
    process = start(root)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return written(root)


def written(root: Path) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in OUTPUTS}


def has_checkpoint(root: Path) -> bool:
    return bool(steps(root))


def steps(root: Path) -> set[Path]:
    return set((root / ".scratch" / "train").glob("*/step-*"))


def kill(root: Path, times: int, *, within_s: float) -> None:
    """Kill a run that has saved its state, so many times, so soon after that."""
    chance = np.random.default_rng(0)
    killed = 0
    while killed < times:
        for name in OUTPUTS:
            (root / name).unlink(missing_ok=True)  # as DVC does before it runs a stage
        process = start(root, every=1)
        while process.poll() is None and not has_checkpoint(root):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, within_s))
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        else:  # it was faster: the next one starts anew
            assert process.returncode == 0


def stop(root: Path, sign: signal.Signals) -> None:
    """Ask for the end when a run has saved its state."""
    before = steps(root)
    process = start(root)
    while process.poll() is None and steps(root) <= before:
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run it again to resume" in errors
    assert "Traceback" not in errors
    assert has_checkpoint(root)


def test_a_kill_and_a_signal_change_no_byte(root: Path, whole: dict[str, bytes]) -> None:
    """The same command resumes after each."""
    kill(root, times=1, within_s=0.2)  # early, so that there is something left to stop
    stop(root, signal.SIGTERM)
    assert finish(root) == whole


def test_hints_are_taken_up_where_they_were_stopped(prepared: Callable[..., Path]) -> None:
    """And the network, which has been trained, is not trained again."""
    root = prepared(train={"batch": 4, "epochs": 1, "hints": 6})
    train.main(root)
    whole = written(root)
    for name in OUTPUTS:
        (root / name).unlink()
    process = start(root, every=1)
    while process.poll() is None and len({path.parent for path in steps(root)}) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    process = start(root)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert errors.count("epoch 1,") <= 1, "the network was trained again"
    assert written(root) == whole
    assert not has_checkpoint(root)


@pytest.mark.slow
def test_ten_kills_change_no_byte(root: Path, whole: dict[str, bytes]) -> None:
    kill(root, times=10, within_s=0.6)
    assert finish(root) == whole


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops_and_the_same_command_resumes(
    root: Path, whole: dict[str, bytes], sign: signal.Signals
) -> None:
    stop(root, sign)
    assert finish(root) == whole


def children_of(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    rows = [[int(word) for word in line.split()] for line in table.splitlines()]
    return [child for child, parent in rows if parent == pid]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_processes_that_train_together(
    project: Callable[..., Path], root: Path, sign: signal.Signals
) -> None:
    project(train=ENOUGH | {"epochs": 500})
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.train"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLORIZE_NPROC": "2"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not has_checkpoint(root):
        assert process.poll() is None
        time.sleep(0.05)
    workers = children_of(process.pid)
    assert len(workers) == 2
    if sign == signal.SIGINT:
        os.killpg(process.pid, sign)  # as a terminal does
    else:
        process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not any(map(is_alive, workers))
    assert "Traceback" not in errors
    (step,) = set(re.findall(r"stopped after step (\d+)", errors))
    assert any((root / ".scratch/train").glob(f"*/step-{int(step):09}.safetensors"))


@pytest.mark.slow
def test_other_params_never_take_up_the_state(
    project: Callable[..., Path], root: Path, whole: dict[str, bytes]
) -> None:
    project(train=ENOUGH | {"lr": 0.001})
    process = start(root)
    while process.poll() is None and not has_checkpoint(root):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert has_checkpoint(root)
    project(train=ENOUGH)
    assert finish(root) == whole


def test_the_same_signal_again_insists() -> None:
    with StopSignals() as signals:
        signal.raise_signal(signal.SIGTERM)
        assert signals.stop_asked()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
