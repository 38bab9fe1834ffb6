"""The deny-list, and dropping what a site has taken away since."""

import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from colorize.errors import SourceError
from colorize.raw import archives, manifest
from colorize.sources.boards import denied, recheck
from colorize.sources.boards.store import Store
from stages import fetch
from stages import recheck as stage
from tests.sources.conftest import Desk, DeskMaker
from tests.sources.double.art import Art, gallery
from tests.sources.double.server import data, page


def deny(*entries: str) -> denied.Denied:
    return denied.Denied(frozenset(entries))


@pytest.mark.parametrize(
    "entry", ["danbooru:2", "artist:mallory", "md5:{md5}", "artist:alice", "safebooru:2"]
)
def test_denied_posts_are_neither_asked_for_nor_given(desk: DeskMaker, entry: str) -> None:
    place = desk([Art(id=3), Art(id=2, artist="alice mallory"), Art(id=1)])
    entry = entry.format(md5=place.double.posts[2].md5)
    place.denied = deny(entry)
    if entry == "safebooru:2":
        assert place.ids() == [3, 2, 1]
        return
    assert place.ids() == [3, 1]
    assert place.skipped() == {"denied": 1}
    assert len(place.double.seen("cdn")) == 2


def test_a_list_that_grows_or_shrinks_gives_what_a_fresh_run_gives(desk: DeskMaker) -> None:
    place = desk(gallery(6))
    everything = place.run(4)
    place.denied = deny("danbooru:5", "danbooru:4")
    assert place.ids(4) == [6, 3, 2, 1]
    assert place.skipped() == {"denied": 2}
    place.denied = deny()
    assert place.run(4) == everything
    other = desk(gallery(6))
    other.denied = deny("danbooru:5")
    assert other.ids(4, tags=("magic", "id:>0")) == [6, 4, 3, 2]
    other.denied = deny()
    assert other.ids(4, tags=("magic", "id:>0")) == [6, 5, 4, 3]


def test_reads_and_extends(tmp_path: Path) -> None:
    path = tmp_path / "deny.txt"
    path.write_text("\ufeffdanbooru:1 # asked for\n# ours\n\nartist:a#b\nartist:x", "utf-8")
    denied.extend(path, {"safebooru:7": "deleted"})
    assert denied.read(path) == deny("danbooru:1", "artist:a#b", "artist:x", "safebooru:7")
    assert path.read_text("utf-8").endswith("artist:x\nsafebooru:7  # deleted\n")


@pytest.mark.parametrize(
    "line", ["12", "artist: x", "md5:123", "danbooru:one", "danbooru:05", "danboru:5", "artist:a b"]
)
def test_rejects_a_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "deny.txt"
    path.write_text(f"# first\n{line}\n", "utf-8")
    with pytest.raises(SourceError, match="line 2"):
        denied.read(path)


def data_set(place: Desk, root: Path, **options: Any) -> list[manifest.Record]:
    """Run the board's part of the stage."""
    raw = root / "raw"
    manifest.write(raw, archives.write(raw, place.start(**options)))
    return manifest.read(raw)


def ask_again(place: Desk, records: list[manifest.Record]) -> dict[str, str]:
    return recheck.removed(place.board, records, rate_per_s=1.0, environment=place.environment)


def test_danbooru_is_asked_in_batches(desk: DeskMaker, tmp_path: Path) -> None:
    place = desk(gallery(230))
    records = data_set(place, tmp_path)
    posts = place.double.posts
    posts[9].flags = frozenset({"restricted"})
    posts[8].changes = {"is_deleted": True}
    posts[7].flags = frozenset({"banned"})
    posts[5].changes = {"is_flagged": True}  # not taken away yet
    del posts[6]
    before = len(place.double.log)
    gone = ask_again(place, records)
    assert gone == {
        "danbooru:9": "restricted",
        "danbooru:8": "deleted",
        "danbooru:7": "banned",
        "danbooru:6": "gone",
    }
    assert len(place.double.log) == before + 2


@pytest.mark.parametrize("sweep", ["rising", "falling", "unpaged"])
def test_safebooru_tells_its_removals(desk: DeskMaker, tmp_path: Path, sweep: str) -> None:
    place = desk([*gallery(2, first=100), *gallery(2, first=2900)], "safebooru")
    records = data_set(place, tmp_path)
    place.double.gone = (3, 101, *range(200, 2500), 2900, 9000)
    place.double.sweep = sweep
    assert ask_again(place, records) == {"safebooru:101": "deleted", "safebooru:2900": "deleted"}


def test_dropping_removes_bytes_lines_and_the_way_back(desk: DeskMaker, tmp_path: Path) -> None:
    place = desk(gallery(5))
    records = data_set(place, tmp_path)
    del place.double.posts[3]
    raw, path = tmp_path / "raw", tmp_path / "deny.txt"
    path.touch()
    with Store(place.scratch / "fetch") as store:
        for _ in range(2):
            recheck.drop(ask_again(place, records), raw=raw, store=store, deny=path)
    assert [record.id for record in manifest.read(raw)] == ["5", "4", "2", "1"]
    for record in manifest.read(raw):
        archives.read(raw, record, max_bytes=record.size)
    with tarfile.open(raw / "pictures-00000.tar") as archive:
        assert archive.getnames() == [f"danbooru_{n}.jpg" for n in (5, 4, 2, 1)]
    assert len([p for p in place.scratch.rglob("files/*/*") if p.is_file()]) == 4
    assert path.read_text() == "danbooru:3  # gone\n"
    place.denied = denied.read(path)
    images = len(place.double.seen("cdn"))
    assert place.ids() == [5, 4, 2, 1]
    assert len(place.double.seen("cdn")) == images


def test_a_site_that_does_not_answer_drops_nothing(desk: DeskMaker, tmp_path: Path) -> None:
    place = desk(gallery(2))
    records = data_set(place, tmp_path)
    place.double.fault("/posts.json", page(503))
    with pytest.raises(SourceError, match="503"):
        ask_again(place, records)


def test_an_answer_without_any_of_many_posts_drops_nothing(desk: DeskMaker, tmp_path: Path) -> None:
    place = desk(gallery(12))
    records = data_set(place, tmp_path)
    place.double.fault("/posts.json", data([]))
    with pytest.raises(SourceError, match="lists none of 12 posts"):
        ask_again(place, records)
    assert len(ask_again(place, records[:9])) == 9  # so few may all be gone


def test_other_sources_are_not_asked_about(desk: DeskMaker) -> None:
    place = desk()
    record = manifest.picture(b"", source="sample", id="x-1", suffix="png").record
    assert ask_again(place, [record]) == {}
    assert place.double.log == []


def test_the_stage(
    desk: DeskMaker,
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = desk(gallery(3))
    root = project(fetch={"source": "danbooru", "min_side": 64})
    (root / "deny.txt").touch()
    monkeypatch.setenv("COLORIZE_CONTACT", "tests@example.org")
    board = partial(fetch.from_board, place.board)
    fetch.main(root, sources={"danbooru": board})
    place.double.posts[2].flags = frozenset({"banned"})
    stage.main(root, boards={"danbooru": place.board})
    assert "1 of 3 pictures dropped and added to deny.txt" in capsys.readouterr().out
    assert [record.id for record in manifest.read(root / "data" / "raw")] == ["3", "1"]
    fetch.main(root, sources={"danbooru": board})
    assert [record.id for record in manifest.read(root / "data" / "raw")] == ["3", "1"]
