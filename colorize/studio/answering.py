"""What the applications share: errors as one line, and bodies as JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from colorize.errors import ColorizeError, InputError
from colorize.studio.worker import Busy

Endpoint = Callable[[Request], Awaitable[Response]]


def answered(endpoint: Endpoint) -> Endpoint:
    """Turn whatever an endpoint raises into a status and one line."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except LookupError:
            return failure(404, "there is no such thing")
        except (Busy, asyncio.CancelledError) as error:
            return failure(503, str(error) or "the server stops")
        except ColorizeError as error:
            return failure(422, str(error))
        except OSError as error:
            return failure(507, f"it cannot be saved: {error.strerror or error}")

    return answer


def failure(status: int, text: str) -> Response:
    """Answer that something is wrong."""
    return JSONResponse({"error": text}, status)


async def body(request: Request) -> object:
    """Read a body as JSON.

    Raises:
        InputError: it is none.
    """
    try:
        found: object = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise InputError("the body is no JSON") from None
    return found
