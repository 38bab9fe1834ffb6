"""The real sites' profiles, which no test may ask, and the rate."""

import httpx
import pytest

from colorize.sources.boards import danbooru, safebooru
from colorize.sources.boards.limits import Clock, RateLimit, retry_after
from tests.sources.conftest import Hands


@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        ("https://danbooru.donmai.us/posts.json", True),
        ("https://cdn.donmai.us/original/aa/bb/x.png", True),
        ("https://CDN.donmai.us:443/x", True),
        ("http://cdn.donmai.us/x", False),
        ("https://cdn.donmai.us:8443/x", False),
        ("https://cdn.donmai.us./x", False),
        ("https://cdn.donmai.us.evil/x", False),
        ("https://evil.cdn.donmai.us/x", False),
        ("https://user@cdn.donmai.us/x", False),
        ("https://safebooru.org/x", False),
        ("https://127.0.0.1/x", False),
    ],
)
def test_danbooru_is_two_hosts_and_no_more(url: str, admitted: bool) -> None:
    assert danbooru.SITE.admits(httpx.URL(url)) is admitted


def test_urls_of_safebooru_in_all_its_spellings() -> None:
    for given in ("//safebooru.org/images/1/a.png", "https://safebooru.org//images/1/a.png?7"):
        assert safebooru.SITE.resolve(given) is not None
    assert str(safebooru.SITE.resolve("/images/a.png")) == "https://safebooru.org/images/a.png"
    assert safebooru.SITE.resolve("//donmai.us/a.png") is None


@pytest.mark.parametrize("rate", [0, -1, 10.5, float("nan")])
def test_rejects_a_rate(rate: float) -> None:
    with pytest.raises(ValueError, match="is not above 0"):
        RateLimit(rate, Clock())


def test_the_longer_of_two_pauses_holds_and_the_first_request_waits_too() -> None:
    hands = Hands(seconds=0.0)
    limit = RateLimit(2.0, hands.clock())
    limit.wait()
    assert hands.seconds == 0.5
    limit.pause(60)
    limit.pause(5)
    limit.spend()
    limit.wait()
    assert hands.seconds == 60.5


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "٣", "Tue, 99 Foo 2023"])
def test_a_wait_that_cannot_be_read_is_none(value: str | None) -> None:
    assert retry_after(value, 0.0) is None


def test_a_date_in_the_past_is_no_wait() -> None:
    assert retry_after("Thu, 01 Jan 1970 00:00:10 GMT", 50.0) == 0.0
