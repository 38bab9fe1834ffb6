"""The studio as a web application: what a browser may ask, and what it gets.

Whatever comes in is checked here: ids name pages of this project, numbers are finite and in range,
names are text. Nothing that blocks runs in the event loop.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from colorize.errors import ColorizeError, ImageError, InputError
from colorize.imaging import formats
from colorize.paint.painter import MAX_BYTES, Painter
from colorize.studio.answering import Endpoint, answered, body
from colorize.studio.assets import asset
from colorize.studio.binding import bind
from colorize.studio.events import Hub
from colorize.studio.guard import BODY_BYTES
from colorize.studio.project import MAX_NAME, Page, Project, Settings, parsed
from colorize.studio.renderer import Form, Renderer, View
from colorize.studio.worker import Busy

MAX_BOOK_BYTES = 4_000_000_000
"""Of a book that is dropped."""

UPLOADS = 2
"""Files that are received at a time."""

UPLOAD = "/api/pages"


def most(method: str, path: str) -> int:
    """Bytes that the body of a request may have."""
    return MAX_BOOK_BYTES if (method, path) == ("POST", UPLOAD) else BODY_BYTES


class Studio:
    """One project, served.

    Args:
        project: to work on.
        painter: of the model to paint with.
        model: digest of the model's file.
    """

    def __init__(self, project: Project, painter: Painter, *, model: str) -> None:
        self.hub = Hub()
        self._project = project
        self._painter = painter
        self._renderer = Renderer(project, painter, model=model, tell=self._tell_page)
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._changes = asyncio.Lock()
        self._book: dict[str, Any] = {"state": "none", "done": 0, "total": 0, "reason": ""}
        self._binding: asyncio.Task[None] | None = None

    def app(self) -> Starlette:
        """Make the application."""
        page = "/api/pages/{page}"
        routes = [
            self._route("/", self._index),
            self._route("/static/{name}", self._static),
            self._route("/api/project", self._state),
            self._route("/api/events", self._events),
            self._route("/api/settings", self._set_settings, "PUT"),
            self._route(UPLOAD, self._add, "POST"),
            self._route(UPLOAD, self._clear, "DELETE"),
            self._route(page, self._open),
            self._route(page, self._remove, "DELETE"),
            self._route(f"{page}/hints", self._set_hints, "PUT"),
            self._route(f"{page}/likely", self._likely),
            self._route(f"{page}/view/{{view}}", self._view),
            self._route(f"{page}/file/{{form}}", self._file),
            self._route("/api/hints", self._hints),
            self._route("/api/book", self._bind, "POST"),
            self._route("/api/book", self._bound),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    def _route(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(path, answered(endpoint), methods=[method])

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._renderer.paint_ahead()
        yield
        if self._binding is not None:
            self._binding.cancel()
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
                "temperature": {kind: painter.decoding_of(kind).temperature for kind in kinds}
            },
            "domains": kinds,
            "pages": [self._renderer.state(page) for page in project.pages],
            "book": self._book,
            "accepted": [*formats.WRITERS, *sorted(formats.BOOKS)],
        }

    async def _events(self, _: Request) -> Response:
        if self.hub.is_full():
            raise Busy("too many windows are open")
        headers = {"cache-control": "no-store"}
        return StreamingResponse(self.hub.listen(), media_type="text/event-stream", headers=headers)

    async def _open(self, request: Request) -> Response:
        future = self._renderer.open(self._page(request))
        return JSONResponse(await asyncio.wrap_future(future))

    async def _view(self, request: Request) -> Response:
        page, view = self._page(request), _member(View, request.path_params["view"])
        picture = await asyncio.wrap_future(self._renderer.view(page, view))
        # A picture of a version never changes; the page may have changed since it was asked for.
        lasts = request.query_params.get("v") == picture.version
        headers = {"cache-control": "private, max-age=3600" if lasts else "no-store"}
        return Response(picture.content, media_type="image/jpeg", headers=headers)

    async def _likely(self, request: Request) -> Response:
        page = self._page(request)
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
        page = self._page(request)
        found = await body(request)
        if not isinstance(found, dict):
            raise InputError("a body is an object of hints and version")
        hints = parsed(found.get("hints"))
        async with self._changes:
            version = found.get("version")
            if version is not None and version != self._renderer.version(page):
                return JSONResponse(self._renderer.state(page), 409)
            await run_in_threadpool(self._project.set_hints, page, hints)
        with suppress(Busy):  # painting begins before the browser asks for the picture
            self._renderer.view(page, View.SCREEN).add_done_callback(_heard)
        self._tell_page(page)
        return JSONResponse(self._renderer.state(page))

    async def _add(self, request: Request) -> Response:
        name = unquote(request.headers.get("x-name", ""), errors="replace")[: 4 * MAX_NAME]
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
        await self._removed([self._page(request)])
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

    # What is exported

    async def _file(self, request: Request) -> Response:
        page, form = self._page(request), _member(Form, request.path_params["form"])
        content = await asyncio.wrap_future(self._renderer.export(page, form, urgent=True))
        stem = page.name.replace("/", " - ").removesuffix(page.kind)
        name = {Form.PAINTED: f"{stem}{page.kind}", Form.PNG: f"{stem}.png"}
        return _download(content, name.get(form, f"{stem} colours.png"))

    async def _hints(self, _: Request) -> Response:
        path = self._project.hints_file
        content = await run_in_threadpool(_content, path, b'{"hints": []}\n')
        return _download(content, "hints.json")

    async def _bind(self, _: Request) -> Response:
        if self._book["state"] != "running":
            total = len(self._project.pages)
            self._book = {"state": "running", "done": 0, "total": total, "reason": ""}
            self._binding = asyncio.create_task(run_in_threadpool(self._write_book))
        return JSONResponse(self._book, 202)

    @property
    def _book_file(self) -> Path:
        return self._project.folder / "exports" / "book.cbz"

    def _write_book(self) -> None:
        failed = 0

        def paint(page: Page) -> bytes | None:
            nonlocal failed
            try:
                return self._renderer.export(page, Form.PAINTED, urgent=False).result()
            except ImageError:
                failed += 1
                return None
            finally:
                self._tell_book(done=self._book["done"] + 1)

        try:
            bind(self._project, self._book_file, paint)
        except (ColorizeError, OSError) as error:
            self._tell_book(state="failed", reason=str(error))
        except CancelledError:
            self._tell_book(state="failed", reason="the server stops")
        else:
            reason = f"{failed} pages could not be painted and are as they were" if failed else ""
            self._tell_book(state="ready", reason=reason)

    def _tell_book(self, **changes: object) -> None:
        self._book = self._book | changes
        self.hub.tell({"type": "book", "book": self._book})

    async def _bound(self, _: Request) -> Response:
        path = self._book_file
        if self._book["state"] != "ready" or not path.is_file():
            raise InputError("no book is ready")
        headers = {"cache-control": "no-store", "content-disposition": _attached("book.cbz")}
        return FileResponse(path, media_type="application/vnd.comicbook+zip", headers=headers)

    def _tell_page(self, page: Page) -> None:
        self.hub.tell({"type": "page", "page": self._renderer.state(page)})

    def _page(self, request: Request) -> Page:
        page = self._project.page(request.path_params["page"])
        if page is None:
            raise LookupError
        return page


def _heard(future: Any) -> None:  # noqa: ANN401
    """Take note of how a task ended that nobody waits for."""
    if not future.cancelled():
        future.exception()


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


def _member(kind: Any, text: str) -> Any:  # noqa: ANN401
    if text not in set(kind):
        raise LookupError
    return kind(text)


def _content(path: Path, default: bytes) -> bytes:
    return path.read_bytes() if path.exists() else default


def _attached(name: str) -> str:
    """Header of a file to save, whatever letters its name has."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _download(content: bytes, name: str) -> Response:
    headers = {"content-disposition": _attached(name), "cache-control": "no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers)
