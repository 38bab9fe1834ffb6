"""Resize and quantise, on one core, against other ways of doing the same work.

    python -m benchmarks.data PYTHON [ROOT]

PYTHON is an interpreter that has img2dataset, which wants another OpenCV than this project; ROOT,
the current folder if not given, holds the pipeline's training shards. The ways take turns on the
same files, in a process each, which has done the same work once before it is timed, as a worker of
a long job has; the fastest of five turns counts.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import report
from benchmarks.processes import keep_to
from colorize.colour import lab
from colorize.data import colours, shards
from colorize.imaging import chroma
from colorize.imaging.decode import decode
from colorize.ingest import copies, prepare
from colorize.ingest.framing import square
from colorize.ingest.layout import Layout
from colorize.raw import archives, manifest
from colorize.sources import characters

WIDTH, HEIGHT, SIDE = 1200, 1700, 256
PAGES = 48
SOFTNESS = 1.0
"""Sigma of the blur of a page, in pixels; drawn without it, half the pages are decoded in full."""
TURNS = 5
LOOPED = 20_000
"""Pixels that the loop is given; it would take an hour for all."""

HOW = prepare.How(side=SIDE, framing="crop", min_chroma=1.5, max_bytes=10**8, max_pixels=4 * 10**7)

IMG2DATASET = """
import io, json, pathlib, sys, time
import cv2
from img2dataset.resizer import Resizer
cv2.setNumThreads(1)
resizer = Resizer(int(sys.argv[2]), "center_crop", True)
paths = sorted(pathlib.Path(sys.argv[1], "images").iterdir())
for _ in range(2):
    start = time.perf_counter()
    for path in paths:
        assert resizer(io.BytesIO(path.read_bytes()))[0]
print(json.dumps(time.perf_counter() - start))
"""


def lay_down(raw: Path) -> None:
    """Draw characters as JPEGs of WIDTH x HEIGHT, as soft as a scan.

    They are there twice: as fetch leaves them, and file by file in ``images``.
    """
    pages = []
    (raw / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for drawn in characters.pictures(count=PAGES, side=HEIGHT, seed=7):
        rgb = decode(drawn.content, max_pixels=10**7)[:, (HEIGHT - WIDTH) // 2 :][:, :WIDTH]
        ground = rng.integers(200, 256, (7, 5, 3), dtype=np.uint8)
        page = np.minimum(rgb, cv2.resize(ground, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
        page = cv2.GaussianBlur(page, (0, 0), SOFTNESS)
        out = io.BytesIO()
        Image.fromarray(page).save(out, "JPEG", quality=90)
        made = manifest.picture(out.getvalue(), source="page", id=drawn.record.id, suffix="jpg")
        (raw / "images" / made.record.file).write_bytes(made.content)
        pages.append(made)
    manifest.write(raw, archives.write(raw, pages))


def chosen_scale(path: Path) -> int:
    """Find at what part of its size the resize stage decodes a page."""
    return HEIGHT // len(decode(path.read_bytes(), max_pixels=10**7, side=SIDE))


def bare(raw: Path, *, scale: Callable[[Path], int]) -> float:
    """Read, decode, perhaps at a reduced size, and shrink: nothing else. Seconds."""
    paths = [(path, scale(path)) for path in sorted((raw / "images").iterdir())]
    start = time.perf_counter()
    for path, part in paths:
        image = Image.open(io.BytesIO(path.read_bytes()))
        image.draft(None, (WIDTH // part, HEIGHT // part))
        rgb = np.asarray(image)
        side = rgb.shape[1]
        cv2.resize(rgb[:side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return time.perf_counter() - start


def squares(raw: Path) -> float:
    """Read, verify, decode, check, shrink and hash every picture. Seconds."""
    records = manifest.read(raw)
    start = time.perf_counter()
    for record in records:
        _, (rgb,) = prepare.squares_of(raw, record, HOW)
        chroma.check(rgb, at_least=HOW.min_chroma)
        hashlib.sha256(rgb.tobytes()).digest()
        copies.perceptual_hash(rgb)
    return time.perf_counter() - start


def shard(raw: Path) -> float:
    """Do all that the resize stage does to make a shard, until it is on the disk. Seconds."""
    entries = ((begin, record.id, "train") for begin, record in list(manifest.scan(raw)))
    (laid,) = Layout(entries, per_shard=PAGES).shards()  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = prepare.prepare(prepare.Task(raw, Path(folder), laid, HOW))
        took = time.perf_counter() - start
    if len(done.ids) != PAGES:
        raise SystemExit(f"left out: {done.left_out}")
    return took


def worst_psnr(raw: Path) -> float:
    """Compare every square with that of a full decode: the lowest PSNR in dB."""
    found = []
    for path in (raw / "images").iterdir():
        content = path.read_bytes()
        full, quick = (
            square(decode(content, max_pixels=10**7, side=side), side=SIDE, framing="crop").astype(
                np.float64
            )
            for side in (0, SIDE)
        )
        found.append(10 * np.log10(255**2 / max(float(((full - quick) ** 2).mean()), 1e-9)))
    return float(min(found))


WAYS: dict[str, Callable[[Path], float]] = {
    "bare loop, full decode": lambda raw: bare(raw, scale=lambda _: 1),
    "bare loop, half scale": lambda raw: bare(raw, scale=lambda _: 2),
    "bare loop, told which need a full decode": lambda raw: bare(raw, scale=chosen_scale),
    "ours: read, verified, checked, hashed": squares,
    "ours, until the shard is on the disk": shard,
}
THEIRS = "img2dataset's resizer"


def _turn(way: str, raw: Path, python: str) -> float:
    this = [sys.executable, "-m", __spec__.name, "--turn", way, str(raw)]
    command = [python, "-c", IMG2DATASET, str(raw), str(SIDE)] if way == THEIRS else this
    done = subprocess.run(  # noqa: S603  # this very module, or the interpreter that was given
        command,
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"},
    )
    seconds: float = json.loads(done.stdout.splitlines()[-1])
    return seconds


def resize(python: str) -> str:
    """Measure the ways to resize."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        lay_down(raw)
        best = dict.fromkeys([*WAYS, THEIRS], np.inf)
        for _ in range(TURNS):
            for way, found in best.items():
                best[way] = min(found, _turn(way, raw, python))
        psnr = worst_psnr(raw)
    rows = [
        {"way": way, "pictures a second (higher is better)": f"{PAGES / seconds:.0f}"}
        for way, seconds in best.items()
    ]
    full, half, told, own, _ = (best[way] for way in WAYS)
    return (
        f"{PAGES} JPEGs of {WIDTH} x {HEIGHT} pixels, as soft as scans, to {SIDE}, on one core.\n\n"
        f"{report.table(rows)}\n\n**{best[THEIRS] / own:.2f} times as fast as img2dataset's "
        f"resizer**; {own / told - 1:+.0%} of the time of the bare loop that decodes at the same "
        f"scales, {own / half - 1:+.0%} of the one at half scale, {own / full - 1:+.0%} of the one "
        f"in full. Against a full decode the worst picture has {psnr:.1f} dB."
    )


def quantise(root: Path) -> str:
    """Measure the ways to count colours on the first training shard."""
    path = shards.paths(root / "data" / "resized", "train")[0]
    pictures = shards.read(path)
    pixels = pictures[..., 0].size
    counter = colours.bins(10, 5)
    start = time.perf_counter()
    first = counter.count(pictures)
    once = time.perf_counter() - start
    reading, counting = [], []
    for _ in range(TURNS):
        start = time.perf_counter()
        hashlib.md5(path.read_bytes(), usedforsecurity=False)  # as whoever transfers it must
        reading.append(time.perf_counter() - start)
        start = time.perf_counter()
        again = counter.count(shards.read(path))
        counting.append(time.perf_counter() - start)
        if (again != first).any():
            raise SystemExit("the counts differ")
    ab = lab.rgb_to_lab(pictures[:: max(1, len(pictures) // 8)])[..., 1:].reshape(-1, 2)
    looped = _looped(ab[:: max(1, len(ab) // LOOPED)], counter.table.centres)
    rows = [
        {"way": way, "million pixels a second (higher is better)": f"{rate / 1e6:.3g}"}
        for way, rate in (
            ("a Python loop over pixels", looped),
            ("ours, first shard of a worker", pixels / once),
            ("ours, any other shard", pixels / min(counting)),
            ("reading the shard and its MD5", pixels / min(reading)),
        )
    ]
    return (
        f"A training shard of {len(pictures)} pictures of {pictures.shape[1]} pixels, on one "
        f"core.\n\n{report.table(rows)}\n\n**{pixels / min(counting) / looped:.0f} times as fast "
        "as the loop**, to the same counts."
    )


def _looped(ab: NDArray[np.float32], centres: NDArray[np.int64]) -> float:
    """Ask for the nearest bin pixel by pixel: pixels a second."""
    counts = np.zeros(len(centres), np.int64)
    start = time.perf_counter()
    for colour in ab:
        counts[((centres - colour) ** 2).sum(axis=1).argmin()] += 1
    return len(ab) / (time.perf_counter() - start)


def main(python: str, root: Path) -> None:
    """Measure and write both sections."""
    for name, text in (("Quantising", quantise(root)), ("Resizing", resize(python))):
        report.write_section(name, text)
        print(text, end="\n\n")


if __name__ == "__main__":
    keep_to(1)
    cv2.setNumThreads(1)
    if sys.argv[1] == "--turn":
        _, timed = (WAYS[sys.argv[2]](Path(sys.argv[3])) for _ in range(2))
        print(json.dumps(timed))
    else:
        main(sys.argv[1], Path(*sys.argv[2:]))
