"""What the applications share: errors as one line, and bodies as JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote, unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colorize.errors import ColorizeError, InputError
from colorize.studio.project import Page, Project
from colorize.studio.worker import Busy

Endpoint = Callable[[Request], Awaitable[Response]]
Member = TypeVar("Member", bound=StrEnum)


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
        except ClientDisconnect:
            return failure(400, "the request broke off")  # nobody reads it
        except OSError as error:
            return failure(507, f"it cannot be saved: {error.strerror or error}")

    return answer


def failure(status: int, text: str) -> Response:
    """Answer that something is wrong."""
    return JSONResponse({"error": text}, status)


def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    """Name what answers a request."""
    return Route(path, answered(endpoint), methods=[method])


def page_of(project: Project, request: Request) -> Page:
    """Find the page that a path names.

    Raises:
        LookupError: there is none.
    """
    page = project.page(request.path_params["page"])
    if page is None:
        raise LookupError
    return page


def member(kind: type[Member], text: str) -> Member:
    """Find what a path names.

    Raises:
        LookupError: there is no such thing.
    """
    if text not in set(kind):
        raise LookupError
    return kind(text)


def named(request: Request) -> str:
    """Name of the file that a body is; text that others give."""
    return unquote(request.headers.get("x-name", ""), errors="replace")


def attached(name: str) -> str:
    """Header of a file to save, whatever letters its name has."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def download(content: bytes, name: str) -> Response:
    """Answer with a file to save."""
    headers = {"content-disposition": attached(name), "cache-control": "no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers)


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
