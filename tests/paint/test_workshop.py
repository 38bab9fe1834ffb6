import os
import signal
import subprocess
import sys
from pathlib import Path

from colorize.paint.workshop import PREFIX, Workshop, sweep
from tests.imports import ROOT

HELD = """
import sys, time
from pathlib import Path
from colorize.paint.workshop import Workshop
with Workshop(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""


def held(base: Path) -> "subprocess.Popen[str]":
    """A process that has a workshop."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, base], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_what_a_kill_leaves_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    process = held(tmp_path)
    try:
        (mine,) = tmp_path.glob(f"{PREFIX}*")
        (mine / "part").write_bytes(b"half")
        sweep(tmp_path)
        with Workshop(tmp_path) as workshop:
            workshop.write(tmp_path / "deep" / "1.png", b"whole")
        assert (mine / "part").read_bytes() == b"half"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert mine.exists()
    sweep(tmp_path)
    assert os.listdir(tmp_path) == ["deep"]  # noqa: PTH208 - the name alone
    assert (tmp_path / "deep" / "1.png").read_bytes() == b"whole"
