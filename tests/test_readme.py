"""The documentation says only what the code and the committed metrics say."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from colorize.__main__ import COMMANDS
from colorize.errors import DataError
from colorize.sources import characters
from colorize.sources.panels import avatars, emoji
from stages import tables
from tests.imports import ROOT, drawing

README = (ROOT / "README.md").read_text("utf-8")
PAGES = ["README.md", "CREDITS.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def metrics() -> dict[str, dict[str, float]]:
    content: dict[str, dict[str, float]] = json.loads(text("metrics/evaluate.json"))
    return content


@pytest.mark.parametrize("page", tables.PAGES)
def test_the_tables_are_those_of_the_committed_metrics(page: str) -> None:
    assert "<!-- table " in text(page)
    assert tables.filled(text(page), metrics(), tables.TABLES) == text(page), "run `make tables`"


def test_a_table_shows_the_metrics_and_nothing_else() -> None:
    page = "before\n<!-- table headline -->\nold\n<!-- end -->\nafter\n"
    numbers = metrics()
    filled = tables.filled(page, numbers, tables.TABLES)
    assert filled.startswith("before\n")
    assert filled.endswith("\nafter\n")
    assert "old" not in filled
    (model,) = (line for line in filled.splitlines() if line.startswith("| model |"))
    for name, cell in zip(tables.HEADLINE_SCORES, model.split("|")[2:-1], strict=True):
        value = cell.split("±")[0].strip(" *")
        decimals = len(value.partition(".")[2])
        assert float(value) == round(numbers["model_chosen"][name], decimals), name
    numbers["model_chosen"] = numbers["model_chosen"] | {"psnr": 12.34}
    assert "12.34" in tables.filled(page, numbers, tables.TABLES)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(DataError, match=r"no table 'heading'; known: headline, scores"):
        tables.filled("<!-- table heading --><!-- end -->", metrics(), tables.TABLES)


def test_the_program_writes_the_pages(tmp_path: Path) -> None:
    for name in ("README.md", "docs/results.md", "metrics/evaluate.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        page = re.sub(
            r"(<!-- table \w+ -->).*?(<!-- end -->)", r"\1\2", text(name), flags=re.DOTALL
        )
        (tmp_path / name).write_text(page, "utf-8")
    tables.main(tmp_path)
    for name in tables.PAGES:
        assert (tmp_path / name).read_text("utf-8") == text(name)


def test_the_default_run_beats_grey() -> None:
    scores = metrics()
    for name in ("auc", "auc_balanced", "psnr"):
        assert scores["model"][name] > scores["grey"][name], name


def test_the_graph_is_the_pipelines() -> None:
    interpreter = Path(sys.executable).parent / "dvc"
    if not (ROOT / ".git").exists():
        pytest.skip("dvc dag needs the repository, and this is an archive of it")
    done = subprocess.run(
        [interpreter, "dag", "--mermaid", "evaluate"],
        cwd=ROOT,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() in text("docs/training.md")


def test_the_rooms_are_drawn_as_they_import() -> None:
    assert f"```mermaid\n{drawing()}\n```" in text("docs/architecture.md"), (
        "put the output of `python -m tests.imports` into docs/architecture.md"
    )


def test_every_room_and_module_is_described() -> None:
    described = text("docs/architecture.md")
    table = described.split("## The rooms")[1].split("## Files between")[0]
    for file in (ROOT / "colorize").rglob("*.py"):
        inside = file.relative_to(ROOT / "colorize").parts
        if file.name == "__init__.py" or inside[0] == "inking":
            continue
        names = {file.stem, *(f"{folder}/" for folder in inside[:-1])} - {"activation", "registry"}
        assert not [name for name in names if f"`{name}`" not in table], file


def test_the_code_that_is_shown_is_the_real_one() -> None:
    blocks = re.findall(
        r"```python\n# (\S+\.py)\n(.*?)```", text("docs/architecture.md"), re.DOTALL
    )
    assert len(blocks) == 5
    for path, code in blocks:
        assert code in text(path), path


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_links_is_there(page: str) -> None:
    for link in re.findall(r"\]\(((?!https?://)[^)#]+)", text(page)):
        assert ((ROOT / page).parent / link).exists(), link


def test_the_readme_links_every_page() -> None:
    links = set(re.findall(r"\]\(((?!https?://)[^)#]+)", README))
    assert links >= set(PAGES) - {"README.md"}


def test_every_artist_of_the_sample_is_credited() -> None:
    credits = text("CREDITS.md")
    for picture in characters.pictures(count=len(characters.STYLES), side=32, seed=0):
        record = picture.record
        (row,) = (line for line in credits.splitlines() if f"]({record.page})" in line)
        assert record.artist in row
        assert record.licence in row


def test_every_artist_of_the_panels_is_credited() -> None:
    credits = text("CREDITS.md")
    styles = (*avatars.HEADS, *avatars.BUSTS, avatars.LANDSCAPE)
    for credit in (emoji.CREDIT, *(avatars.style(name)[1] for name in styles)):
        (row,) = (line for line in credits.splitlines() if f"]({credit.page})" in line)
        assert credit.artist in row
        assert credit.licence in row


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_it_names_is_there(page: str) -> None:
    makefile = text("Makefile")
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", text(page), re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES)
def test_every_program_it_names_is_there(page: str) -> None:
    for name in re.findall(r"python -m ((?:stages|benchmarks|tests)\.\w+)", text(page)):
        assert (ROOT / name.replace(".", "/")).with_suffix(".py").exists(), name


def test_the_command_has_every_option_that_is_named() -> None:
    from colorize.commands.colour import parser

    commanded = [parser, *(import_module(name).parser for name in COMMANDS.values())]
    known = {name for of in commanded for name in re.findall(r"--[a-z-]+", of().format_help())}
    pages = README + text("docs/painting.md")
    commands = " ".join(re.findall(r"^colorize .*", pages, re.MULTILINE))
    named = re.findall(r"`(--[a-z-]+)", pages) + re.findall(r" (--[a-z-]+)", commands)
    assert len(named) > 9
    assert set(named) <= known
