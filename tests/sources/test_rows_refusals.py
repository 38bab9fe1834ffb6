"""Rows 10 to 18 of what the double must do: refusals, pauses, and bad connections."""

import logging
from base64 import b64encode
from urllib.parse import quote

import pytest

from colorize.errors import ImageError, SourceError
from colorize.sources.boards import answers
from colorize.sources.boards.danbooru import _entries
from colorize.sources.boards.site import user_agent
from tests.sources.conftest import CONTACT, EPOCH, DeskMaker
from tests.sources.double import server
from tests.sources.double.art import gallery
from tests.sources.double.server import data, error, page


def test_row_10_wrong_or_half_credentials(
    desk: DeskMaker, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    place = desk(gallery(2))
    key = "wr0ng-and-secret"
    place.environment |= {"DANBOORU_LOGIN": "reader", "DANBOORU_API_KEY": key}
    with pytest.raises(SourceError, match=r"401.*Invalid API key.*unset both") as caught:
        place.run()
    assert len(place.double.log) == 1
    with place.client(query={"login": "reader"}) as client, pytest.raises(SourceError, match="401"):
        client.ask("/posts.json", {}, _entries)
    asked = len(place.double.log)
    del place.environment["DANBOORU_LOGIN"]
    with pytest.raises(SourceError, match="DANBOORU_LOGIN is not set"):
        place.run()
    assert len(place.double.log) == asked
    kept = "".join(p.read_text() for p in place.scratch.rglob("*") if p.is_file())
    said = f"{caught.value}{caplog.text}{capfd.readouterr()}{kept}{place.client()!r}"
    assert key not in said


def test_row_11_a_key_that_lacks_the_right(desk: DeskMaker) -> None:
    place = desk(gallery(2))
    place.environment |= {"DANBOORU_LOGIN": "powerless", "DANBOORU_API_KEY": "x"}
    with pytest.raises(SourceError, match=r"403.*Access denied"):
        place.run()
    assert len(place.double.log) == 1


@pytest.mark.parametrize("name", ["", "python-httpx/0.28.1", "Mozilla/5.0 (X11)"])
def test_row_12_a_user_agent_that_is_not_ours(desk: DeskMaker, name: str) -> None:
    place = desk(gallery(1))
    picture = place.double.url(place.double.posts[1], "original")
    with place.client(name) as client:
        with pytest.raises(SourceError, match=r"gatekeeper.*User-Agent"):
            client.ask("/posts.json", {}, _entries)
        with pytest.raises(SourceError, match="gatekeeper"):
            client.image(picture)
    assert [seen.host for seen in place.double.log] == ["api", "cdn"]


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "  ",
        "me",
        "http://",
        "https://.",
        "http://x@",
        "http://[",
        "Mozilla/5.0",
        "https://x (Chrome/1)",
        "a@b\r\nX: y",
        "@",
        "ü@example.org",
    ],
)
def test_row_12_no_honest_contact_no_start(desk: DeskMaker, contact: str) -> None:
    place = desk(gallery(1))
    place.environment["COLORIZE_CONTACT"] = contact
    with pytest.raises(SourceError, match="set COLORIZE_CONTACT"):
        place.run()
    assert place.double.log == []
    assert user_agent(CONTACT, "77").endswith("(+tests@example.org; user #77)")


def test_row_13_too_fast_for_the_site(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    place.double.max_per_s = 0.5
    assert place.ids() == [3, 2, 1]
    refused = [gap for gap in place.gaps() if gap > 1.5]
    assert min(refused) >= 60
    assert place.double.seen("cdn")  # refused there by a page, which nobody took for a picture
    assert place.skipped() == {}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("where", ["/posts.json", "/360x360"])
def test_row_14_retry_after(desk: DeskMaker, status: int, where: str) -> None:
    place = desk(gallery(1, width=400, height=400))
    date = "Tue, 14 Nov 2023 22:30:30 GMT"  # 30 s past EPOCH's minute, the hands stand at 1000 s
    for value in ("7", date, "soon"):
        place.double.fault(where, page(status, Retry_After=value), hits={1})
    assert place.ids(min_side=256) == [1]
    first = next(n for n, seen in enumerate(place.double.log) if seen.path.startswith(where))
    seconds, dated, garbage = place.gaps()[first : first + 3]
    assert seconds == pytest.approx(7)
    asked = place.double.log[first + 1].time
    assert asked + dated == pytest.approx(1_700_001_030 - EPOCH)
    assert garbage >= 60 if status == 429 else 1 <= garbage < 10


def test_row_14_a_wait_that_is_too_long_stops_and_keeps_the_state(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    place.double.fault("/180x180", page(429, Retry_After="86400"), hits={3})
    with pytest.raises(SourceError, match="wait 86400 s"):
        place.run()
    asked = len(place.double.seen("cdn"))
    assert asked == 3
    assert place.ids() == [3, 2, 1]
    assert len(place.double.seen("cdn")) == asked + 1


def test_row_15_a_search_that_takes_too_long(desk: DeskMaker) -> None:
    slow = error(500, "ActiveRecord::QueryCanceled", "The database timed out running your query.")
    place = desk(gallery(2))
    place.double.fault("/posts.json", slow, hits={1})
    assert place.ids() == [2, 1]
    worse = desk(gallery(2))
    worse.double.fault("/posts.json", slow)
    with pytest.raises(SourceError, match="narrow it"):
        worse.run(tags=("magic", "id:>0"))
    limits = [seen.query["limit"] for seen in worse.double.log]
    assert limits == ["200"] * 3 + ["100"] * 3


@pytest.mark.parametrize("status", [502, 520])
def test_row_16_a_site_that_is_down(desk: DeskMaker, status: int) -> None:
    place = desk(gallery(2))
    place.double.fault("/posts.json", page(status), hits={1, 2})
    bad = place.double.url(place.double.posts[2], "180x180").removeprefix(
        place.double.origin("cdn")
    )
    place.double.fault(bad, page(status))
    assert place.ids() == [1]
    assert place.skipped() == {"failed": 1}
    assert len(place.double.seen("cdn", bad)) == 5
    down = desk(gallery(2))
    down.double.fault("/posts.json", page(status))
    with pytest.raises(SourceError, match=f"^{status}"):
        down.run(tags=("magic", "id:>0"))
    assert len(down.double.log) == 5
    assert all(0 < slept <= 16 for slept in down.hands.slept)


@pytest.mark.parametrize(
    "answer",
    [
        page(200),
        data(None),
        data({}),
        server.Reply(body=b'[{"id": 5, "tag_'),
        error(200, "Some::Error", "half asleep"),
        data([1, 2]),
    ],
)
def test_row_17_an_answer_that_is_no_list_of_posts(desk: DeskMaker, answer: server.Reply) -> None:
    place = desk(gallery(2))
    place.double.fault("/posts.json", answer, hits={1, 2})
    assert place.ids() == [2, 1]
    worse = desk(gallery(2))
    worse.double.fault("/posts.json", answer)
    with pytest.raises(answers.TransientError):
        worse.run(tags=("magic", "id:>0"))
    assert len(worse.double.log) == 5


@pytest.mark.parametrize(
    "fault", [server.reset, server.stall, server.drip_body, server.drip_headers]
)
def test_row_18_bad_connections(desk: DeskMaker, fault: server.Fault) -> None:
    place = desk(gallery(1))
    place.hurry()
    place.double.fault("/180x180", fault, hits={1})
    place.double.fault("/posts.json", fault, hits={1})
    assert place.ids() == [1]
    assert min(place.gaps()) >= 1 - 1e-9


def test_row_18_tries_are_bounded(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    place.double.fault("/180x180", server.reset)
    with place.client() as client, pytest.raises(ImageError, match="failed") as caught:
        client.image(place.double.url(place.double.posts[1], "180x180"))
    assert caught.value.reason == "failed"
    assert len(place.double.log) == 5


def test_row_12_a_challenge_is_known_by_its_body_as_well(desk: DeskMaker) -> None:
    place = desk(gallery(1))
    place.double.fault("/180x180", server.page(503, "window._cf_chl_opt"))
    with pytest.raises(SourceError, match="gatekeeper"):
        place.run()
    assert len(place.double.seen("cdn")) == 1


def test_ten_failures_in_a_row_stop_the_run_and_none_counts_as_final(desk: DeskMaker) -> None:
    place = desk(gallery(14))
    place.double.fault("/180x180", page(502))
    with pytest.raises(SourceError, match="10 pictures in a row"):
        place.run()
    place.double.rules.clear()
    assert place.ids() == list(range(14, 0, -1))
    assert place.skipped() == {}


def test_row_12_one_forbidden_file_is_left_out(desk: DeskMaker) -> None:
    place = desk(gallery(3))
    place.double.fault("/180x180", page(403), hits={2})
    assert place.ids() == [3, 1]
    assert place.skipped() == {"failed": 1}
    assert len(place.double.seen("cdn")) == 3


def test_too_many_failures_end_a_run_that_another_one_continues(desk: DeskMaker) -> None:
    place = desk(gallery(30))
    place.double.fault("/180x180", page(502), hits=[n for n in range(500) if n % 5])
    with pytest.raises(SourceError, match="101 requests have failed, the last by: 502"):
        place.run()
    images = len(place.double.seen("cdn"))
    assert place.ids() == list(range(30, 0, -1))
    assert images < len(place.double.seen("cdn")) <= 5 * 31


ECHOES = (
    "{key} is no key",
    "Invalid: " + "x" * 190 + "{key}",
    "%3A{quoted}",
    "Basic {basic}",
    "{upper}",
)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [401, 403, 422, 429, 500])
def test_row_10_a_site_that_repeats_the_key(desk: DeskMaker, echo: str, status: int) -> None:
    place = desk(gallery(1))
    login, key = "reader", "s3cret+key/7"
    place.environment |= {"DANBOORU_LOGIN": login, "DANBOORU_API_KEY": key}
    spelt = {
        "key": key,
        "quoted": quote(key, safe=""),
        "basic": b64encode(f"{login}:{key}".encode()).decode(),
        "upper": key.upper(),
    }
    place.double.fault("/posts.json", error(status, "X", echo.format(**spelt)))
    with pytest.raises(SourceError, match=str(status)) as caught:
        place.run()
    said = str(caught.value)
    assert not any(word in said for word in spelt.values())
    assert "s3cr" not in said.lower()
