"""Limits the rate of requests to a site, and pauses when the site asks for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

MAX_RATE_PER_S = 10.0
"""Danbooru's documented hard limit; its operators ask to stay near one a second."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the client sees it; tests give one whose sleep only moves its hands.

    Attributes:
        now: seconds that never run backwards.
        sleep: waits for a number of these seconds.
        today: seconds since the epoch, to compare with dates that a site names.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    today: Callable[[], float] = time.time


class RateLimit:
    """Keeps the requests to one site, whichever of its hosts they go to, apart in time.

    A token bucket that holds one token. It starts empty, so a restart cannot exceed the rate.

    Args:
        rate_per_s: above 0, `MAX_RATE_PER_S` at the most.
        clock: the time.
    """

    def __init__(self, rate_per_s: float, clock: Clock) -> None:
        if not 0 < rate_per_s <= MAX_RATE_PER_S:
            raise ValueError(f"rate {rate_per_s} is not above 0 and at most {MAX_RATE_PER_S:g}")
        self._gap_s = 1 / rate_per_s
        self._clock = clock
        self._free_at = clock.now() + self._gap_s

    def wait(self) -> None:
        """Sleep until the next request may leave."""
        while (left := self._free_at - self._clock.now()) > 0:
            self._clock.sleep(left)

    def spend(self) -> None:
        """Count the gap from now on: a request left, or its answer came.

        Called at the answer too, because only then the site has certainly seen the request. So the
        site itself measures the whole gap, however long a connection takes.
        """
        self.pause(self._gap_s)

    def pause(self, seconds: float) -> None:
        """Let nothing leave for so long; a longer pause that was asked for before stays."""
        self._free_at = max(self._free_at, self._clock.now() + seconds)


def retry_after(value: str | None, today: float) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as seconds from ``today`` on.

    None where there is none or it cannot be read.

    >>> retry_after("7", today=0.0)
    7.0
    >>> retry_after("Thu, 01 Jan 1970 00:01:00 GMT", today=50.0)
    10.0
    >>> retry_after("soon", today=0.0)
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - today)
    except (ValueError, OverflowError):
        return None
