"""Many pictures through fetch, resize and quantise: how time and memory grow with their number.

    python -m benchmarks.soak N

Takes N / 100, N / 10 and N distinct pictures in turn, in ``.scratch/soak``, which is removed at the
end. Memory is what all processes of a stage hold together, files that they map apart.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import psutil
from ruamel.yaml import YAML

from benchmarks import report
from benchmarks.processes import held_gib
from colorize.parallel import each

SIDE = 256
STORED = 128
CHUNK = 500
STAGES = ("fetch", "resize", "quantise")
SAMPLE_S = 0.2
LEAST = 10_000
ROOT = Path(".scratch") / "soak"
SHARES = (100, 10, 1)
"""N is divided by these."""


def draw(begin: int, *, folder: Path, end: int) -> None:
    """Write pictures number begin to begin + CHUNK: soft coloured noise, as JPEG of SIDE pixels."""
    home = folder / f"{begin // CHUNK:05}"
    home.mkdir(parents=True)
    for number in range(begin, min(begin + CHUNK, end)):
        small = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        rgb = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        _, content = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 85])
        (home / f"{number}.jpg").write_bytes(content.tobytes())


def lay_down(root: Path, count: int) -> None:
    """Make a project with so many pictures of one's own."""
    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    params["fetch"] |= {"source": "folder", "folder": "pictures"}
    params["resize"] |= {"side": STORED}
    root.mkdir(parents=True)
    yaml.dump(params, root / "params.yaml")
    paint = partial(draw, folder=(root / "pictures").resolve(), end=count)
    for _ in each(paint, range(0, count, CHUNK), environment=os.environ):
        pass


def measure(root: Path, stage: str) -> tuple[float, float]:
    """Run a stage: seconds, and the most MiB that its processes held together."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(  # noqa: S603  # a stage of this project
            [sys.executable, "-m", f"stages.{stage}"],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            stderr=said,
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(_held(member) for member in _tree(process.pid)))
            time.sleep(SAMPLE_S)
        took = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            sys.exit(said.read())
    return took, 1024 * peak


def _tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; none if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _held(process: psutil.Process) -> float:
    """Memory of a process in GiB, mapped files apart; 0 if it has ended."""
    try:
        return held_gib(process)
    except psutil.Error:
        return 0.0


def main(most: int) -> None:
    """Measure all sizes and write the section."""
    if most < LEAST:
        raise SystemExit(
            f"N is {most}, at least {LEAST} is needed: a hundredth of it has to fill each split"
        )
    rows = []
    for share in SHARES:
        count, root = most // share, ROOT
        shutil.rmtree(root, ignore_errors=True)
        try:
            lay_down(root, count)
            for stage in STAGES:
                seconds, mib = measure(root, stage)
                rows.append(
                    {
                        "pictures": f"{count:,}",
                        "stage": stage,
                        "seconds": f"{seconds:.1f}",
                        "pictures a second (higher is better)": f"{count / seconds:.0f}",
                        "peak memory, MiB": f"{mib:.0f}",
                    }
                )
                print(rows[-1], flush=True)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    text = (
        f"Distinct JPEGs of {SIDE} x {SIDE} pixels from a folder, stored at {STORED}; each stage "
        "with as many processes as there are cores, start-up included; memory of all of them "
        f"together.\n\n{report.table(rows)}"
    )
    report.write_section("Soak", text)


if __name__ == "__main__":
    main(int(sys.argv[1]))
