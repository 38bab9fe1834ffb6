"""Rows 19 to 29 of what the double must do: files, whole, broken, hostile or forbidden."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorize.errors import ImageError, SourceError
from colorize.raw import archives, manifest
from colorize.sources.boards.http import MAX_BYTES
from colorize.sources.boards.store import Store
from tests.sources.conftest import READER, Desk, DeskMaker
from tests.sources.double import server
from tests.sources.double.art import Art, drawn, gallery
from tests.sources.double.server import Reply, page

ORIGINAL = {"width": 70, "height": 70}
"""A post whose original is taken under the policy `chroma_safe`: 70 is less than twice 64."""


def original(place: Desk, number: int = 1) -> str:
    """Path of a post's original."""
    url = place.double.url(place.double.posts[number], "original")
    return url.removeprefix(place.double.origin("cdn"))


def tally(place: Desk, **kept: int) -> None:
    assert place.skipped() == kept


def test_row_19_the_right_bytes(desk: DeskMaker) -> None:
    place = desk(gallery(1, artist="someone", source="from a book"))
    (picture,) = place.run(policy="chroma_safe")
    art = place.double.posts[1]
    assert picture.content == art.file("original")
    record = picture.record
    assert (record.md5, record.file, record.group) == (art.md5, "danbooru_1.png", "danbooru_1")
    assert (record.artist, record.origin, record.licence) == ("someone", "from a book", "unknown")
    assert record.url == place.double.origin("cdn") + original(place)
    assert record.page == f"{place.double.origin('api')}/posts/1"
    seen = place.double.seen("cdn")[0]
    assert seen.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("chunked", [False, True])
def test_row_20_a_cut_file_is_asked_for_again(desk: DeskMaker, chunked: bool) -> None:
    place = desk(gallery(1))
    half = place.double.posts[1].file("original")[:60]
    fault = server.chunked(half, ended=False) if chunked else server.cut(half)
    place.double.fault("/original", fault, hits={1, 2})
    (picture,) = place.run(policy="chroma_safe")
    assert picture.content == place.double.posts[1].file("original")
    assert len(place.double.seen("cdn")) == 3
    assert len([path for path in place.scratch.rglob("files/*/*") if path.is_file()]) == 1


def test_row_20_a_cut_that_looks_whole_is_found_by_decoding(desk: DeskMaker) -> None:
    place = desk(gallery(2, width=200, height=200, ext="jpg"))
    half = place.double.posts[2].file("360x360")
    place.double.fault("/360x360", server.chunked(half[: len(half) // 2]), hits={1})
    assert place.ids(min_side=200) == [1]
    tally(place, unreadable=1)


def test_row_21_a_file_gone_since_it_was_listed(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    place.double.fault("/180x180", page(404), hits={2})
    assert place.ids() == [3, 1]
    tally(place, gone=1)
    asked = len(place.double.log)
    assert place.ids() == [3, 1]
    assert len(place.double.log) == asked


def test_row_22_wrong_bytes(desk: DeskMaker) -> None:
    place = desk(
        [
            Art(id=5, **ORIGINAL),
            Art(id=4, width=1200, height=1200),
            Art(id=3, width=200, height=200),
            Art(id=2, **ORIGINAL, drawing=77, changes={}),
            Art(id=1, **ORIGINAL),
        ]
    )
    double = place.double
    double.fault(original(place, 5), Reply(body=drawn(99, 70, 70, "png", "RGB"), kind="image/png"))
    other_size = Reply(body=drawn(4, 64, 64, "jpg", "RGB"), kind="image/jpeg")
    double.fault("/180x180", other_size, hits={1})
    png = Reply(body=drawn(3, 180, 180, "png", "RGB"), kind="image/jpeg")
    double.fault("/180x180", png, hits={1})
    double.fault(original(place, 2), Reply(body=b"<html>hello", kind="image/jpeg"))
    pictures = place.run(policy="chroma_safe")
    assert [picture.record.file for picture in pictures] == ["danbooru_3.png", "danbooru_1.png"]
    tally(place, wrong_bytes=3)
    worse = desk(gallery(1))
    worse.double.fault("/180x180", Reply(body=b"<html>hello", kind="image/jpeg"))
    with pytest.raises(SourceError, match="unreadable"):
        worse.run(exclude=())


def bomb(side: int) -> bytes:
    """A tiny PNG of side x side pixels."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


def test_row_23_a_small_file_of_100_megapixels(desk: DeskMaker) -> None:
    place = desk(gallery(2))
    content = bomb(10_000)
    assert len(content) < 300_000
    place.double.fault("/180x180", Reply(body=content, kind="image/png"), hits={1})
    assert place.ids() == [1]
    tally(place, too_many_pixels=1)


def test_row_23_an_endless_answer_is_cut(desk: DeskMaker) -> None:
    place = desk(gallery(2))
    place.double.fault("/180x180", server.endless, hits={1})
    assert place.ids() == [1]
    tally(place, too_many_bytes=1)
    assert place.double.endless_mb() < MAX_BYTES / 1e6 + 20


def test_row_23_an_announced_size_is_believed_when_it_is_too_large(desk: DeskMaker) -> None:
    place = desk(gallery(2))
    large = {"Content-Length": str(MAX_BYTES + 1)}
    place.double.fault("/180x180", Reply(body=b"x", kind="image/png", headers=large), hits={1})
    assert place.ids() == [1]
    tally(place, too_many_bytes=1)


def test_row_23_nothing_is_inflated(desk: DeskMaker) -> None:
    place = desk(gallery(2))
    packed = Reply(
        body=gzip.compress(zlib.compress(bytes(10**7))),
        kind="image/png",
        headers={"Content-Encoding": "gzip"},
    )
    place.double.fault("/180x180", packed, hits={1})
    assert place.ids() == [1]
    tally(place, no_picture=1)


def test_row_24_redirects(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    place.environment |= READER
    right = place.double.url(place.double.posts[1], "original")
    place.double.fault("/180x180", Reply(302, headers={"Location": right}))
    place.double.fault("/posts.json?tags", Reply(301, headers={"Location": "/posts.json"}), {1})
    assert place.ids() == [1]
    cdn = place.double.seen("cdn")
    assert [seen.path.split("/")[1] for seen in cdn] == ["180x180", "original"]
    assert not any("Authorization" in seen.headers for seen in cdn)
    assert all("Authorization" in seen.headers for seen in place.double.seen("api"))
    assert min(place.gaps()) >= 1 - 1e-9


@pytest.mark.parametrize(
    ("location", "requests"),
    [
        ("https://example.org/a.png", 1),
        ("http://127.0.0.1/a.png", 1),
        ("https://169.254.169.254/latest", 1),
        ("https://user@127.0.0.1/a.png", 1),
        ("//[", 1),
        ("", 4),
    ],
)
def test_row_24_redirects_that_are_refused(desk: DeskMaker, location: str, requests: int) -> None:
    place = desk(gallery(2))
    bad = place.double.url(place.double.posts[2], "180x180").removeprefix(
        place.double.origin("cdn")
    )
    place.double.fault(bad, Reply(302, headers={"Location": location}))
    assert place.ids() == [1]
    tally(place, refused_url=1)
    assert len(place.double.seen("cdn")) == requests + 1


def given(place: Desk, url: str) -> None:
    """Make post 2 name ``url`` as its only file."""
    art = place.double.posts[2]
    variant = {"type": "180x180", "url": url, "width": 72, "height": 72, "file_ext": "jpg"}
    art.changes = {"media_asset": {"variants": [variant]}}


def test_a_url_that_is_refused_without_asking_makes_no_failure_final(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    given(place, "https://elsewhere.example/2.jpg")
    origin = place.double.origin("cdn")
    for number, reply in ((3, page(502)), (1, server.challenge())):
        url = place.double.url(place.double.posts[number], "180x180")
        place.double.fault(url.removeprefix(origin), reply)
    with pytest.raises(SourceError, match="gatekeeper"):
        place.run()
    place.double.rules.clear()
    assert place.ids() == [3, 1]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("//{host}{path}", ""),
        ("{origin}/x/../..{path}", ""),
        ("/data/x.jpg", "gone"),
        ("https://evil@{host}{path}", "refused_url"),
        ("https://{host}.evil{path}", "refused_url"),
        ("http://{host}{path}", "refused_url"),
        ("ftp://{host}{path}", "refused_url"),
        ("https://127.0.0.1{path}", "refused_url"),
        ("https://[", "refused_url"),
        ("file:///etc/passwd", "refused_url"),
    ],
)
def test_row_25_urls_of_all_kinds(desk: DeskMaker, form: str, reason: str) -> None:
    place = desk(gallery(2))
    origin = place.double.origin("cdn")
    path = place.double.url(place.double.posts[2], "180x180").removeprefix(origin)
    given(place, form.format(host=origin.removeprefix("https://"), origin=origin, path=path))
    files = [picture.record.file for picture in place.run()]
    assert files == (["danbooru_1.jpg"] if reason else ["danbooru_2.jpg", "danbooru_1.jpg"])
    tally(place, **({reason: 1} if reason else {}))
    if reason == "refused_url":
        assert len(place.double.seen("cdn")) == 1


@pytest.mark.parametrize("name", ["danbooru", "safebooru"])
def test_row_25_a_file_on_the_host_of_the_api_needs_no_credentials(
    desk: DeskMaker, name: str
) -> None:
    place = desk(gallery(2), name)
    place.environment |= READER
    given(place, "/data/x.jpg")
    place.double.posts[2].changes |= {"file_url": "/data/x.jpg", "sample_url": "/data/x.jpg"}
    body = place.double.posts[2].file("original")
    place.double.fault("/data", Reply(body=body, kind="image/png"))
    if name == "safebooru":
        del place.double.posts[2].changes["media_asset"]
    assert place.ids() == [2, 1]
    (seen,) = place.double.seen("api", "/data")
    assert seen.headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in seen.headers


@pytest.mark.parametrize(
    ("values", "skipped"),
    [
        (["noai"], True),
        (["NoImageAI, nofollow"], True),
        (["nofollow", "noml"], True),
        (["otherbot: noai"], False),
        (["colorize: noai"], True),
        (["otherbot: nofollow, noindex", "colorize: all"], False),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST"], False),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"], True),
        (["max-image-preview: large, noimageindex"], True),
        (["none"], True),
        (["nofollow, all"], False),
    ],
)
def test_row_26_opt_out_headers(desk: DeskMaker, values: list[str], skipped: bool) -> None:
    place = desk(gallery(2))
    repeated = tuple(("X-Robots-Tag", value) for value in values)
    body = place.double.posts[2].file("180x180")
    tagged = Reply(body=body, kind="image/jpeg", repeated=repeated)
    place.double.fault("/180x180", tagged, hits={1})
    assert place.ids() == ([1] if skipped else [2, 1])
    tally(place, **({"opted_out": 1} if skipped else {}))
    assert len(place.double.seen("cdn")) == 2


def test_row_26_an_opted_out_body_is_not_read(desk: DeskMaker) -> None:
    place = desk(gallery(2))

    def headers_alone(handler: server.BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nX-Robots-Tag: noai\r\n"
        handler.wfile.write(head + b"Content-Length: 9999\r\n\r\n")
        server.stall(handler)

    place.double.fault("/180x180", headers_alone, hits={1})
    assert place.ids() == [1]
    tally(place, opted_out=1)


def torn(journal: bytes) -> bytes:
    return journal[:-7]


def dropped(journal: bytes) -> bytes:
    return b"".join(journal.splitlines(keepends=True)[:4])


@pytest.mark.parametrize("damage", [torn, dropped, lambda journal: b""])
def test_row_27_a_journal_that_was_cut(desk: DeskMaker, damage: Callable[[bytes], bytes]) -> None:
    place = desk([*gallery(5), Art(id=6, tags="magic sketch"), *gallery(3, first=7)])
    unbroken = place.run()
    (journal,) = (place.scratch / "fetch").glob("*.jsonl")
    whole = journal.read_bytes()
    journal.write_bytes(damage(whole))
    part = place.scratch / "fetch" / "files" / "00" / ".x.0123abcd.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    images = len(place.double.seen("cdn"))
    assert place.run() == unbroken
    assert len(place.double.seen("cdn")) == images
    assert journal.read_bytes() == whole
    assert not part.exists()


def test_row_27_a_damaged_file_is_fetched_again(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    unbroken = place.run()
    damaged = sorted(place.scratch.rglob("files/*/*"))[1]
    damaged.write_bytes(b"rot")
    assert place.run() == unbroken
    assert len(place.double.seen("cdn")) == 4


def test_row_28_a_second_run_asks_nothing(desk: DeskMaker) -> None:
    place = desk(gallery(9))
    first = place.run(5)
    place.environment.clear()  # it needs no name where it asks nobody
    asked = len(place.double.log)
    assert place.run(5) == first
    assert place.run(3) == first[:3]
    assert len(place.double.log) == asked


def test_row_28_more_pictures_ask_only_for_the_rest(desk: DeskMaker) -> None:
    place = desk(gallery(9))
    place.run(5)
    assert place.ids(9) == list(range(9, 0, -1))
    assert len(place.double.seen("cdn")) == 9


def test_a_file_that_another_search_has_replaced_is_asked_for_again(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    first = [picture.record.id for picture in place.start()]
    other = io.BytesIO()
    Image.fromarray(np.zeros((180, 180, 3), np.uint8)).save(other, "JPEG")
    with Store(place.scratch / "fetch") as store:
        (journal,) = store.journals()
        (key,) = (entry.key for entry, _ in journal.entries() if entry.id == 2)
        store.put(key, other.getvalue())
    again = place.run()
    assert [picture.record.id for picture in again] == first
    for picture in again:
        assert hashlib.sha256(picture.content).hexdigest() == picture.record.sha256


def test_what_a_site_says_is_kept_no_longer_than_a_manifest_may_be(
    desk: DeskMaker, tmp_path: Path
) -> None:
    place = desk(gallery(1))
    place.double.posts[1].changes = {"source": "x" * manifest.MAX_LINE}
    manifest.write(tmp_path, archives.write(tmp_path, place.start()))
    (record,) = manifest.read(tmp_path)
    assert 1000 < len(record.origin) < manifest.MAX_LINE / 2


def test_row_28_another_search_asks_for_no_file_again(desk: DeskMaker) -> None:
    place = desk(gallery(4, tags="magic hat"))
    place.run()
    assert place.ids(tags=("hat",)) == [4, 3, 2, 1]
    assert len(place.double.seen("cdn")) == 4


@pytest.mark.parametrize("status", [206, 416])
def test_row_29_ranges_are_neither_asked_for_nor_taken(desk: DeskMaker, status: int) -> None:
    place = desk(gallery(2))
    body = place.double.posts[2].file("180x180")
    headers = {"Content-Range": f"bytes 0-9/{len(body)}"}
    partial = Reply(status, body[:10], "image/jpeg", headers)
    place.double.fault("/180x180", partial, hits={1})
    assert place.ids() == [1]
    tally(place, failed=1)
    assert not any("Range" in seen.headers for seen in place.double.log)


def test_a_file_of_the_wrong_kind(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    place.double.fault("/180x180", Reply(body=b"RIFF", kind="video/mp4"))
    with place.client() as client, pytest.raises(ImageError, match="video/mp4"):
        client.image(place.double.url(place.double.posts[1], "180x180"))


@pytest.mark.parametrize("mutant", range(4))
def test_row_20_a_damaged_avif_ends_no_crawl_and_is_asked_for_once(
    desk: DeskMaker, mutant: int
) -> None:
    """Pillow's codec raises RuntimeError for some of these."""
    place = desk(gallery(3))
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (180, 180, 3), np.uint8)).save(
        out, "AVIF", quality=50
    )
    damaged = bytearray(out.getvalue())
    begin = damaged.index(b"mdat") + 4
    damaged[begin + 2 + mutant : begin + 200] = bytes(198 - mutant)
    reply = Reply(headers={"Content-Type": "image/avif"}, body=bytes(damaged))
    place.double.fault("/180x180", reply, hits={2})
    assert place.ids() == [3, 1]
    assert place.skipped() == {"unreadable": 1}
    asked = len(place.double.seen("cdn"))
    assert place.ids() == [3, 1]
    assert len(place.double.seen("cdn")) == asked
