"""Makes the README's pictures of the demo: a page three times, and the studio with it.

    python -m benchmarks.pictures DEMO OUT

The studio is looked at in Chromium; without it, its picture stays as it is.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from benchmarks.studio import studio as serving
from colorize import files
from colorize.paint import hints
from colorize.studio.project import Project

WAYS = ("pages", "painted", "hinted")
"""Folders of the demo, from left to right."""
PAGE = "page-1.png"
SIZE, GAP, COLOURS = (420, 594), 10, 256
CHOSEN = 9
"""Number of the hint whose colours are shown."""


def beside(demo: Path) -> Image.Image:
    """Lay the page of each way beside the others."""
    width, height = SIZE
    step = width + GAP
    sheet = Image.new("RGB", (step * len(WAYS) - GAP, height), "white")
    for number, way in enumerate(WAYS):
        page = Image.open(demo / way / PAGE).convert("RGB")
        sheet.paste(page.resize(SIZE, Image.Resampling.LANCZOS), (step * number, 0))
    return sheet


def studio(demo: Path, browser: str) -> Image.Image:
    """Open the pages and their hints in the studio, and click on a hint."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        given = hints.read(demo / "hints.json")
        pages = [page for file in _pages(demo) for page in project.add_file(file, file.name)]
        for page in pages:
            project.set_hints(page, given.get(page.name, ()))
        with serving("--folder", folder) as (address, _), sync_playwright() as playwright:
            opened = playwright.chromium.launch(
                executable_path=browser, args=["--no-sandbox"]
            ).new_page(viewport={"width": 1280, "height": 800})
            opened.goto(address)
            painted = f"{len(pages)} of {len(pages)} painted"
            expect(opened.locator("#count")).to_have_text(painted, timeout=120_000)
            opened.locator("#marks button").nth(CHOSEN).click()
            expect(opened.locator("#likely button").first).to_be_visible(timeout=30_000)
            return Image.open(io.BytesIO(opened.screenshot()))


def _pages(demo: Path) -> list[Path]:
    return sorted((demo / WAYS[0]).iterdir())


def write(path: Path, picture: Image.Image) -> None:
    """Write a PNG with a palette."""
    out = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    files.write_bytes(path, out.getvalue())


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    write(target / "page.png", beside(source))
    found = shutil.which("chromium") or shutil.which("chrome")
    if found:
        write(target / "studio.png", studio(source, found))
