"""The report as a reader meets it: in a browser, without a network, by keyboard and on a phone."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorize.metrics.classes import CLASS_SCORES
from colorize.metrics.rownames import in_order
from colorize.metrics.scores import SCORES
from colorize.report import page
from colorize.report.summary import Line, best, markdown, shortened

NASTY = '<script>alert("x")</script>'
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=2000",
]


def numbers() -> dict[str, Any]:
    """A metrics file of two rows; grey is worse by a half at everything."""
    model = dict.fromkeys(SCORES, 2.0)
    grey = {name: 3.0 if score.higher_is_better is False else 1.0 for name, score in SCORES.items()}
    classes = {"model": dict.fromkeys(CLASS_SCORES, 1.0)}
    interval = {"value": 1.0, "low": 0.5, "high": 1.5, "stderr": 0.2}
    return {
        "model": model,
        "grey": grey,
        "classes": classes,
        "stderr": {"model": model, "grey": grey, "classes": classes},
        "difference": dict.fromkeys(SCORES, interval),
        "truth": {"colourfulness": 50.0},
        "temperature": {"model": 0.38, "model_chosen": 0.6},
        "pictures": 3,
    }


def built(names: tuple[str, ...] = ("one", "two", NASTY)) -> str:
    pictures = []
    for number, name in enumerate(names):
        row = {"id": name} | {score: str(10 + number) for score in SCORES} | {"grey_psnr": "5"}
        rgb = np.full((32, 32, 3), 40 * number, np.uint8)
        pictures.append(page.picture(row, {"grey": rgb, "painted": rgb, "true": rgb}))
    errors = [{"error": str(e), "model": str(50 + e), "grey": str(40 + e)} for e in range(3)]
    swept = [{"temperature": t, "psnr": "20"} for t in ("0.5", "1")]
    tables = {"errors": errors, "temperature": swept}
    return page.build(numbers(), tables, pictures, about="A test.", planes=b"png")


class Links(HTMLParser):
    """Collects everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v for k, v in attrs if k in {"src", "href", "srcset", "action"} and v]


def test_everything_is_inside() -> None:
    html = built()
    links = Links()
    links.feed(html)
    assert len(links.found) > 9
    assert all(link.startswith("data:") for link in links.found)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_names_are_escaped() -> None:
    assert NASTY not in built()
    assert "&lt;script&gt;alert" in built()


def test_the_same_bytes_again() -> None:
    assert built() == built()


def test_a_model_without_classes_has_no_table_of_them() -> None:
    found = numbers()
    del found["classes"], found["stderr"]["classes"], found["temperature"]["model_chosen"]
    tables = {
        "errors": [{"error": "0", "model": "1"}, {"error": "1", "model": "2"}],
        "temperature": [{"temperature": "0.38", "psnr": "20"}],
    }
    html = page.build(found, tables, [], about="", planes=b"")
    assert "distribution over the bins" not in html


def browse(tmp_path: Path, html: str, script: str, *, width: int = 1200) -> Any:
    """Open a page, run a script in it that returns an object, and give that object."""
    if BROWSER is None:
        pytest.skip("no Chromium here: apt install chromium")
    file = tmp_path / "page.html"
    probe = f"document.title = JSON.stringify((() => {{ {script} }})());"
    file.write_text(html.replace("</body>", f"<script>{probe}</script></body>"), "utf-8")
    done = subprocess.run(
        [
            BROWSER,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None, done.stderr
    return json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


SORTED = """
    const names = () => Array.from(document.querySelectorAll("#pictures li"),
      (item) => item.querySelector("span").title);
    const choose = (id, value) => {
      const field = document.getElementById(id);
      field.value = value;
      field.dispatchEvent(new Event("change"));
    };
    const out = {};
    choose("by", "psnr"); out.psnr = names();
    choose("by", "ciede2000"); out.ciede2000 = names();
    document.getElementById("turn").click(); out.turned = names();
    out.shown = document.querySelector("output").textContent;
    const range = document.querySelector(".pair input");
    range.focus(); out.focused = document.activeElement === range;
    range.value = 20; range.dispatchEvent(new Event("input", {bubbles: true}));
    out.clipped = getComputedStyle(range.parentElement.querySelector(".over")).clipPath;
    choose("beside", "true");
    out.beside = Array.from(document.querySelectorAll("li:first-child .over:not([hidden])"),
      (image) => image.dataset.beside);
    out.requests = performance.getEntriesByType("resource")
      .map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
    return out;
"""


def test_in_a_browser(tmp_path: Path) -> None:
    found = browse(tmp_path, built(), SORTED)
    assert found["psnr"] == [NASTY, "two", "one"]
    assert found["ciede2000"] == ["one", "two", NASTY]
    assert found["turned"] == [NASTY, "two", "one"]
    assert found["shown"] == "12"
    assert found["focused"]
    assert "80%" in found["clipped"]
    assert found["beside"] == ["true"]
    assert found["requests"] == []


def test_on_a_phone_nothing_but_tables_scrolls_sideways(tmp_path: Path) -> None:
    framed = """
        const frame = document.createElement("iframe");
        frame.style.cssText = "width: 360px; height: 700px; border: 0";
        const html = document.documentElement.outerHTML;
        document.body.replaceChildren(frame);
        const inside = frame.contentDocument;
        inside.open(); inside.write(html.replace(/<script>[^]*?<\\/script>/g, "")); inside.close();
        return {
          page: inside.documentElement.scrollWidth, seen: frame.contentWindow.innerWidth,
          target: inside.querySelector("button").getBoundingClientRect().height,
        };
    """
    found = browse(tmp_path, built(), framed)
    assert found["seen"] == 360
    assert found["page"] <= 360
    assert found["target"] >= 44


def test_best_leaves_ceilings_and_undirected_scores_out() -> None:
    lines = [
        Line("model", dict.fromkeys(SCORES, 2.0), {}),
        Line("grey", dict.fromkeys(SCORES, 1.0), {}),
        Line("ceiling_head", dict.fromkeys(SCORES, 99.0), {}),
    ]
    winners = best(lines, SCORES)
    assert winners["psnr"] == {"model"}
    assert winners["mse"] == {"grey"}
    assert winners["colourfulness"] == set()


def test_markdown() -> None:
    chosen = {name: SCORES[name] for name in ("psnr", "mse")}
    lines = [
        Line("a", {"psnr": 25.123, "mse": 0.00412}, {"psnr": 0.5, "mse": 0.0001}),
        Line("b", {"psnr": 20.0}, {"psnr": 0.25}),
    ]
    assert markdown(lines, chosen).splitlines() == [
        "|  | PSNR, dB ↑ | MSE ↓ |",
        "| --- | --- | --- |",
        "| a | **25.12** ± 0.50 | **0.004120** ± 0.00010 |",
        "| b | 20.00 ± 0.25 |  |",
    ]


def test_shortened() -> None:
    assert [shortened(x) for x in (7e-8, 1234567.0, -2.0, 1e-6)] == [
        "0",
        "1234567",
        "-2.000",
        "0.000001",
    ]


def test_rows_come_in_order() -> None:
    assert in_order(["random", "model_mean", "ceiling_head", "model"])[:2] == [
        "model",
        "model_mean",
    ]
