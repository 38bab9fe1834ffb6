"""Changes the palette and the colour book of a project as a browser asks for it."""

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colorize.errors import InputError
from colorize.paint.colourbook import MAX_NAME
from colorize.studio.answering import body, named, page_of, route
from colorize.studio.colours import Colours, pasted
from colorize.studio.events import Hub
from colorize.studio.project import Project, label, parsed
from colorize.studio.renderer import Renderer

LOAD = "/api/swatches"


class Swatches:
    """Endpoints of palette and colour book.

    Args:
        project: whose they are.
        renderer: that learns what regions look like, and paints again.
        colours: to change.
        hub: that is told of changes.
    """

    def __init__(self, project: Project, renderer: Renderer, colours: Colours, hub: Hub) -> None:
        self._project = project
        self._renderer = renderer
        self._colours = colours
        self._hub = hub
        self._changes = asyncio.Lock()
        self._loading = asyncio.Lock()  # one book at a time, so that bodies take bounded memory

    def routes(self) -> list[Route]:
        """What is answered."""
        return [
            route("/api/palette", self._set_palette, "PUT"),
            route("/api/pages/{page}/swatches", self._learn, "POST"),
            route(LOAD, self._load, "PUT"),
            route("/api/swatches/{swatch}", self._rename, "PUT"),
            route("/api/swatches/{swatch}", self._remove, "DELETE"),
        ]

    async def _set_palette(self, request: Request) -> Response:
        found = pasted(await request.body(), named(request)[:MAX_NAME] or "the palette")
        async with self._changes:
            await run_in_threadpool(self._colours.set_palette, found)
        return self._changed()

    async def _load(self, request: Request) -> Response:
        """Add the colour book in a file."""
        name = named(request)
        where = label(name) if name else "the colour book"
        async with self._loading:
            content = await request.body()
            async with self._changes:
                await run_in_threadpool(self._colours.load, content, where)
        return self._changed()

    async def _learn(self, request: Request) -> Response:
        page = page_of(self._project, request)
        found = await body(request)
        if not isinstance(found, dict):
            raise InputError("a body is an object of a name and a hint")
        name = _name(found)
        (hint,) = parsed([found.get("hint")])
        entry = await asyncio.wrap_future(self._renderer.learn(page, hint, name))
        async with self._changes:
            await run_in_threadpool(self._colours.learn, entry)
        return self._changed()

    async def _rename(self, request: Request) -> Response:
        found = await body(request)
        if not isinstance(found, dict):
            raise InputError("a body is an object of a name")
        swatch, name = request.path_params["swatch"], _name(found)
        async with self._changes:
            await run_in_threadpool(self._colours.rename, swatch, name)
        self._hub.tell({"type": "project"})
        return JSONResponse(self._colours.described())

    async def _remove(self, request: Request) -> Response:
        async with self._changes:
            await run_in_threadpool(self._colours.remove, request.path_params["swatch"])
        return self._changed()

    def _changed(self) -> Response:
        """Paint again, and tell of it."""
        self._renderer.paint_ahead()
        self._hub.tell({"type": "project"})
        return JSONResponse(self._colours.described())


def _name(found: dict[str, object]) -> str:
    """The name that a body gives: text on one line."""
    name = found.get("name", "")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise InputError(f"a name is a text of {MAX_NAME} letters at most")
    return "".join(sign for sign in name if sign.isprintable()).strip()
