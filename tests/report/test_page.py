"""The report as a reader meets it: in a browser, without a network, by keyboard and on a phone."""

import json
import re
import shutil
import subprocess
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorize.imaging.decode import decode
from colorize.metrics.classes import CLASS_SCORES
from colorize.metrics.rownames import in_order
from colorize.metrics.scores import SCORES
from colorize.raw.manifest import Record, picture
from colorize.report import page
from colorize.report.credits import Credit, credits
from colorize.report.gallery import contact_sheet
from colorize.report.summary import Line, best, markdown, shortened

NASTY = '<script>alert("x")</script>'
CREDIT = Credit(f"Ann {NASTY}", "CC BY 4.0", "https://example.org/ann", 3)
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
        "adjustment": {"model": 0.0, "model_chosen": 0.5},
        "pictures": 3,
    }


TABLES = {
    "errors": [{"error": str(e), "model": str(50 + e), "grey": str(40 + e)} for e in range(3)],
    "temperature": [{"temperature": t, "psnr": "20"} for t in ("0.5", "1")],
    "adjustment": [{"adjustment": a, "psnr": "20"} for a in ("0", "0.5")],
    "hints": [{"hints": "0", "psnr": "20", "ciede2000": "9"}],
}


def built(names: tuple[str, ...] = ("one", "two", NASTY), **tables: Any) -> str:
    pictures = []
    for number, name in enumerate(names):
        row = {"id": name} | {score: str(10 + number) for score in SCORES} | {"grey_psnr": "5"}
        rgb = np.full((32, 32, 3), 10 * number, np.uint8)
        pictures.append(page.picture(row, {"grey": rgb, "painted": rgb, "true": rgb}))
    shown = TABLES | tables
    return page.build(numbers(), shown, pictures, about="A test.", planes=b"png", credits=[CREDIT])


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


def test_it_begins_with_pictures_and_credits_their_artists() -> None:
    html = built()
    heads = re.findall(r"<h2>(.*?)</h2>", html)
    assert heads[:3] == ["Test pictures", "Credits", "Scores of colours"]
    credited = html.split("<h2>Credits</h2>")[1].split("<h2>")[0]
    for words in ("Ann &lt;script&gt;", "CC BY 4.0", "https://example.org/ann"):
        assert words in credited


def test_it_says_so_where_the_artists_are_not_known() -> None:
    html = page.build(numbers(), TABLES, [], about="", planes=b"")
    assert "The artists are not known here" in html


def test_it_says_each_temperature() -> None:
    html = built()
    assert (
        "painted at T = 0.38. The validation split chose T = 0.6 and an adjustment of 0.5." in html
    )
    assert '<th scope="row">model (T = 0.38)</th>' in html
    assert '<th scope="row">grey</th>' in html


def record(artist: str, licence: str, page: str = "") -> Record:
    made = picture(b"", source="folder", id="1", suffix="png", artist=artist, licence=licence)
    return replace(made.record, page=page)


def test_credits_count_pictures_by_artist_and_licence() -> None:
    records = [
        record("", "unknown"),
        record("Bea", "CC0 1.0"),
        record("Ann", "CC BY 4.0", "https://example.org/1"),
        record("Ann", "CC BY 4.0", "https://example.org/2"),
        record("Ann", "CC0 1.0"),
        record("Ann\n\x1b[31m", ""),
    ]
    assert credits(records) == [
        Credit("Ann", "CC BY 4.0", "https://example.org/1", 2),
        Credit("Ann", "CC0 1.0", "", 1),
        Credit("Ann \N{REPLACEMENT CHARACTER}[31m", "unknown", "", 1),
        Credit("Bea", "CC0 1.0", "", 1),
        Credit("unknown", "unknown", "", 1),
    ]


def test_the_same_bytes_again() -> None:
    assert built() == built()


def test_a_model_that_takes_hints_has_a_curve_of_them() -> None:
    alt = "Scores by the number of hinted regions"
    assert alt not in built()
    kinds = {"psnr": "20", "ciede2000": "9", "toned_psnr": "12", "toned_ciede2000": "8"}
    assert alt in built(hints=[{"hints": str(count)} | kinds for count in (0, 1, 5)])


def test_inked_pages_have_scores_and_pictures_of_their_own() -> None:
    sheet = contact_sheet({"grey": np.full((1, 32, 32, 3), 90, np.uint8)})
    art = {"model": dict.fromkeys(page.ART, 2.5), "page": dict.fromkeys(page.ART, 1.5)}
    known = numbers() | {"lines": {"art": art}}
    html = page.build(known, TABLES, [], about="A test.", planes=b"png", inked={"lines": sheet})
    section = html.partition("<h2>Line art</h2>")[2].partition("<h2>")[0]
    assert section.count("<tr>") == 3
    assert ">2.500</td>" in section
    assert "±" not in section
    uri = re.search(r'src="data:image/webp;base64,([^"]+)"', section)
    assert uri
    shown = decode(b64decode(uri[1]), max_pixels=10**6)
    assert np.abs(shown[40:170, 4:150].astype(int) - 90).max() < 9


def test_a_model_without_classes_has_no_table_of_them() -> None:
    found = numbers()
    del found["classes"], found["stderr"]["classes"], found["temperature"]["model_chosen"]
    del found["adjustment"]["model_chosen"]
    tables = {
        "errors": [{"error": "0", "model": "1"}, {"error": "1", "model": "2"}],
        "temperature": [{"temperature": "0.38", "psnr": "20"}],
        "adjustment": [{"adjustment": "0", "psnr": "20"}],
        "hints": TABLES["hints"],
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
    choose("order", "worst"); out.turned = names();
    const words = () => document.getElementById("order").selectedOptions[0].text;
    out.order = words();
    choose("by", "colourfulness"); out.undirected = words();
    choose("by", "ciede2000");
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
    assert found["order"] == "worst first"
    assert found["undirected"] == "lowest first"
    assert found["shown"] == "12"
    assert found["focused"]
    assert "80%" in found["clipped"]
    assert found["beside"] == ["true"]
    assert found["requests"] == []


def test_few_pictures_are_shown_until_all_are_asked_for(tmp_path: Path) -> None:
    script = """
        const seen = () => Array.from(document.querySelectorAll("#pictures li"))
          .filter((item) => item.offsetParent !== null).length;
        const few = seen();
        document.getElementById("all").click();
        return {few: few, all: seen(), button: document.getElementById("all")};
    """
    found = browse(tmp_path, built(tuple(f"picture {n}" for n in range(page.FEW + 3))), script)
    assert found == {"few": page.FEW, "all": page.FEW + 3, "button": None}
    assert 'id="all"' not in built()


@pytest.mark.parametrize("width", [500, 1280])
def test_a_table_that_is_cut_says_that_it_scrolls(tmp_path: Path, width: int) -> None:
    script = """
        const tables = Array.from(document.querySelectorAll(".wide"));
        return tables.map((wide) => [wide.scrollWidth > wide.clientWidth + 1,
          getComputedStyle(wide, "::before").content.includes("scrolls")]);
    """
    found = browse(tmp_path, built(), script, width=width)
    assert any(cut for cut, _ in found)
    assert all(cut == told for cut, told in found)


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
          target: Math.min(...Array.from(inside.querySelectorAll("select"),
            (field) => field.getBoundingClientRect().height)),
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
