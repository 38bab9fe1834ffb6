"""A site on this machine's loopback: real TLS, API and files on separate ports, every request seen.

Faults are scripted for a path and for the n-th request to it.
"""

import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import trustme

HTML = "text/html; charset=utf-8"


class Seen(NamedTuple):
    """One request as it came in."""

    time: float
    host: str  # "api" or "cdn"
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What goes back; a `str` body is a page."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: tuple[tuple[str, str], ...] = ()

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        headers = {"Content-Type": self.kind, "Content-Length": str(len(self.body))}
        for name, value in [*(headers | dict(self.headers)).items(), *self.repeated]:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)


Fault = Callable[[BaseHTTPRequestHandler], None]


def data(content: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(content).encode(), headers=headers)


def page(status: int, text: str = "sorry", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, f"<!DOCTYPE html><p>{text}".encode(), HTML, named)


def error(status: int, kind: str, message: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"success": False, "error": kind, "message": message, "backtrace": []}
    return Reply(status, json.dumps(content).encode(), headers=named)


def challenge() -> Reply:
    return page(403, "window._cf_chl_opt = {}", server="cloudflare", cf_mitigated="challenge")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())
    handler.close_connection = True


def stall(handler: BaseHTTPRequestHandler) -> None:
    """Never answer."""
    handler.server.stopping.wait(30)  # type: ignore[attr-defined]


def _head(kind: str, framing: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n".encode()


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    """Announce a picture and send it a byte at a time."""
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 9999\r\n\r\n"
    )
    _drip(handler, b"x")


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    """Send headers a byte at a time, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    _drip(handler, b"x")


def _drip(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    while not handler.server.stopping.wait(0.02):  # type: ignore[attr-defined]
        handler.wfile.write(piece)
        handler.wfile.flush()


def cut(body: bytes) -> Fault:
    """Promise twice the bytes, and hang up."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        Reply(body=body, kind="image/png", headers={"Content-Length": str(2 * len(body))}).send(
            handler
        )
        handler.close_connection = True

    return send


def chunked(*pieces: bytes, ended: bool = True, kind: str = "image/png") -> Fault:
    """Send without a length; unless ``ended``, hang up in the middle."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(_head(kind, "Transfer-Encoding: chunked"))
        for piece in pieces:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if ended:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return send


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Send chunks until the client hangs up."""
    handler.wfile.write(_head("image/png", "Transfer-Encoding: chunked"))
    piece = b"%x\r\n%b\r\n" % (2**20, bytes(2**20))
    handler.server.endless_mb = 0  # type: ignore[attr-defined]
    while not handler.server.stopping.is_set():  # type: ignore[attr-defined]
        handler.wfile.write(piece)
        handler.server.endless_mb += 1  # type: ignore[attr-defined]


@dataclass
class Rule:
    """A fault, the path that it is for, and which of the requests to it (from 1; None: all)."""

    prefix: str
    fault: Reply | Fault
    hits: Collection[int] | None
    count: int = 0

    def strikes(self, path: str) -> bool:
        if not path.startswith(self.prefix):
            return False
        self.count += 1
        return self.hits is None or self.count in self.hits


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    name: str
    double: "Double"
    stopping: threading.Event
    endless_mb: int = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that hang up; report the double's own mistakes."""
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        double = self.server.double
        seen = Seen(double.now(), self.server.name, parts.path, query, dict(self.headers.items()))
        with double.lock:
            double.log.append(seen)
            rule = next((r for r in double.rules if r.strikes(self.path)), None)
        reply = rule.fault if rule else double.answer(seen)
        if isinstance(reply, Reply):
            reply.send(self)
        else:
            reply(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the double keeps its own log."""


class Double:
    """The site; a context manager.

    Args:
        folder: where the certificate authority's certificate is written.
        now: the time of the requests in `log`; the client's own clock where a test winds it.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.lock = threading.Lock()
        self.log: list[Seen] = []
        self.rules: list[Rule] = []
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._servers = {name: self._serve(name, context) for name in ("api", "cdn")}
        self.ca = folder / f"authority-{self._servers['api'].server_address[1]}.pem"
        authority.cert_pem.write_to_path(str(self.ca))

    def _serve(self, name: str, context: ssl.SSLContext) -> _Server:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.name, server.double, server.stopping = name, self, threading.Event()
        return server

    def __enter__(self) -> Self:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.stopping.set()
            server.shutdown()
            server.server_close()

    def origin(self, name: str) -> str:
        return f"https://127.0.0.1:{self._servers[name].server_address[1]}"

    def endless_mb(self) -> int:
        """How much of an endless answer was taken."""
        return max(server.endless_mb for server in self._servers.values())

    def fault(self, prefix: str, fault: Reply | Fault, hits: Collection[int] | None = None) -> None:
        """Answer requests to paths that begin with ``prefix`` by ``fault``."""
        self.rules.append(Rule(prefix, fault, hits))

    def seen(self, host: str = "", prefix: str = "") -> list[Seen]:
        """The requests so far to one host, or to both, below ``prefix``."""
        return [s for s in self.log if host in ("", s.host) and s.path.startswith(prefix)]

    def answer(self, seen: Seen) -> Reply:
        """What the site says where no fault is scripted."""
        raise NotImplementedError
