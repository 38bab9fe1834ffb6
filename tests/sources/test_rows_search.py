"""Rows 1 to 9 of what the double must do: searching and choosing."""

from dataclasses import replace
from typing import Any

import pytest

from colorize.errors import SourceError
from colorize.imaging.decode import decode
from colorize.sources.boards.danbooru import _entries
from colorize.sources.boards.posts import choose
from tests.sources.conftest import QUERY, READER, Desk, DeskMaker
from tests.sources.double import server
from tests.sources.double.art import Art, gallery
from tests.sources.double.server import data


def lists(desk: Desk) -> list[str]:
    return [seen.query.get("page", "") for seen in desk.double.seen("api")]


def test_row_01_pages_down_by_id_until_a_list_is_empty(desk: DeskMaker) -> None:
    place = desk([*gallery(450, tags="magic sketch"), *gallery(3, first=1000)])
    assert place.ids() == [1002, 1001, 1000]
    assert lists(place) == ["", "b254", "b54", "b1"]
    assert {seen.query["limit"] for seen in place.double.seen("api")} == {"200"}
    assert place.counts["excluded"] == 450


def test_row_02_a_new_post_repeats_none_and_hides_none(desk: DeskMaker) -> None:
    place = desk([*gallery(250, tags="magic sketch"), *gallery(2, first=900)])
    pictures = place.start()
    assert next(pictures).record.id == "901"
    place.double.posts |= {n: Art(id=n) for n in (902, 903)}
    assert [picture.record.id for picture in pictures] == ["900"]
    assert place.counts["excluded"] == 250
    with place.client() as client:
        above = client.ask("/posts.json", {"page": "a898", "limit": "3", "only": "id"}, _entries)
    assert [entry["id"] for entry in above] == [902, 901, 900]


def test_row_03_a_page_too_deep_is_not_asked_again(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    with place.client() as client, pytest.raises(SourceError, match=r"410.*beyond page 1000"):
        client.ask("/posts.json", {"page": "1001"}, _entries)
    assert len(place.double.log) == 1


def test_row_04_three_counted_terms(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    three = ("magic", "-hat", "order_of_things")
    with pytest.raises(SourceError, match=r"fetch\.tags has 3 terms .* takes 2"):
        place.run(tags=three)
    assert place.double.log == []
    place.environment |= READER  # whose level only the site knows
    with pytest.raises(SourceError, match=r"422.*more than 2 tags"):
        place.run(tags=three)
    assert len(place.double.log) == 1


def test_row_05_free_metatags_do_not_count(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    tags = ("magic", "id:<3", "-rating:e", "rating:g")
    assert place.board.counted(replace(QUERY, tags=tags)) == 1
    assert place.board.counted(replace(QUERY, tags=("a", "-b", "user:x", "score:>3"))) == 3
    assert place.ids(tags=tags) == [2, 1]


def test_row_06_a_bad_range_finds_nothing_and_says_so(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    for _ in range(2):
        with pytest.raises(SourceError, match=r"no post has magic width:abc .*check fetch\.tags"):
            place.run(tags=("magic", "width:abc"))
    assert len(place.double.log) == 2


def test_row_07_deleted_banned_restricted(desk: DeskMaker) -> None:
    place = desk(
        [
            Art(id=9),
            Art(id=8, changes={"is_deleted": True}),
            Art(id=7, flags=frozenset({"banned"})),
            Art(id=6, flags=frozenset({"restricted"})),
            Art(id=5, changes={"media_asset": None}),
            Art(id=4, changes={"is_pending": True}),
            Art(id=3, changes={"is_flagged": True}),
            Art(id=2),
        ]
    )
    assert place.ids() == [9, 2]
    assert place.skipped() == {"deleted": 1, "banned": 1, "restricted": 2, "unapproved": 2}
    assert len(place.double.seen("cdn")) == 2


def test_row_08_only_the_fields_asked_for_and_any_may_lack(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    bare = [{"id": 9}, {"id": "8", "md5": 5, "media_asset": []}, {"md5": "x"}, 7, None]
    odd = {"id": 7, "md5": "0" * 32, "file_ext": "png", "media_asset": {"variants": [3, {}]}}
    place.double.fault("/posts.json", data([*bare, odd]), hits={1})
    assert place.ids() == [1]
    assert place.skipped() == {"restricted": 2, "bad_post": 1}
    fields = place.double.seen("api")[0].query["only"]
    with place.client() as client:
        entry = client.ask("/posts.json", {"only": f"{fields},nonsense"}, _entries)[0]
    assert set(entry) - {"media_asset"} < set(fields.split(","))
    assert set(entry["media_asset"]) == {"variants", "duration", "status"}


@pytest.mark.parametrize(
    ("form", "cheapest", "chroma_safe"),
    [
        ({"width": 1448, "height": 2048}, "720x720", "sample"),
        ({"width": 1000, "height": 1500}, "720x720", "sample"),
        ({"width": 1400, "height": 1400}, "360x360", "720x720"),
        ({"width": 700, "height": 1050}, "720x720", "original"),
        ({"width": 3000, "height": 800}, "original", "original"),
        ({"width": 2000, "height": 700}, "sample", "original"),
        ({"width": 300, "height": 300}, "360x360", "original"),
        ({"width": 200, "height": 200}, None, None),
        ({"width": 600, "height": 1200, "ext": "webp"}, "720x720", "full"),
        ({"width": 400, "height": 400, "mode": "L"}, "360x360", "original"),
        ({"width": 400, "height": 400, "ext": "jpg", "mode": "CMYK"}, "360x360", "original"),
        ({"width": 400, "height": 400, "mode": "RGBA"}, "360x360", "original"),
    ],
)
def test_row_09_forms_and_variants(
    desk: DeskMaker, form: dict[str, Any], cheapest: str | None, chroma_safe: str | None
) -> None:
    art = Art(id=1, **form)
    place = desk([art])
    # a tag of the user's own outvotes ours, so the small one is listed as well
    options: dict[str, Any] = {"min_side": 256, "max_aspect": 4.0}
    for policy, wanted in (("cheapest", cheapest), ("chroma_safe", chroma_safe)):
        if wanted is None:
            with pytest.raises(SourceError, match="no post has"):
                place.run(policy=policy, **options)
            assert choose((), policy="cheapest", min_side=256) is None
            continue
        (picture,) = place.run(policy=policy, **options)
        assert picture.record.variant == wanted
        assert (picture.record.width, picture.record.height) == art.variants()[wanted][:2]
        rgb = decode(picture.content, max_pixels=10**7)
        assert rgb.shape == (picture.record.height, picture.record.width, 3)


def test_row_09_animated_and_small_are_left_out(desk: DeskMaker) -> None:
    place = desk(
        [
            Art(id=5, ext="gif", changes={"file_ext": "gif"}),
            Art(id=4, duration=2.5),
            Art(id=3, ext="mp4"),
            Art(id=2, changes={"image_width": 40}),
            Art(id=1, width=300, height=72),
        ]
    )
    place.double.answer = _without_search(place)  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="none of 5 posts can be used"):
        place.run()
    assert place.skipped() == {"animated": 3, "too_small": 1, "too_long": 1}
    assert place.double.seen("cdn") == []


def _without_search(place: Desk) -> Any:
    """A site that ignores all but the first term: what it lists, we must judge."""
    answer = place.double.answer

    def lenient(seen: server.Seen) -> server.Reply:
        if "tags" in seen.query:
            seen.query["tags"] = seen.query["tags"].split()[0]
        return answer(seen)

    return lenient
