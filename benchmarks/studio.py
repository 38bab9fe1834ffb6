"""The studio in a real browser: from a click to the picture, an export, and opening a book.

    python -m benchmarks.studio [ROOT]

ROOT, the current folder if not given, holds the pipeline's model and its test split. The server and
Chromium share the cores that are measured.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks import report
from benchmarks.paint import grey, pages
from benchmarks.processes import CORES, keep_to

CLICKS = 50
EXPORTS = 5
BOOK = 200
"""Pages of the book that is opened."""

PATIENCE = 120_000
"""Milliseconds after which something is wrong."""


@contextmanager
def studio(root: Path, *arguments: object) -> Iterator[str]:
    """Run the studio, and give its address."""
    command = [sys.executable, "-m", "colorize", "studio", "--no-browser"]
    command += ["--model", str(root / "models" / "colorizer.safetensors"), *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": str(CORES)}
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        found = re.search(r"http://\S+", process.stdout.readline()) if process.stdout else None
        if found is None:
            raise SystemExit("the studio did not start")
        yield found[0]
    finally:
        process.terminate()
        process.wait()


def clicks(tab: Page, count: int) -> list[float]:
    """Set hints at places of the page: milliseconds from each click to its picture."""
    random = np.random.default_rng(0)
    box = tab.locator("#sheet").bounding_box()
    if box is None:
        raise SystemExit("no page is shown")
    for number in range(count):
        tab.keyboard.press("Escape")
        x, y = random.uniform(0.05, 0.95, 2)
        tab.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        deadline = time.monotonic() + PATIENCE / 1000
        while len(_taken(tab)) <= number:
            if time.monotonic() > deadline:
                raise SystemExit("a click gave no picture")
            tab.wait_for_timeout(50)
        tab.wait_for_timeout(500)
        tab.keyboard.press("Delete")  # each click meets a page without hints, and a server at rest
        tab.wait_for_timeout(500)
        tab.locator("#thumbs li[data-state=painted]").wait_for()
        tab.wait_for_timeout(500)
    return _taken(tab)


def _taken(tab: Page) -> list[float]:
    found: list[float] = tab.evaluate(
        "performance.getEntriesByName('hint').map((entry) => entry.duration)"
    )
    return found


def measure(root: Path, folder: Path) -> dict[str, float]:
    """Measure everything, in ``folder``: milliseconds."""
    page = io.BytesIO()
    Image.fromarray(grey(next(pages(root)))).save(page, "PNG")
    (folder / "page.png").write_bytes(page.getvalue())
    with zipfile.ZipFile(folder / "book.cbz", "w") as book:
        for number in range(BOOK):
            book.writestr(f"{number:03}.png", page.getvalue())
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1280, "height": 800})
        tab.set_default_timeout(PATIENCE)
        with studio(root, folder / "page.png", "--folder", folder / "one") as address:
            tab.goto(address)
            tab.locator("#thumbs li[data-state=painted]").wait_for()
            tab.wait_for_timeout(2000)
            found = {"click": median(clicks(tab, CLICKS))}
            page_id = tab.request.get(f"{address}api/project").json()["pages"][0]["id"]
            exports = []
            for _ in range(EXPORTS):
                start = time.perf_counter()
                tab.request.get(f"{address}api/pages/{page_id}/file/painted")
                exports.append(1000 * (time.perf_counter() - start))
            found["export"] = median(exports)
        with studio(root, "--folder", folder / "many") as address:
            tab.goto(address)
            tab.locator("#empty").wait_for()
            start = time.perf_counter()
            tab.locator("#files").set_input_files(folder / "book.cbz")
            tab.locator(f"#thumbs li:nth-child({BOOK})").wait_for()
            found["book"] = 1000 * (time.perf_counter() - start)
        chromium.close()
    return found


def main(root: Path) -> None:
    """Measure and write the section."""
    keep_to(CORES)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(root, Path(folder))
    rows = [
        {"what": f"from a click to the picture, median of {CLICKS}", "ms": f"{found['click']:.0f}"},
        {"what": f"export of the page, median of {EXPORTS}", "ms": f"{found['export']:.0f}"},
        {"what": f"{BOOK} pages of a book, until all are listed", "ms": f"{found['book']:.0f}"},
    ]
    text = (
        "A page of 1200 x 1700 pixels made of pictures of the test split, in Chromium at "
        f"1280 x 800, on {CORES} cores that it shares with the server.\n\n{report.table(rows)}"
    )
    report.write_section("The studio", text)
    print(text)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
