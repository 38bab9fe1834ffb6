"""The studio as a web application: what a browser may ask, and what it gets.

Whatever comes in is checked here: ids name pages of this project, numbers are finite and in range,
names are text. Nothing that blocks runs in the event loop.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from colorize.errors import ImageError, InputError
from colorize.imaging import formats
from colorize.paint import colourbook, learning
from colorize.paint.opening import MAX_BYTES
from colorize.paint.painter import Painter
from colorize.studio import swatches
from colorize.studio.answering import body, named, page_of, route
from colorize.studio.assets import asset
from colorize.studio.colours import Colours
from colorize.studio.events import Hub
from colorize.studio.exports import Exports
from colorize.studio.guard import BODY_BYTES
from colorize.studio.pictures import LEVELS, SCREEN, VIEWS
from colorize.studio.project import MAX_NAME, Page, Project, Settings, parsed
from colorize.studio.renderer import Renderer
from colorize.studio.swatches import Swatches
from colorize.studio.worker import Busy

MAX_BOOK_BYTES = 4_000_000_000
"""Of a book that is dropped."""

UPLOADS = 2
"""Files that are received at a time."""

UPLOAD = "/api/pages"

_LARGE = {("POST", UPLOAD): MAX_BOOK_BYTES, ("PUT", swatches.LOAD): colourbook.MAX_BYTES}


def most(method: str, path: str) -> int:
    """Bytes that the body of a request may have."""
    return _LARGE.get((method, path), BODY_BYTES)


class Studio:
    """One project, served.

    Args:
        project: to work on.
        painter: of the model to paint with.
        model: digest of the model's file.
        model_name: what names the model in a command; empty where none was given.
    """

    def __init__(
        self, project: Project, painter: Painter, *, model: str, model_name: str = ""
    ) -> None:
        if project.settings.domain not in ("auto", *painter.kinds):  # of another model
            project.set_settings(replace(project.settings, domain="auto"))
        self.hub = Hub()
        self._model_name = model_name
        self._project = project
        self._painter = painter
        model_of_book = learning.fingerprint(painter.model)
        self._colours = Colours(project.folder, model_of_book, bins=painter.model.spec.bins)
        self._renderer = Renderer(
            project, self._colours, painter, model=model, tell=self._tell_page
        )
        self._exports = Exports(project, self._renderer, self._colours, self.hub)
        self._swatches = Swatches(project, self._renderer, self._colours, self.hub)
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._changes = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        """Let all go who wait, because the server is to stop; from any thread."""
        self.hub.close()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._renderer.worker.stop)

    def app(self) -> Starlette:
        """Make the application."""
        page = "/api/pages/{page}"
        routes = [
            route("/", self._index),
            route("/static/{name}", self._static),
            route("/api/project", self._state),
            route("/api/events", self._events),
            route("/api/settings", self._set_settings, "PUT"),
            route(UPLOAD, self._add, "POST"),
            route(UPLOAD, self._clear, "DELETE"),
            route(page, self._open),
            route(page, self._remove, "DELETE"),
            route(f"{page}/hints", self._set_hints, "PUT"),
            route(f"{page}/likely", self._likely),
            route(f"{page}/view/{{view}}", self._view),
            *self._exports.routes(),
            *self._swatches.routes(),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._renderer.paint_ahead()
        yield
        self._exports.close()
        await run_in_threadpool(self._renderer.close)

    # What is shown

    async def _index(self, _: Request) -> Response:
        return asset("index.html")

    async def _static(self, request: Request) -> Response:
        return asset(request.path_params["name"])

    async def _state(self, _: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._described))

    def _described(self) -> dict[str, Any]:
        project, painter = self._project, self._painter
        kinds = sorted(painter.kinds)
        return {
            "folder": str(project.folder),
            "settings": asdict(project.settings),
            "defaults": {
                kind: {
                    **painter.decoding_of(kind)._asdict(),
                    "hues": painter.hues,
                    "brightness": painter.brightness,
                }
                for kind in kinds
            },
            "levels": LEVELS,
            "domains": kinds,
            "pages": [self._renderer.state(page) for page in project.pages],
            "book": self._exports.book,
            **self._colours.described(),
            "learns": painter.model.recipe.classifies,
            "model": self._model_name,
        }

    async def _events(self, _: Request) -> Response:
        if self.hub.is_full():
            raise Busy("too many windows are open")
        headers = {"cache-control": "no-store"}
        return StreamingResponse(self.hub.listen(), media_type="text/event-stream", headers=headers)

    async def _open(self, request: Request) -> Response:
        future = self._renderer.open(page_of(self._project, request))
        return JSONResponse(await asyncio.wrap_future(future))

    async def _view(self, request: Request) -> Response:
        page, view = page_of(self._project, request), VIEWS[request.path_params["view"]]
        picture = await asyncio.wrap_future(self._renderer.view(page, view))
        # A picture of a version never changes; the page may have changed since it was asked for.
        lasts = request.query_params.get("v") == picture.version
        headers = {"cache-control": "private, max-age=3600" if lasts else "no-store"}
        return Response(picture.content, media_type="image/jpeg", headers=headers)

    async def _likely(self, request: Request) -> Response:
        page = page_of(self._project, request)
        x, y = (_share(request.query_params.get(name, "")) for name in ("x", "y"))
        return JSONResponse(await asyncio.wrap_future(self._renderer.likely(page, x, y)))

    # What is changed

    async def _set_settings(self, request: Request) -> Response:
        settings = Settings.of(await body(request))
        self._renderer.painter(settings)
        async with self._changes:
            await run_in_threadpool(self._project.set_settings, settings)
        self._renderer.paint_ahead()
        self.hub.tell({"type": "project"})
        return JSONResponse(asdict(settings))

    async def _set_hints(self, request: Request) -> Response:
        page = page_of(self._project, request)
        found = await body(request)
        if not isinstance(found, dict):
            raise InputError("a body is an object of hints and revision")
        hints = parsed(found.get("hints"))
        async with self._changes:
            revision = found.get("revision")
            if revision is not None and revision != self._renderer.revision(page):
                return JSONResponse(self._renderer.state(page), 409)
            await run_in_threadpool(self._project.set_hints, page, hints)
        with suppress(Busy):  # painting begins before the browser asks for the picture
            self._renderer.view(page, SCREEN)
        self._tell_page(page)
        return JSONResponse(self._renderer.state(page))

    async def _add(self, request: Request) -> Response:
        name = named(request)[: 4 * MAX_NAME]
        async with self._uploads:
            if formats.is_page(name):
                content = await _received(request, MAX_BYTES)
                async with self._changes:
                    added = [await run_in_threadpool(self._project.add_page, name, content)]
            else:
                added = await self._add_book(request, name)
        self._renderer.paint_ahead()
        self.hub.tell({"type": "project"})
        return JSONResponse([page.id for page in added], 201)

    async def _add_book(self, request: Request, name: str) -> list[Page]:
        if formats.suffix(name) not in formats.BOOKS | formats.FOREIGN:
            raise InputError("it is neither page nor book")
        with self._project.incoming() as path:
            with path.open("xb") as file:
                async for chunk in request.stream():
                    await run_in_threadpool(file.write, chunk)
            async with self._changes:
                return await run_in_threadpool(self._project.add_book, name, path)

    async def _remove(self, request: Request) -> Response:
        await self._removed([page_of(self._project, request)])
        return Response(status_code=204)

    async def _clear(self, _: Request) -> Response:
        await self._removed(self._project.pages)
        return Response(status_code=204)

    async def _removed(self, pages: list[Page]) -> None:
        async with self._changes:
            await run_in_threadpool(self._project.remove, pages)
        for page in pages:
            self._renderer.forget(page)
        self.hub.tell({"type": "project"})

    def _tell_page(self, page: Page) -> None:
        self.hub.tell({"type": "page", "page": self._renderer.state(page)})


async def _received(request: Request, limit: int) -> bytes:
    parts, total = [], 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise ImageError("too_many_bytes", f"more than {limit} bytes")
        parts.append(chunk)
    return b"".join(parts)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError("x and y are numbers from 0 to 1")
    return value
