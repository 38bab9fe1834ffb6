"""The rate-limited client: every request to a site goes through it, one at a time.

Rate, retries, time and byte limits, the list of hosts, the opt-out headers and the credentials are
kept in this one place, so no source can forget any of them.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Self, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from colorize.errors import ImageError, SourceError
from colorize.sources.boards import answers
from colorize.sources.boards.answers import Answer, RefusedError, ThrottledError, TransientError
from colorize.sources.boards.limits import RateLimit
from colorize.sources.boards.optout import opted_out
from colorize.sources.boards.site import ROBOT, Identity, Site, origin

T = TypeVar("T")
Look = Callable[[httpx.Response], None]
"""Judges an answer by its headers, or raises."""

MAX_BYTES = 25_000_000
"""Largest body of an answer; Danbooru admits files of four times that, but not as renditions."""

MAX_REDIRECTS = 3
FAILURE_BUDGET = 100
"""Failed tries in one run; past it the site, or the way to it, is not well."""

FIRST_PAUSE_S = 60.0
"""After 429 without Retry-After: Danbooru's application sends none and says "wait a minute"."""

_jitter = wait_random_exponential(multiplier=1, max=120)


class Client:
    """Asks one site; use it as a context manager.

    Proxies and credentials that the environment holds for other programs are not used.

    Args:
        site: where requests may go.
        identity: who asks; its credentials go to the API's origin alone.
        rate_per_s: requests to the whole site, retries and redirects included.
    """

    def __init__(self, site: Site, identity: Identity, *, rate_per_s: float) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, keys and all
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self.site = site
        self._identity = identity
        self._secrets = identity.secrets
        self._limit = RateLimit(rate_per_s, site.clock)
        self._failures = 0
        self._runner = asyncio.Runner()
        self._api = _connections(site, identity, auth=identity.basic)
        self._files = _connections(site, identity, auth=None)
        self._files.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._api.aclose())
        self._runner.run(self._files.aclose())
        self._runner.close()

    def ask(self, path: str, params: Mapping[str, str], read: Callable[[Answer], T]) -> T:
        """Ask the API.

        Args:
            path: below the API's origin.
            params: the query; credentials for it are added here.
            read: makes of an answer what is wanted, or raises `TransientError` to have it retried.

        Raises:
            SourceError: the site refuses, or no try was good.
        """
        url = httpx.URL(self.site.api).join(path)
        url = url.copy_merge_params({**params, **self._identity.query})
        try:
            return self._insist(lambda: read(self._request(url)))
        except ImageError as error:
            raise SourceError(f"an answer of the API cannot be used: {error}") from None

    def image(self, url: str) -> bytes:
        """Download one picture file.

        Raises:
            ImageError: this picture cannot be had: ``refused_url``, ``gone``, ``opted_out``,
                ``no_picture``, ``too_many_bytes`` or, after all tries, ``failed``.
            SourceError: the site wants no more requests of ours.
        """
        target = self.site.resolve(url)
        if target is None:
            raise ImageError(
                "refused_url", f"{answers.quote(url, self._secrets)} is not of {self.site.name}"
            )
        try:
            return self._insist(lambda: self._picture(target))
        except ThrottledError:
            raise
        except RefusedError as error:
            raise ImageError("refused_url", str(error)) from None
        except TransientError as error:
            raise ImageError("failed", str(error)) from None

    def _picture(self, url: httpx.URL) -> bytes:
        answer = self._request(url, partial(_look, secrets=self._secrets))
        if answer.status in answers.GONE:
            raise ImageError("gone", f"status {answer.status}")
        answers.check_welcome(answer)
        if answer.status != 200:
            raise ImageError("failed", f"status {answer.status}")
        return answer.body

    def _request(self, url: httpx.URL, look: Look | None = None) -> Answer:
        """Get ``url``, following redirects within the site; pictures have a ``look``."""
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._once(url, look)
            if answer.status not in answers.REDIRECTS:
                return answer
            target = self.site.resolve(answer.headers.get("location", ""), url)
            if target is None:
                raise RefusedError("a redirect away from the site")
            url = target
        raise RefusedError(f"more than {MAX_REDIRECTS} redirects")

    def _once(self, url: httpx.URL, look: Look | None) -> Answer:
        self._limit.wait()
        self._limit.spend()
        try:
            return self._runner.run(self._stream(url, look))
        except httpx.RequestError as error:
            self._limit.spend()
            words = answers.quote(f"{type(error).__name__} {error}", self._secrets)
            raise TransientError(f"no whole answer: {words}") from None
        except TimeoutError:
            self._limit.spend()
            raise TransientError(f"no whole answer within {self.site.deadline_s:g} s") from None

    async def _stream(self, url: httpx.URL, look: Look | None) -> Answer:
        asks_api = look is None and origin(url) == self.site.api
        client = self._api if asks_api else self._files
        body = bytearray()
        async with asyncio.timeout(self.site.deadline_s), client.stream("GET", url) as response:
            self._limit.spend()
            if look:
                look(response)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ImageError("too_many_bytes", f"more than {MAX_BYTES}")
        today = self.site.clock.today()
        return Answer(response.status_code, response.headers, bytes(body), today, self._secrets)

    def _insist(self, attempt: Callable[[], T]) -> T:
        """Try again while that may help, waiting longer each time."""
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            after=self._count_failure,
            stop=lambda state: state.attempt_number >= _transient(state).tries,
            wait=self._back_off,
            sleep=self.site.clock.sleep,
            reraise=True,
        )
        return retrying(attempt)

    def _count_failure(self, state: RetryCallState) -> None:
        self._failures += 1
        if self._failures > FAILURE_BUDGET:
            raise SourceError(
                f"{self._failures} requests have failed, the last by: {_transient(state)};"
                " run it again later to resume"
            )

    def _back_off(self, state: RetryCallState) -> float:
        error = _transient(state)
        wait_s = error.wait_s
        if wait_s is None and isinstance(error, ThrottledError):
            wait_s = min(FIRST_PAUSE_S * 2 ** (state.attempt_number - 1), answers.LONGEST_WAIT_S)
        if wait_s is None:
            return _jitter(state)
        self._limit.pause(wait_s)
        return 0.0


def _connections(
    site: Site, identity: Identity, *, auth: tuple[str, str] | None
) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        auth=auth,
        headers={"User-Agent": identity.user_agent, "Accept": "*/*"},
        timeout=httpx.Timeout(site.read_s, connect=site.connect_s),
        verify=site.trust(),
        trust_env=False,
        follow_redirects=False,
    )


def _transient(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        raise TypeError(f"{error!r} is not to be retried")
    return error


def _look(response: httpx.Response, *, secrets: Sequence[str]) -> None:
    """Judge a picture by its headers, before any of its body is read.

    Raises:
        ImageError: ``opted_out``, ``no_picture`` or ``too_many_bytes``.
        TransientError: a page came in its place.
    """
    if response.status_code != 200:
        return
    headers = response.headers
    if opted_out(headers.get_list("x-robots-tag"), ROBOT):
        raise ImageError("opted_out", "by X-Robots-Tag")
    if answers.is_page(headers) and "cf-mitigated" not in headers:
        raise TransientError("a page in place of a picture")
    kind = headers.get("content-type", "").lower()
    if not kind.startswith(("image/", "application/octet-stream", "text/html")):
        raise ImageError("no_picture", f"type {answers.quote(kind, secrets)}")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ImageError("no_picture", "compressed for the journey, though not asked for")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:18]) > MAX_BYTES:
        raise ImageError("too_many_bytes", length)
