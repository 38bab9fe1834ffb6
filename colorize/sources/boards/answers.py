"""Classifies a site's answers: accept, retry later, leave this picture out, or stop."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from colorize.errors import SourceError
from colorize.sources.boards.limits import retry_after

LONGEST_WAIT_S = 600.0
"""A site that wants a longer pause than this is left alone until the user starts again."""

GONE = frozenset({404, 410, 451})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT = frozenset({408, 425, *range(500, 600)})
LONGEST_QUOTE = 200


class TransientError(SourceError):
    """An answer that may be better next time.

    Args:
        text: what went wrong.
        wait_s: pause that the site asked for; None leaves it to the back-off.
    """

    tries = 5

    def __init__(self, text: str, *, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class ThrottledError(TransientError):
    """The site says that we are too fast; it concerns all of our requests, not this one."""


class SlowSearchError(TransientError):
    """The search takes the site too long; asking again and again would not help."""

    tries = 3


class RefusedError(SourceError):
    """A redirect that leads away from the site or in circles."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end.

    Attributes:
        status: of HTTP.
        headers: of HTTP.
        body: no longer than the client's limit.
        today: when it came, in seconds since the epoch.
        secrets: what of its text must not be quoted.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    today: float
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, which is never an answer of an API."""
        return is_page(self.headers) or self.body[:64].lstrip().lower().startswith(
            b"<!doctype html"
        )


def is_page(headers: httpx.Headers) -> bool:
    """Tell by the Content-Type whether a page for people follows."""
    return str(headers.get("content-type", "")).lower().startswith("text/html")


def check_welcome(answer: Answer) -> None:
    """Let an answer pass unless the site turns us away for good or for now.

    Raises:
        SourceError: a challenge, or a pause of more than `LONGEST_WAIT_S`.
        TransientError: 429, 408, 425 and 5xx.
    """
    if "cf-mitigated" in answer.headers or (answer.is_page and b"_cf_chl_opt" in answer.body):
        raise SourceError(
            f"{answer.status}: the site's gatekeeper turned us away, most likely by the"
            " User-Agent or the address; check COLORIZE_CONTACT and the user id, wait, and ask the"
            " site's operators before trying again"
        )
    wait_s = retry_after(answer.headers.get("retry-after"), answer.today)
    if answer.status in TRANSIENT | {429} and wait_s is not None and wait_s > LONGEST_WAIT_S:
        raise SourceError(f"the site asks to wait {wait_s:.0f} s: run again after that")
    if answer.status == 429:
        raise ThrottledError(f"429: too many requests{told(answer)}", wait_s=wait_s)
    if answer.status in TRANSIENT:
        raise TransientError(f"{answer.status}{told(answer)}", wait_s=wait_s)


def check(answer: Answer) -> None:
    """Let only a 200 that is no page for people pass.

    Raises:
        SourceError: also for what no retry can mend, with the site's own words.
        TransientError: as `check_welcome`, and for a page in place of an answer.
    """
    check_welcome(answer)
    if answer.status in {401, 403}:
        raise SourceError(
            f"{answer.status}: access refused{told(answer)}; check login, API key and what the"
            " key may do, or unset both"
        )
    if answer.status != 200:
        raise SourceError(f"{answer.status}: the site refuses the search{told(answer)}")
    if answer.is_page:
        raise TransientError("a page in place of an answer")


def error_class(answer: Answer) -> str:
    """Name of the error that a JSON error object states, or nothing."""
    return str(_error_object(answer).get("error", ""))


def told(answer: Answer) -> str:
    """Quote the message of a JSON error object, short and on one line; else nothing."""
    content = _error_object(answer)
    text = str(content.get("message") or content.get("error") or "")
    return f" ({quote(text, answer.secrets)})" if text else ""


def quote(text: str, secrets: Sequence[str] = ()) -> str:
    r"""Make words from a site fit into one line of ours.

    Args:
        text: the words.
        secrets: hidden where the site repeats one, in whatever case of letters.

    >>> quote("no key\nS3CRET here", ["s3cret"])
    'no key [hidden] here'
    """
    for secret in filter(None, secrets):
        text = re.sub(re.escape(secret), "[hidden]", text, flags=re.IGNORECASE)
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(line.split())[:LONGEST_QUOTE]


def _error_object(answer: Answer) -> dict[str, object]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
