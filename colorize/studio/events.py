"""Tells every open page of the studio what has changed, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

MAX_LISTENERS = 16
MAX_WAITING = 512
"""Events that may wait for a listener; one that does not keep up is let go, and connects anew."""

BEAT = 15.0
"""Seconds without an event after which a comment shows that the connection is alive."""


class Hub:
    """Passes events from any thread to those who listen; made within the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: set[asyncio.Queue[str | None]] = set()

    def tell(self, event: Mapping[str, object]) -> None:
        """Send an event to all listeners; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, json.dumps(event))

    def close(self) -> None:
        """Let all listeners go."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, None)

    def _put(self, event: str | None) -> None:
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
                queue.get_nowait()
                event = None
            queue.put_nowait(event)

    def is_full(self) -> bool:
        """Whether nobody else may listen."""
        return len(self._queues) >= MAX_LISTENERS

    async def listen(self) -> AsyncIterator[str]:
        """Give events as the protocol writes them."""
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_WAITING)
        self._queues.add(queue)
        try:
            yield "retry: 1000\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), BEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield f"data: {event}\n\n"
        finally:
            self._queues.discard(queue)
