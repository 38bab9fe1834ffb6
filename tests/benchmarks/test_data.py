from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import data, ink, score, soak


def test_all_ways_to_resize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WIDTH": 300, "HEIGHT": 424, "PAGES": 3, "SIDE": 64}.items():
        monkeypatch.setattr(data, name, value)
    monkeypatch.setattr(data, "HOW", replace(data.HOW, side=64))
    data.lay_down(tmp_path)
    for way in data.WAYS.values():
        assert way(tmp_path) > 0
    assert data.worst_psnr(tmp_path) > 30
    assert {data.chosen_scale(path) for path in (tmp_path / "images").iterdir()} <= {1, 2, 4}


def test_quantising_counts_what_a_loop_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "LOOPED", 100)
    monkeypatch.setattr(data, "TURNS", 1)
    assert "A training shard of 16 pictures of 64 pixels" in data.quantise(root)


def test_the_section_of_scoring(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "PICTURES", 2)
    monkeypatch.setattr(score, "REPEATS", 1)
    score.main(root)
    assert "2 pictures of 64 pixels" in results()


def test_the_section_of_inking(
    root: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SIDES": (48, 64), "PICTURES": 1, "REPEATS": 1, "PAGE": (150, 100)}.items():
        monkeypatch.setattr(ink, name, value)
    ink.main(root)
    assert "| ms | 48 pixels | 64 pixels | 100 x 150 |" in results()


def test_a_soak_that_is_too_small_is_refused() -> None:
    with pytest.raises(SystemExit, match="at least 10000"):
        soak.main(9_999)


@pytest.mark.slow
def test_a_small_soak(
    tmp_path: Path, results: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "ROOT", tmp_path / "soak")
    monkeypatch.setattr(soak, "SHARES", (100,))
    soak.main(10_000)
    assert "| 100 | quantise | " in results()
    assert not (tmp_path / "soak").exists()
