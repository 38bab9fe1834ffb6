"""The studio in a real browser: from a click to the picture, an export, and opening a book.

    python -m benchmarks.studio [ROOT]

ROOT, the current folder if not given, holds the pipeline's model and its test split. The server and
Chromium share the cores that are measured.

- ``click``: from the moment that the browser gives a click, to the frame that shows the page with
  the hint. The page fits the window, so that picture has the pixels that the screen shows.
- ``export``: from the request for the page's file, in full and with a hint, to its last byte.
- ``book``: from choosing the file of a book to the list of all its pages; and the memory that the
  server has then.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from benchmarks import report
from benchmarks.paint import HEIGHT, WIDTH, grey, pages
from benchmarks.processes import CORES, keep_to

CLICKS = 50
EXPORTS = 5
BOOK = 200
"""Pages of the book that is opened."""

SCREEN: ViewportSize = {"width": 1280, "height": 800}

REST = 1500
"""Milliseconds for which the server has nothing to do before something is measured."""

PATIENCE = 120_000
"""Milliseconds after which something is wrong."""

WATCH = """() => {
    const stage = document.getElementById("stage");
    window.taken = [];
    let began = null;
    stage.addEventListener("pointerup", (event) => (began = event.timeStamp), { capture: true });
    stage.addEventListener("painted", () => {
        if (began === null) return;
        const start = began;
        began = null;
        // A task that a frame's callback asks for runs when the frame is drawn.
        requestAnimationFrame(() => setTimeout(() => window.taken.push(performance.now() - start)));
    });
}"""
"""Notes the milliseconds from each click to the frame that shows its picture."""

FETCHED = """async (path) => {
    const start = performance.now();
    const answer = await fetch(path);
    const size = (await answer.arrayBuffer()).byteLength;
    return answer.ok && size > 0 ? performance.now() - start : null;
}"""

LISTED = """(count) => void (window.listed = new Promise((done) => {
    const thumbs = document.getElementById("thumbs");
    const start = performance.now();
    const look = () => {
        if (thumbs.children.length < count) return requestAnimationFrame(look);
        setTimeout(() => done(performance.now() - start));
    };
    document.getElementById("files").addEventListener("change", look, { once: true });
}))"""
"""Notes the milliseconds from choosing a file to a list of so many pages, as ``listed``."""


@contextmanager
def studio(*arguments: object) -> Iterator[tuple[str, psutil.Process]]:
    """Run the studio, and give its address and its process."""
    command = [sys.executable, "-m", "colorize", "studio", "--no-browser", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": str(CORES)}
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        found = re.search(r"http://\S+", process.stdout.readline()) if process.stdout else None
        if found is None:
            raise SystemExit("the studio did not start")
        yield found[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def clicks(tab: Page, address: str, count: int) -> list[float]:
    """Set hints at places of the page, which has one at a time: milliseconds to each picture."""
    random = np.random.default_rng(0)
    tab.evaluate(WATCH)
    for number in range(count):
        tab.keyboard.press("Escape")
        tab.wait_for_timeout(REST)
        box = tab.locator("#sheet").bounding_box()
        if box is None:
            raise SystemExit("no page is shown")
        x, y = random.uniform(0.05, 0.95, 2)
        tab.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        came = partial(_came, tab, number + 1)
        _until(tab, came, "a click gave no picture")
        page = _page(tab, address)
        shown = tab.locator("#stage").get_attribute("data-after") or ""
        if len(page["hints"]) != 1 or not shown.endswith(f"painted-0?v={page['version']}"):
            raise SystemExit(f"click {number + 1} gave another picture than that of its hint")
        tab.wait_for_timeout(REST)
        if number < count - 1:
            tab.keyboard.press("Delete")
            _painted(tab, address, hints=0)
    taken: list[float] = tab.evaluate("taken")
    if len(taken) != count:
        raise SystemExit(f"{len(taken)} pictures came of {count} clicks")
    return taken


def exports(tab: Page, address: str, count: int) -> list[float]:
    """Export the page in full: milliseconds of each."""
    path = f"api/pages/{_page(tab, address)['id']}/file/painted"
    found: list[float | None] = [tab.evaluate(FETCHED, path) for _ in range(count)]
    taken = [each for each in found if each is not None]
    if len(taken) != count:
        raise SystemExit("an export failed")
    return taken


def opening(tab: Page, book: Path, count: int) -> float:
    """Choose a book of ``count`` pages: milliseconds until all are listed."""
    tab.evaluate(LISTED, count)
    tab.locator("#files").set_input_files(book)
    taken: float = tab.evaluate("listed")
    return taken


def _page(tab: Page, address: str) -> dict[str, Any]:
    """What the server says of the only page."""
    (found,) = tab.request.get(f"{address}api/project").json()["pages"]
    page: dict[str, Any] = found
    return page


def _painted(tab: Page, address: str, *, hints: int) -> None:
    """Wait until the page is painted with so many hints."""

    def holds() -> bool:
        page = _page(tab, address)
        return page["state"] == "painted" and len(page["hints"]) == hints

    _until(tab, holds, "the page was not painted")


def _came(tab: Page, count: int) -> bool:
    """Whether so many clicks have given their pictures."""
    taken: int = tab.evaluate("taken.length")
    return taken >= count


def _until(tab: Page, holds: Callable[[], bool], otherwise: str) -> None:
    """Wait until something holds."""
    for _ in range(PATIENCE // 50):
        if holds():
            return
        tab.wait_for_timeout(50)
    raise SystemExit(otherwise)


def measure(root: Path, folder: Path, *, count: int = CLICKS, book: int = BOOK) -> dict[str, float]:
    """Measure everything, in ``folder``: milliseconds, and MiB of memory."""
    page = io.BytesIO()
    Image.fromarray(grey(next(pages(root)))).save(page, "PNG")
    (folder / "page.png").write_bytes(page.getvalue())
    with zipfile.ZipFile(folder / "book.cbz", "w") as file:
        for number in range(book):
            file.writestr(f"{number:03}.png", page.getvalue())
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    model = ("--model", root / "models" / "colorizer.safetensors")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        with studio(*model, folder / "page.png", "--folder", folder / "one") as (address, _):
            tab = chromium.new_page(viewport=SCREEN)
            tab.set_default_timeout(PATIENCE)
            tab.goto(address)
            _painted(tab, address, hints=0)
            taken = clicks(tab, address, count)
            found = {"click": median(taken), "click 95": quantiles(taken, n=20)[-1]}
            found["export"] = median(exports(tab, address, EXPORTS))
            tab.close()
        with studio(*model, "--folder", folder / "many") as (address, process):
            tab = chromium.new_page(viewport=SCREEN)
            tab.set_default_timeout(PATIENCE)
            tab.goto(address)
            tab.locator("#empty").wait_for()
            tab.wait_for_timeout(REST)
            found["book"] = opening(tab, folder / "book.cbz", book)
            found["memory"] = process.memory_info().rss / 2**20
        chromium.close()
    return found


def main(root: Path) -> None:
    """Measure and write the section."""
    keep_to(CORES)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(root, Path(folder))
    rows = [
        {"what": f"from a click to the picture, median of {CLICKS}", "ms": f"{found['click']:.0f}"},
        {"what": "the same, 95 % of the clicks at most", "ms": f"{found['click 95']:.0f}"},
        {"what": f"export of the page, median of {EXPORTS}", "ms": f"{found['export']:.0f}"},
        {"what": f"{BOOK} pages of a book, until all are listed", "ms": f"{found['book']:.0f}"},
    ]
    text = (
        f"A page of {WIDTH} x {HEIGHT} pixels made of pictures of the test split, in Chromium at "
        f"{SCREEN['width']} x {SCREEN['height']}, on {CORES} cores that it shares with the server. "
        f"The server has {found['memory']:.0f} MiB when the book is open.\n\n{report.table(rows)}"
    )
    report.write_section("The studio", text)
    print(text)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
