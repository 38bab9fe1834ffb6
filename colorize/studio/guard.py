"""Lets a request through only if the page that this server itself gave out made it.

Whoever can open a web page in the user's browser can make it send requests to 127.0.0.1, under any
name that he lets point there. So the host that a request names must be this one, what changes
something must come from this origin, and the address begins with a token that no other page knows.
Bodies are measured as they arrive.
"""

import hmac
from collections.abc import Callable, Iterable

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
SAFE = frozenset({"GET", "HEAD"})

BODY_BYTES = 1_000_000
"""Of a request that brings no file."""


class Guard:
    """Wraps an application.

    Args:
        app: sees paths without the token.
        token: first part of every path.
        port: that the server listens on.
        most: gives the bytes that the body of a request may have, by method and path.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, port: int, most: Callable[[str, str], int]
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"{host}:{port}" for host in ("127.0.0.1", "localhost")}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await PlainTextResponse(refused[1], refused[0])(scope, receive, answer)
            return
        path = _within(scope["path"], self._token)
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        most = self._most(scope["method"], path)
        await self._app(inner, _measured(receive, most), answer)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason of a refusal; None where the request may pass."""
        headers = scope["headers"]
        if _values(headers, b"host") not in [[host] for host in self._hosts]:
            return 421, "this server answers to 127.0.0.1 alone"
        first = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
        if not hmac.compare_digest(first.encode("utf-8", "replace"), self._token.encode()):
            return 404, "nothing is here: open the address that `colorize` printed"
        origins = _values(headers, b"origin")
        safe = scope["method"] in SAFE
        if any(origin not in self._origins for origin in origins) or not (origins or safe):
            return 403, "the request comes from another page"
        sites = _values(headers, b"sec-fetch-site")
        opened = safe and _values(headers, b"sec-fetch-mode") == ["navigate"]
        if not opened and any(site not in {"same-origin", "none"} for site in sites):
            return 403, "the request comes from another page"
        lengths = _values(headers, b"content-length")
        most = self._most(scope["method"], _within(scope["path"], self._token))
        if any(not length.isdecimal() or int(length[:20]) > most for length in lengths):
            return 413, f"the body may have {most} bytes"
        return None


def _within(path: str, token: str) -> str:
    """The path behind the token."""
    return path[1 + len(token) :] or "/"


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _measured(receive: Receive, most: int) -> Receive:
    """Receive a body of ``most`` bytes at most; one that is longer ends in the status 413."""
    total = 0

    async def measured() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise HTTPException(413, f"the body may have {most} bytes")
        return message

    return measured
