"""The first page of a run is opened ahead, and then painted as if it had not been."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorize.model.weights import Model
from colorize.paint import inked, opening
from colorize.paint.jobs import plan
from colorize.paint.pages import Form, Outcome, Result, paint_files
from colorize.paint.painter import Painter
from tests.models import tiny_model

Encoded = Callable[..., bytes]


@pytest.fixture(scope="module")
def both() -> Model:
    """A model of grey and inked pages."""
    return tiny_model("unet", domains=("grey", "ink"))


@pytest.fixture
def folder(tmp_path: Path, encoded: Encoded) -> Path:
    """An inked page, a grey one, and one that is damaged."""
    made = tmp_path / "in"
    made.mkdir()
    random = np.random.default_rng(0)
    ink = np.full((240, 160), 255, np.uint8)
    ink[20:120, 20:140][random.random((100, 120)) < 0.5] = 0
    grey = np.tile(np.linspace(40, 250, 160, dtype=np.uint8), (240, 1))
    contents = {"ink": encoded(ink), "grey": encoded(grey), "damaged": encoded(ink)[:900]}
    for name, content in contents.items():
        (made / f"{name}.png").write_bytes(content)
    return made


def painted(
    model: Model, source: Path, out: Path, *, ahead: bool, **options: Any
) -> tuple[list[Result], bytes]:
    found = plan([source], out)
    painter = Painter(model, **options)
    with opening.begun(
        found.jobs, overwrite=False, recolour=painter.recolour, domain=painter.domain
    ) as begun:
        assert list(begun) == [source]
        results = list(
            paint_files(
                painter,
                found.jobs,
                form=Form.PAINTED,
                base=found.base,
                begun=begun if ahead else None,
            )
        )
        if ahead:  # what was taken does not stay in memory
            with pytest.raises(ValueError, match="taken"):
                begun[source].take()
    content = Path(results[0].target).read_bytes() if results[0].target else b""
    return [replace(result, target="") for result in results], content


@pytest.mark.parametrize("name", ["ink", "grey", "damaged"])
@pytest.mark.parametrize("options", [{}, {"domain": "grey"}, {"recolour": "all"}], ids=str)
def test_a_page_opened_ahead_is_painted_alike(
    both: Model, folder: Path, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    source = folder / f"{name}.png"
    ahead = painted(both, source, tmp_path / "ahead", ahead=True, **options)
    assert ahead == painted(both, source, tmp_path / "later", ahead=False, **options)
    assert (ahead[0][0].outcome is Outcome.FAILED) == (name == "damaged")


def test_it_is_decoded_and_looked_at_once(
    both: Model, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def count(module: Any, name: str) -> None:
        does = getattr(module, name)

        def counted(*given: Any, **named: Any) -> Any:
            calls.append(name)
            return does(*given, **named)

        monkeypatch.setattr(module, name, counted)

    count(opening, "decode")
    count(inked, "levelled")
    count(inked, "looks_inked")
    painter = Painter(both)
    found = plan([folder / "ink.png"], tmp_path / "out")
    with opening.begun(found.jobs, overwrite=False, recolour="grey", domain="auto") as begun:
        (result,) = paint_files(
            painter, found.jobs, form=Form.PAINTED, base=found.base, begun=begun
        )
    assert result.domain == "ink"
    assert sorted(calls) == ["decode", "levelled", "looks_inked"]


def test_the_first_page_that_is_left_is_taken(folder: Path, tmp_path: Path) -> None:
    (folder / "book.cbz").write_bytes(b"")
    found = plan([folder], tmp_path / "out")
    pages = [job for job in found.jobs if not job.is_book]
    assert len(pages) == len(found.jobs) - 1

    def taken(*, overwrite: bool) -> list[Path]:
        with opening.begun(
            found.jobs, overwrite=overwrite, recolour="grey", domain="auto"
        ) as begun:
            return list(begun)

    for job in pages:
        assert taken(overwrite=False) == [job.source]
        assert taken(overwrite=True) == [pages[0].source]
        job.target.parent.mkdir(exist_ok=True)
        job.target.write_bytes(b"")
    assert taken(overwrite=False) == []


def test_nothing_of_it_needs_torch() -> None:
    code = "import sys, colorize.paint.opening; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_that_is_given_twice_is_painted_twice(
    both: Model, folder: Path, tmp_path: Path
) -> None:
    found = plan([folder / "grey.png", folder], tmp_path / "out")
    painter = Painter(both)
    with opening.begun(
        found.jobs, overwrite=False, recolour=painter.recolour, domain=painter.domain
    ) as begun:
        results = list(
            paint_files(painter, found.jobs, form=Form.PAINTED, base=found.base, begun=begun)
        )
    grey = [result for result in results if result.source.endswith("grey.png")]
    assert [result.outcome for result in grey] == [Outcome.PAINTED] * 2
    one, other = (Path(result.target) for result in grey)
    assert one != other
    assert one.read_bytes() == other.read_bytes()
