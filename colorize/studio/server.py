"""Serves one application on 127.0.0.1 until it is stopped."""

import secrets
import socket
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from colorize.errors import InputError
from colorize.studio.guard import BODY_BYTES, Guard

HOST = "127.0.0.1"
MAX_CONNECTIONS = 100
"""At once; more get the status 503."""


def small(method: str, path: str) -> int:
    """Bytes of a body where no request brings a file."""
    return BODY_BYTES


class _Server(uvicorn.Server):
    """Lets those who listen for events go before it waits for all connections to end."""

    leave: Callable[[], None]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.leave()
        super().handle_exit(sig, frame)


def serve(
    app: ASGIApp,
    *,
    port: int,
    show: bool,
    title: str,
    most: Callable[[str, str], int] = small,
    leave: Callable[[], None] = lambda: None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; prints the address, whose token is new each time.

    Args:
        app: to serve.
        port: to listen on; 0 for any that is free.
        show: whether to open the address in the browser.
        title: what stands before the address.
        most: bytes of a body, by method and path.
        leave: is called when the server is to stop.

    Raises:
        InputError: the port cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((HOST, port))
        listener.listen()  # whoever comes before the server runs waits
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"port {port} cannot be had: {reason}") from None
    port = listener.getsockname()[1]
    token = secrets.token_urlsafe(24)
    address = f"http://{HOST}:{port}/{token}/"
    guarded = Guard(app, token=token, port=port, most=most)
    config = uvicorn.Config(
        guarded,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        http="h11",
        loop="asyncio",
        lifespan="on",
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=32_768,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=3,
    )
    print(f"{title}: {address}", flush=True)
    if show:
        webbrowser.open(address)
    server = _Server(config)
    server.leave = leave
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
