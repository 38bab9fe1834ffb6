"""The studio as people meet it: in Chromium, by mouse, by keyboard and on a phone.

No test of it runs where there is no Chromium or no playwright.
"""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorize.__main__ import main
from tests.models import tiny_model
from tests.studio.conftest import BROWSER, Served
from tests.studio.test_raters import fill

pytest.importorskip("playwright", reason="playwright is not installed")
if BROWSER is None:
    pytest.skip("no Chromium here: apt install chromium", allow_module_level=True)

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
NASTY = "z<img src=x onerror=document.title='hacked'>.png"
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
"""axe-core, which looks for barriers."""

Draw = Callable[..., bytes]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page; whatever it complains of, or asks of another machine, fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(url: str, *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        origin = url.split("/", 3)[2]
        page.on(
            "request", lambda asked: f"//{origin}/" in asked.url or complaints.append(asked.url)
        )
        page.goto(url)
        page.wait_for_function("() => document.querySelector('#count')?.textContent !== ''")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refusal is told on the page; Chromium tells of it in the console, too.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture(scope="module")
def running(
    serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory, model_path: Path
) -> Served:
    return serve("studio", "--folder", tmp_path_factory.mktemp("work"), "--model", model_path)


@pytest.fixture
def served(running: Served) -> Served:
    """A studio without pages."""
    assert running.client.delete("api/pages").status_code == 204
    return running


@pytest.fixture
def alone(tmp_path: Path, serve: Callable[..., Served], model_path: Path) -> Served:
    """A studio of one test, whose colours no other test finds."""
    return serve("studio", "--folder", tmp_path, "--model", model_path)


def drop(page: Page, files: list[tuple[str, bytes]]) -> None:
    """Drop files on the page, as a hand does."""
    given = [{"name": name, "bytes": list(content)} for name, content in files]
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const { name, bytes } of files) {
                transfer.items.add(new File([new Uint8Array(bytes)], name));
            }
            return transfer;
        }""",
        given,
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", kind, {"dataTransfer": transfer})


def ready(page: Page, count: int) -> None:
    expect(page.locator("#count")).to_have_text(f"{count} of {count} painted")
    expect(page.locator("#after")).to_have_attribute("src", re.compile("view/"))


def click(page: Page, x: float, y: float) -> None:
    """Click at a share of the painted page."""
    box = page.locator("#sheet").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def saved(served: Served, count: int, *, page: int = 0) -> list[dict[str, Any]]:
    """The page's hints, once the server has as many."""
    for _ in range(300):
        hints: list[dict[str, Any]] = served.project()["pages"][page]["hints"]
        if len(hints) == count:
            return hints
        time.sleep(0.1)
    raise AssertionError(f"{hints} are not {count} hints")


def until(served: Served, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The page's only hint, once something holds of it."""
    for _ in range(300):
        (hint,) = saved(served, 1)
        if holds(hint):
            return hint
        time.sleep(0.1)
    raise AssertionError(f"it does not hold of {hint}")


def marks(page: Page) -> Any:
    return page.locator("#marks button")


def download(page: Page, selector: str) -> bytes:
    with page.expect_download() as expected:
        page.click(selector)
    return Path(expected.value.path()).read_bytes()


def test_from_drop_to_export(
    served: Served, opened: Callable[..., Page], page: Draw, tmp_path: Path, model_path: Path
) -> None:
    tab = opened(served.url)
    expect(tab.locator("#empty")).to_be_visible()
    drop(tab, [("10.png", page(1, 300, 200)), ("9.png", page(2, 300, 200)), (NASTY, page(3))])
    ready(tab, 3)
    assert tab.locator("#thumbs .name").all_text_contents() == ["9.png", "10.png", NASTY]
    assert tab.title() == "colorize studio"

    click(tab, 0.5, 0.3)
    expect(marks(tab)).to_have_count(1)
    expect(tab.locator("#popover")).to_be_visible()
    expect(tab.locator("#likely button")).not_to_have_count(0)
    wanted = tab.locator("#likely button").last.get_attribute("data-color")
    tab.locator("#likely button").last.click()
    hint = until(served, lambda hint: hint["color"] == wanted)
    assert (hint["x"], hint["y"]) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.3, abs=0.01))

    tab.keyboard.press("Escape")
    click(tab, 0.3, 0.8)
    saved(served, 2)
    tab.click("#undo")
    assert len(saved(served, 1)) == 1
    expect(marks(tab)).to_have_count(1)
    tab.click("#redo")
    expect(marks(tab)).to_have_count(2)
    saved(served, 2)

    tab.click("#next")
    expect(tab.locator("#where b")).to_have_text("10.png")
    expect(marks(tab)).to_have_count(0)
    tab.reload()
    expect(marks(tab)).to_have_count(2)
    expect(tab.locator("#undo")).to_be_enabled()

    tab.click("#export")
    painted = download(tab, "#save-page")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "9.png").write_bytes(page(2, 300, 200))
    hints = Path(served.project()["folder"]) / "hints.json"
    look = ["--model", model_path, "--hints", hints]
    assert main([str(part) for part in (folder, "-o", tmp_path / "out", *look)]) == 0
    assert painted == (tmp_path / "out" / "9.png").read_bytes()
    with Image.open(io.BytesIO(download(tab, "#save-layer"))) as image:
        assert (image.mode, image.size) == ("RGBA", (200, 300))
    with zipfile.ZipFile(io.BytesIO(download(tab, "#bind"))) as book:
        assert book.namelist()[:2] == ["9.png", "10.png"]
        assert book.read("9.png") == painted
    given = json.loads(download(tab, "#save-hints"))
    assert [hint["page"] for hint in given["hints"]] == ["9.png", "9.png"]
    assert "--hints" in tab.locator("#command").inner_text()


def test_hints_are_dragged_and_deleted(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    click(tab, 0.5, 0.3)
    saved(served, 1)
    tab.keyboard.press("Escape")
    box, sheet = marks(tab).first.bounding_box(), tab.locator("#sheet").bounding_box()
    assert box is not None
    assert sheet is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(sheet["x"] + sheet["width"] * 0.4, sheet["y"] + sheet["height"] * 0.6, steps=6)
    tab.mouse.move(sheet["x"] + sheet["width"] * 0.25, sheet["y"] + sheet["height"] * 0.8, steps=6)
    tab.mouse.up()
    hint = until(served, lambda hint: abs(hint["x"] - 0.25) < 0.01)
    assert hint["y"] == pytest.approx(0.8, abs=0.01)
    tab.click("#undo")  # a drag is one step
    expect(marks(tab)).to_have_count(1)
    until(served, lambda hint: abs(hint["x"] - 0.5) < 0.01)
    marks(tab).first.click()
    tab.click("#delete")
    assert saved(served, 0) == []


def test_by_keyboard_alone(served: Served, opened: Callable[..., Page], page: Draw) -> None:
    for number in (1, 2):
        served.add(f"{number}.png", page(number, 300, 200))
    tab = opened(served.url)
    ready(tab, 2)
    for _ in range(40):  # Tab reaches the page
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "stage":
            break
    assert tab.evaluate("document.activeElement.id") == "stage"
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#cursor")).to_have_js_property("hidden", False)
    expect(tab.locator("#status")).to_have_text(re.compile(r"Point at \d+ % across"))
    tab.keyboard.press("Enter")
    (first,) = saved(served, 1)
    expect(tab.locator("#likely button")).not_to_have_count(0)
    tab.keyboard.press("1")
    for _ in range(20):
        tab.keyboard.press("Tab")
        if "mark" in tab.evaluate("document.activeElement.className"):
            break
    tab.keyboard.press("Shift+ArrowDown")
    hint = until(served, lambda hint: hint["y"] != first["y"])
    assert hint["y"] == pytest.approx(first["y"] + 0.02, abs=1e-4)
    tab.keyboard.press("Delete")
    saved(served, 0)
    tab.keyboard.press("Control+z")
    saved(served, 1)
    tab.keyboard.press("Control+Shift+Z")
    saved(served, 0)
    tab.keyboard.press("PageDown")
    expect(tab.locator("#where b")).to_have_text("2.png")
    tab.keyboard.press("b")
    expect(tab.locator("#divider")).to_be_visible()
    expect(tab.locator("#before")).to_be_visible()
    tab.focus("#divider")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#divider")).to_have_attribute("aria-valuenow", "52")
    tab.keyboard.press("+")
    tab.keyboard.press("?")
    expect(tab.locator("#help-dialog")).to_be_visible()


def test_two_browsers_see_one_another(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    served.add("1.png", page(1, 300, 200))
    one, other = opened(served.url), opened(served.url)
    for tab in (one, other):
        ready(tab, 1)
    click(one, 0.5, 0.3)
    expect(marks(other)).to_have_count(1)
    saved(served, 1)
    click(other, 0.3, 0.8)
    expect(marks(one)).to_have_count(2)
    served.add("2.png", page(2))
    expect(one.locator("#thumbs li")).to_have_count(2)
    expect(other.locator("#thumbs li")).to_have_count(2)


def test_sliders_paint_again(served: Served, opened: Callable[..., Page], page: Draw) -> None:
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    before = tab.locator("#after").get_attribute("src")
    tab.focus("#saturation")
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
    expect(tab.locator("#after")).not_to_have_attribute("src", before or "")
    assert served.project()["settings"]["saturation"] == pytest.approx(1.2)
    tab.click("#reset")
    expect(tab.locator("#saturation-value")).to_have_text("1.00")
    tab.focus("#adjustment")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#adjustment-value")).to_have_text("0.05")
    tab.click("#export")
    expect(tab.locator("#command")).to_contain_text("--adjustment 0.05")
    for _ in range(300):  # what a slider says is sent when it rests
        if served.project()["settings"]["adjustment"] is not None:
            break
        time.sleep(0.1)
    assert served.project()["settings"]["adjustment"] == pytest.approx(0.05)


@pytest.mark.slow
def test_an_answer_that_is_late_undoes_no_setting(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    served.add("1.png", page(1))
    tab = opened(served.url)
    ready(tab, 1)
    held: list[Route] = []
    tab.route("**/api/project", lambda route: held.append(route))

    def asked(count: int) -> None:
        for _ in range(PATIENCE // 50):
            if len(held) >= count:
                return
            tab.wait_for_timeout(50)
        raise AssertionError("the page does not ask for the project")

    old = served.client.get("api/project").text
    served.add("2.png", page(2))
    asked(1)
    tab.focus("#saturation")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#saturation-value")).to_have_text("1.05")
    held[0].fulfill(body=old, content_type="application/json")
    asked(2)  # because the server told of the new setting
    expect(tab.locator("#saturation-value")).to_have_text("1.05", timeout=1)
    assert served.project()["settings"]["saturation"] == pytest.approx(1.05)
    held[1].continue_()
    tab.unroute("**/api/project")
    ready(tab, 2)


def test_colours_are_picked(served: Served, opened: Callable[..., Page], page: Draw) -> None:
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    click(tab, 0.5, 0.3)
    (hint,) = saved(served, 1)
    tab.fill("#color", "#1a2b3c")
    until(served, lambda hint: hint["color"] == "#1a2b3c")
    tab.click("#pick")
    click(tab, 0.02, 0.98)  # of the paper beside the drawing
    taken = until(served, lambda hint: hint["color"] != "#1a2b3c")
    assert (taken["x"], taken["y"]) == (hint["x"], hint["y"])
    assert min(bytes.fromhex(taken["color"][1:])) > 200
    expect(tab.locator("#pick")).to_have_attribute("aria-pressed", "false")


def shown_width(tab: Page, width: int) -> None:
    """Wait for a picture of the painted page that is so many pixels wide."""
    expect(tab.locator("#after")).to_have_js_property("naturalWidth", width)


@pytest.mark.slow
def test_pictures_are_as_large_as_what_is_shown(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    served.add("1.png", page(1, 1700, 1200))
    small, medium, large = (
        round(1200 * (pixels / (1200 * 1700)) ** 0.5) for pixels in (500_000, 1_000_000, 2_000_000)
    )
    laptop = opened(served.url)
    ready(laptop, 1)
    shown_width(laptop, small)
    # A phone has several screen pixels for a pixel of a style sheet.
    phone = opened(served.url, width=390, height=844, device_scale_factor=2, has_touch=True)
    shown_width(phone, medium)
    wide = opened(served.url, width=2560, height=1440)
    shown_width(wide, large)
    asked: list[str] = []
    laptop.on("request", lambda request: asked.append(request.url))
    for _ in range(4):
        laptop.click("#in")
    shown_width(laptop, 1200)  # its own size
    before = laptop.locator("#sheet").bounding_box()
    laptop.mouse.move(600, 400)
    laptop.mouse.wheel(0, 120)
    laptop.mouse.down()
    laptop.mouse.move(640, 380, steps=3)
    laptop.mouse.up()
    assert laptop.locator("#sheet").bounding_box() != before
    laptop.click("#fit")
    assert served.project()["pages"][0]["hints"] == []
    click(laptop, 0.5, 0.3)
    shown_width(laptop, small)  # at once
    assert not any("painted-5" in url for url in asked)


@pytest.mark.slow
def test_a_folder_and_a_book_are_chosen(
    served: Served, opened: Callable[..., Page], page: Draw, tmp_path: Path
) -> None:
    inside = tmp_path / "chapter" / "more"
    inside.mkdir(parents=True)
    (tmp_path / "chapter" / "1.png").write_bytes(page(1))
    (inside / "2.png").write_bytes(page(2))
    (inside / "notes.txt").write_text("none of a page")
    tab = opened(served.url)
    tab.set_input_files("#directory", tmp_path / "chapter")
    ready(tab, 2)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for number in (3, 4):
            book.writestr(f"{number}.png", page(number))
    drop(tab, [("book.cbz", out.getvalue())])
    ready(tab, 4)
    names = [one["name"] for one in served.project()["pages"]]
    assert names == ["1.png", "more/2.png", "book.cbz/3.png", "book.cbz/4.png"]
    expect(tab.locator(".toast")).to_have_count(0)


@pytest.mark.slow
def test_a_colour_book_is_loaded(alone: Served, opened: Callable[..., Page], page: Draw) -> None:
    (one,) = alone.add("1.png", page(1, 300, 200)).json()
    told = {"name": NASTY, "hint": {"x": 0.5, "y": 0.3, "color": "#c83232"}}
    (swatch,) = alone.client.post(f"api/pages/{one}/swatches", json=told).json()["swatches"]
    book = alone.client.get("api/saved/book.safetensors").content
    alone.client.delete(f"api/swatches/{swatch['id']}")
    tab = opened(alone.url)
    expect(tab.locator("#book-save")).to_be_hidden()
    given = {"name": "a.safetensors", "mimeType": "", "buffer": book}
    tab.set_input_files("#book-files", given)
    expect(tab.locator("#swatches input")).to_have_value(NASTY)
    assert download(tab, "#book-save") == book
    tab.click("#swatches .icon")
    tab.click("#ask-yes")
    expect(tab.locator("#no-swatches")).to_be_visible()
    drop(tab, [("b.safetensors", book), ("c.gpl", b"GIMP Palette\n255 0 0\n")])
    expect(tab.locator("#swatches input")).to_have_value(NASTY)
    expect(tab.locator("#palette button")).to_have_count(1)
    drop(tab, [("d.safetensors", b"no book")])
    expect(tab.locator(".toast.bad")).to_contain_text("d.safetensors is no readable colour book")


@pytest.mark.slow
def test_a_server_that_is_killed_between_two_clicks(
    tmp_path: Path,
    serve: Callable[..., Served],
    model_path: Path,
    opened: Callable[..., Page],
    page: Draw,
) -> None:
    served = serve("studio", "--folder", tmp_path, "--model", model_path)
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    click(tab, 0.5, 0.3)
    (first,) = saved(served, 1)
    served.kill()
    expect(tab.locator(".toast.bad")).to_contain_text("The server does not answer")
    again = serve("studio", "--folder", tmp_path, "--model", model_path)
    tab = opened(again.url)
    ready(tab, 1)
    expect(marks(tab)).to_have_count(1)
    click(tab, 0.3, 0.8)
    assert saved(again, 2)[0] == first


def test_hints_that_cannot_be_saved_wait_until_they_can(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    full = {"error": "no space left on the disk"}
    tab.route("**/hints", lambda route: route.fulfill(status=507, json=full))
    click(tab, 0.5, 0.3)
    expect(tab.locator(".toast.bad")).to_contain_text("not saved yet. no space left")
    tab.unroute("**/hints")
    served.add("2.png", page(2, 300, 200))  # of which the page hears
    saved(served, 1)
    expect(marks(tab)).to_have_count(1)


def test_the_page_beside_a_removed_one_is_shown(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    for number in (1, 2, 3):
        served.add(f"{number}.png", page(number, 300, 200))
    tab = opened(served.url)
    ready(tab, 3)
    for _ in range(2):
        tab.keyboard.press("PageDown")
    expect(tab.locator("#where b")).to_have_text("3.png")
    expect(tab.locator("#after")).to_have_attribute("src", re.compile("view/"))
    tab.click("#remove")
    tab.click("#ask-yes")
    expect(tab.locator("#where b")).to_have_text("2.png")


def test_by_touch(served: Served, opened: Callable[..., Page], page: Draw) -> None:
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url, width=390, height=844, has_touch=True, is_mobile=True)
    ready(tab, 1)
    box = tab.locator("#sheet").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3
    tab.touchscreen.tap(x, y)
    saved(served, 1)
    expect(tab.locator("#popover")).to_be_visible()
    tab.tap("#done")
    y += 100  # beside the hint
    session = tab.context.new_cdp_session(tab)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (x, y))
    touch("touchStart", (x, y), (x + 20, y + 20))
    for step in range(1, 6):
        touch("touchMove", (x, y), (x + 20 + 12 * step, y + 20 + 12 * step))
    touch("touchEnd")
    pinched = tab.locator("#sheet").bounding_box()
    assert pinched is not None
    assert pinched["width"] > 2 * box["width"]
    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x + 8 * step, y))
    touch("touchEnd")
    moved = tab.locator("#sheet").bounding_box()
    assert moved is not None
    assert moved["x"] > pinched["x"] + 20
    assert len(saved(served, 1)) == 1


def test_another_language_is_one_more_file(served: Served, browser: Browser) -> None:
    words = served.client.get("static/strings.en.json").json()
    assert served.client.get("static/languages.json").json() == ["en"]
    context = browser.new_context(locale="eo-EO")
    tab = context.new_page()
    tab.route("**/static/languages.json", lambda route: route.fulfill(json=["en", "eo"]))
    other = words | {"emptyTitle": "Demetu paĝojn ĉi tie"}
    tab.route("**/static/strings.eo.json", lambda route: route.fulfill(json=other))
    tab.goto(served.url)
    expect(tab.locator("#empty h2")).to_have_text("Demetu paĝojn ĉi tie")
    assert tab.locator("html").get_attribute("lang") == "eo"
    context.close()


def test_a_page_that_cannot_be_painted_says_why(
    served: Served, opened: Callable[..., Page], page: Draw
) -> None:
    torn = page(1, 300, 200)
    served.add("torn.png", torn[: len(torn) // 2])
    served.add("good.png", page(2))
    tab = opened(served.url)
    expect(tab.locator("#notice")).to_contain_text("cannot be painted")
    expect(tab.locator("#sheet")).to_be_hidden()
    tab.click("#next")
    ready(tab, 2)
    expect(tab.locator("#notice")).to_be_hidden()
    drop(tab, [("words.png", b"words"), ("book.cbr", b"Rar!\x1a\x07\x00")])
    expect(tab.locator(".toast.bad")).to_have_count(2)
    expect(tab.locator("#toasts")).to_contain_text("book.cbr was not added. ")


@pytest.mark.slow
def test_colours_are_named_used_and_removed(
    tmp_path: Path, alone: Served, opened: Callable[..., Page], page: Draw
) -> None:
    alone.add("1.png", page(1, 300, 200))
    tab = opened(alone.url)
    ready(tab, 1)
    expect(tab.locator("#no-swatches")).to_be_visible()
    expect(tab.locator("#no-palette")).to_be_visible()
    click(tab, 0.5, 0.3)
    (hint,) = saved(alone, 1)
    tab.fill("#hint-name", NASTY)
    tab.keyboard.press("Enter")
    expect(tab.locator("#swatches input")).to_have_value(NASTY)
    assert [one["color"] for one in alone.project()["swatches"]] == [hint["color"]]
    tab.fill("#swatches input", "coat of Ann")
    tab.keyboard.press("Tab")

    tab.fill("#palette-text", "#c83232 204080")
    tab.keyboard.press("Enter")
    expect(tab.locator("#palette button")).to_have_count(2)
    tab.set_input_files(
        "#palette-files",
        {"name": "a.gpl", "mimeType": "", "buffer": b"GIMP Palette\n255 0 0\n0 255 0\n0 0 255\n"},
    )
    tab.click("#ask-yes")  # the other palette goes
    expect(tab.locator("#palette button")).to_have_count(3)
    tab.locator("#palette button").first.click()  # a colour for the hint that is chosen
    until(alone, lambda hint: hint["color"] == "#ff0000")
    tab.locator("#palette button").last.focus()
    tab.keyboard.press("Delete")
    expect(tab.locator("#palette button")).to_have_count(2)
    tab.fill("#palette-text", "blue")
    tab.keyboard.press("Enter")
    expect(tab.locator(".toast.bad")).to_contain_text("is no colour")

    tab.uncheck("#book")
    tab.reload()
    expect(tab.locator("#swatches input")).to_have_value("coat of Ann")
    expect(tab.locator("#palette button")).to_have_count(2)
    expect(tab.locator("#book")).not_to_be_checked()
    tab.check("#book")
    ready(tab, 1)
    tab.click("#export")
    for option in ("--model", "--palette", "--book"):
        expect(tab.locator("#command")).to_contain_text(option)
    layers = download(tab, "#save-layers")
    one = alone.project()["pages"][0]["id"]
    assert layers == alone.client.get(f"api/pages/{one}/file/layers").content
    for name in ("palette.json", "book.safetensors"):
        assert download(tab, f"#export-dialog [href$='{name}']") == (tmp_path / name).read_bytes()
    tab.locator("#export-dialog button.primary").click()
    tab.click("#swatches .icon")
    tab.click("#ask-yes")
    tab.click("#palette-clear")
    tab.click("#ask-yes")
    expect(tab.locator("#no-swatches")).to_be_visible()
    expect(tab.locator("#no-palette")).to_be_visible()
    assert not (tmp_path / "book.safetensors").exists()


@pytest.fixture
def three(served: Served) -> Served:
    """A studio with three pages."""
    for number in range(3):
        out = io.BytesIO()
        Image.new("L", (200, 300), 60 * number + 60).save(out, "PNG")
        served.add(f"{number}.png", out.getvalue())
    return served


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [
        *((390, 844, "light"), (1280, 800, "dark")),
        *(
            pytest.param(*others, marks=pytest.mark.slow)
            for others in (
                *((390, 844, "dark"), (1280, 800, "light")),
                *((2560, 1440, "light"), (2560, 1440, "dark")),
            )
        ),
    ],
)
def test_everything_is_within_reach(
    three: Served, opened: Callable[..., Page], width: int, height: int, scheme: str
) -> None:
    phone = width < 600
    tab = opened(three.url, width=width, height=height, color_scheme=scheme, has_touch=phone)
    ready(tab, 3)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    stage = tab.locator("#stage").bounding_box()
    assert stage is not None
    assert stage["height"] > 0.6 * height
    if phone:
        sizes = tab.evaluate(
            """[...document.querySelectorAll("button")].filter((one) => one.offsetParent)
               .map((one) => Math.min(one.offsetWidth, one.offsetHeight))"""
        )
        assert min(sizes) >= 44
        tab.tap("#toggle")
        expect(tab.locator("#temperature")).to_be_in_viewport()
        tab.tap("#toggle")
    for selector in ("#undo", "#compare", "#add", "#export", "#help", "#in"):
        expect(tab.locator(selector)).to_be_in_viewport()
    axe(tab)
    tab.click("#export")
    axe(tab)


def axe(tab: Page) -> None:
    """Find nothing serious with axe-core."""
    # The page's policy lets no other script in, so this goes around it.
    tab.evaluate(f"{AXE};0")
    found = tab.evaluate("axe.run().then(({ violations }) => violations)")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []


def test_axe_finds_what_is_wrong(opened: Callable[..., Page], three: Served) -> None:
    tab = opened(three.url)
    ready(tab, 3)
    axe(tab)
    tab.evaluate("document.querySelector('#reset').replaceChildren()")
    with pytest.raises(AssertionError, match="button-name"):
        axe(tab)


@pytest.mark.slow
def test_the_test_of_people_runs_from_first_to_last_pair(
    tmp_path: Path, serve: Callable[..., Served], opened: Callable[..., Page], drawing: Any
) -> None:
    folder = fill(tmp_path / "pairs", drawing, count=8)
    out = folder / "people.json"
    served = serve(
        *("real-or-fake", "--pairs", folder, "--out", out, "--practice", 2, "--trials", 3)
    )
    tab = opened(served.url)
    axe(tab)
    tab.click("#begin")
    for number in range(5):
        expect(tab.locator("#stand")).to_contain_text(f"pair {number + 1} of 5", ignore_case=True)
        expect(tab.locator("#say-left")).to_be_enabled(timeout=PATIENCE)
        expect(tab.locator("#left")).to_be_hidden()
        tab.keyboard.press("ArrowLeft")
        if number < 2:
            expect(tab.locator("#left")).to_be_visible()
            expect(tab.locator("#told")).to_have_text(re.compile("Right|other one"))
            tab.click("#go-on")
        if number == 2:
            expect(tab.locator("#stand")).to_contain_text("4 of 5")
            tab.reload()  # the session is resumed where it was
            tab.click("#begin")
    expect(tab.locator("#end")).to_be_visible(timeout=PATIENCE)
    assert json.loads(out.read_text("utf-8"))["ours"]["sessions"] == 1


@pytest.mark.slow
def test_the_temperature_shown_is_that_of_the_kind_of_page(
    tmp_path: Path, serve: Callable[..., Served], opened: Callable[..., Page], encoded: Draw
) -> None:
    model = tiny_model("unet", domains=("grey", "ink"), temperature=0.8)
    model.save(tmp_path / "m.safetensors")
    served = serve("studio", "--folder", tmp_path / "work", "--model", tmp_path / "m.safetensors")
    print_ = np.full((200, 150), 255, np.uint8)
    print_[::6] = print_[:, ::9] = 0
    grey = np.tile(np.linspace(60, 200, 150).astype(np.uint8), (200, 1))
    for name, plane in (("1.png", print_), ("2.png", grey)):
        served.add(name, encoded(plane, "PNG"))
    tab = opened(served.url)
    ready(tab, 2)
    expect(tab.locator("#temperature-value")).to_have_text("0.20")
    tab.locator("#thumbs li").nth(1).click()
    expect(tab.locator("#temperature-value")).to_have_text("0.80")


@pytest.mark.slow
def test_hues_are_for_models_that_know_inked_pages(
    tmp_path: Path, serve: Callable[..., Served], opened: Callable[..., Page], page: Draw
) -> None:
    tiny_model("unet", domains=("grey", "ink")).save(tmp_path / "m.safetensors")
    served = serve("studio", "--folder", tmp_path / "work", "--model", tmp_path / "m.safetensors")
    served.add("1.png", page(1, 300, 200))
    tab = opened(served.url)
    ready(tab, 1)
    expect(tab.locator("#hues-value")).to_have_text("0.30")
    expect(tab.locator("#brightness-value")).to_have_text("1.25")
    tab.focus("#hues")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#hues-value")).to_have_text("0.35")
    tab.click("#export")
    expect(tab.locator("#command")).to_contain_text("--hues 0.35")
    expect(tab.locator("#command")).not_to_contain_text("--brightness")
    tab.keyboard.press("Escape")
    tab.focus("#brightness")
    tab.keyboard.press("ArrowLeft")
    expect(tab.locator("#brightness-value")).to_have_text("1.20")
    tab.click("#export")
    expect(tab.locator("#command")).to_contain_text("--brightness 1.2")
    tab.keyboard.press("Escape")
    tab.click("#reset")
    expect(tab.locator("#hues-value")).to_have_text("0.30")
    expect(tab.locator("#brightness-value")).to_have_text("1.25")
