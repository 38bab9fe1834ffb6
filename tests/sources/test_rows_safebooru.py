"""Rows 30 to 36 of what the double must do: Safebooru, both sites together, and the request log."""

import json

import httpx
import pytest

from colorize.errors import SourceError
from colorize.raw import archives, manifest
from tests.sources.conftest import READER, Desk, DeskMaker
from tests.sources.double.art import Art, gallery
from tests.sources.double.server import Reply, page

XML = "text/xml"


def pages(desk: Desk) -> list[tuple[str, str]]:
    return [(s.query["tags"], s.query["pid"]) for s in desk.double.seen("api")]


def test_row_30_pages_are_counted_from_0(desk: DeskMaker) -> None:
    place = desk([*gallery(249, tags="magic  sketch"), Art(id=900, artist="x")], "safebooru")
    (picture,) = place.run()
    assert picture.record.id == "900"
    assert pages(place) == [("magic", "0"), ("magic", "1"), ("magic", "2"), ("magic", "3")]
    assert place.counts["excluded"] == 249
    record = picture.record
    assert (record.rating, record.artist, record.variant) == ("general", "", "original")
    assert record.page.endswith("/index.php?page=post&s=view&id=900")


def test_row_30_the_double_speaks_json_and_truncates(desk: DeskMaker) -> None:
    place = desk(gallery(1200), "safebooru")
    context = place.board.site.trust()
    params = {"page": "dapi", "s": "post", "q": "index", "limit": "5000", "json": "1"}
    url = f"{place.board.site.api}/index.php"
    with httpx.Client(verify=context, headers={"User-Agent": "tests/0"}) as client:
        assert len(client.get(url, params=params).json()) == 1000


def test_row_30_a_sample_is_taken_where_it_is_large_enough(desk: DeskMaker) -> None:
    place = desk([Art(id=1, width=1000, height=1100)], "safebooru")
    for policy, variant in (("cheapest", "sample"), ("chroma_safe", "sample")):
        (picture,) = place.run(policy=policy, min_side=256)
        assert picture.record.variant == variant
    (picture,) = place.run(policy="chroma_safe", min_side=500)
    assert picture.record.variant == "original"


@pytest.mark.parametrize(
    ("word", "grade"), [("general", "g"), ("safe", "g"), ("s", "g"), ("sensitive", "s"), ("?", "")]
)
def test_row_30_ratings_in_the_words_of_this_site(desk: DeskMaker, word: str, grade: str) -> None:
    place = desk([Art(id=2), Art(id=1, changes={"rating": word})], "safebooru")
    assert place.ids() == ([2, 1] if grade == "g" else [2])


@pytest.mark.parametrize("proactive", [True, False])
def test_row_31_past_the_depth_it_goes_on_by_id(desk: DeskMaker, proactive: bool) -> None:
    options = {"depth": 200} if proactive else {}
    place = desk(gallery(650, tags="magic sketch"), "safebooru", **options)
    place.double.posts |= {n: Art(id=n) for n in (1, 2)}
    place.double.depth = 200
    assert place.ids() == [2, 1]
    asked = pages(place)
    assert {tags for tags, _ in asked} == {"magic", "magic id:<351", "magic id:<51"}
    assert any(pid == "3" for _, pid in asked) is not proactive
    assert place.counts["excluded"] == 648
    assert sum(slept >= 60 for slept in place.hands.slept) == 0


def test_row_31_called_abuse_on_the_first_page_it_waits(desk: DeskMaker) -> None:
    place = desk(gallery(1), "safebooru")
    place.double.fault("/index.php", Reply(body=place.double.refusal, kind=XML), hits={1, 2})
    assert place.ids() == [1]
    assert place.gaps()[0] >= 60
    assert place.gaps()[1] >= 120


def test_row_32_an_empty_page_once(desk: DeskMaker) -> None:
    place = desk(gallery(150, tags="magic sketch"), "safebooru")
    place.double.posts[1] = Art(id=1)
    empty = Reply(body=b'<posts count="150" offset="100"/>', kind=XML)
    place.double.fault("/index.php", empty, hits={1, 3})
    assert place.ids() == [1]
    assert [pid for _, pid in pages(place)] == ["0", "0", "1", "1", "2"]


def test_row_32_empty_pages_always(desk: DeskMaker) -> None:
    place = desk(gallery(104), "safebooru")
    place.double.stale = 9
    for _ in range(2):
        with pytest.raises(SourceError, match="incomplete: the site announces 9 posts"):
            place.run()
    assert len(place.double.seen("cdn")) == 104
    assert place.ids(104) == list(range(104, 0, -1))  # which it has by now
    tries = [asked for asked in pages(place) if asked == ("magic id:<1", "0")]
    assert len(tries) == 2 * 3


@pytest.mark.parametrize(
    ("body", "kind", "message", "requests"),
    [
        (b"", XML, "no post has magic", 1),
        (b'<posts count="0" offset="0"/>', XML, "no post has magic", 1),
        (b"<error>search is down</error>", XML, "search is down", 1),
        (b'<response success="false" reason="no such thing"/>', XML, "no such thing", 1),
        (b"<!DOCTYPE html><p>Unable to search this deep", "text/html", "a page", 5),
        (b"<!DOCTYPE html><p>sorry", XML, "a page", 5),
        (b'"Search error"', "application/json", "no XML", 5),
        (b'<posts count="3"><post id="1"', XML, "no XML", 5),
        (
            b'<!DOCTYPE posts [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><posts>&b;</posts>',
            XML,
            "entities",
            1,
        ),
    ],
)
def test_row_33_answers_that_are_no_posts(
    desk: DeskMaker, body: bytes, kind: str, message: str, requests: int
) -> None:
    place = desk(gallery(1), "safebooru")
    place.double.fault("/index.php", Reply(body=body, kind=kind))
    with pytest.raises(SourceError, match=message):
        place.run()
    assert len(place.double.log) == requests


def test_row_34_one_file_with_two_origins(desk: DeskMaker) -> None:
    here = desk(gallery(3))
    there = desk([Art(id=70, drawing=2), Art(id=60)], "safebooru")
    first = here.run(policy="chroma_safe")
    second = there.run()
    assert len(there.double.seen("cdn")) == 1
    same = [picture.record for picture in (first[1], second[0])]
    assert same[0].sha256 == same[1].sha256
    assert [(r.source, r.id) for r in same] == [("danbooru", "2"), ("safebooru", "70")]
    assert len([p for p in here.scratch.rglob("files/*/*") if p.is_file()]) == 4


def test_row_34_the_same_bytes_twice_on_one_site(desk: DeskMaker) -> None:
    place = desk([Art(id=3), Art(id=2, drawing=3), Art(id=1)], "safebooru")
    assert place.ids() == [3, 1]
    assert place.skipped() == {"same_file": 1}
    assert len(place.double.seen("cdn")) == 2
    assert place.ids() == [3, 1]
    assert place.skipped() == {"same_file": 1}


@pytest.mark.parametrize("rate", [0.5, 1.0, 4.0])
def test_row_35_the_request_log(desk: DeskMaker, rate: float) -> None:
    art = gallery(12, source="https://example.org/mine.png")
    place = desk(art)
    place.environment |= READER | {"DANBOORU_USER_ID": "77"}
    place.double.fault("/180x180", page(503), hits={2, 5, 6})
    place.double.fault("/posts.json", page(502), hits={1})
    list(place.start(rate=rate))
    list(place.start(rate=rate, tags=("magic", "id:>0")))  # a run started right after another
    log = place.double.log
    assert len(log) > 18
    assert min(place.gaps()) >= 1 / rate - 1e-9
    for seen in log:
        assert ("Authorization" in seen.headers) is (seen.host == "api")
        assert seen.headers["User-Agent"].endswith("(+tests@example.org; user #77)")
        assert "mine.png" not in seen.path
        assert not {"login", "api_key"} & set(seen.query)


def test_row_35_credentials_of_safebooru_stay_with_its_api(desk: DeskMaker) -> None:
    place = desk(gallery(2), "safebooru")
    place.environment |= {"SAFEBOORU_USER_ID": "5", "SAFEBOORU_API_KEY": "k3y"}
    pictures = place.run()
    assert all(seen.query["api_key"] == "k3y" for seen in place.double.seen("api"))
    assert not any(seen.query for seen in place.double.seen("cdn"))
    assert "k3y" not in str(pictures)
    assert "k3y" not in repr(place.board.identify(place.environment))


def test_row_36_odd_fields(desk: DeskMaker) -> None:
    strange = "line\nbreak \u2028 \x85 🎨 \ud800"
    place = desk(
        [
            Art(id=3, source=strange, changes={"pixels": {"new": [1]}, "tag_string_artist": None}),
            Art(id=2, artist="高橋 二人"),
            Art(id=1, changes={"parent_id": "99", "rating": 5}),
        ]
    )
    place.double.posts[1].changes["rating"] = "g"
    pictures = place.run()
    folder = place.scratch / "raw"
    records = list(archives.write(folder, pictures))
    assert manifest.write(folder, records) == 3
    assert manifest.read(folder) == records
    lines = (folder / manifest.FILE_NAME).read_bytes().split(b"\n")
    assert [json.loads(line)["id"] for line in lines[:-1]] == ["3", "2", "1"]
    assert records[0].origin == strange.replace("\ud800", "?")
    assert [record.artist for record in records] == ["", "高橋 二人", ""]
    assert records[2].group == "danbooru_99"
    assert place.run() == pictures
