"""Gives the files that can be saved: pages, hints, palette, colour book, a book of all pages."""

import asyncio
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from colorize.errors import ColorizeError, ImageError, InputError
from colorize.studio.answering import attached, download, member, page_of, route
from colorize.studio.binding import bind
from colorize.studio.colours import Colours
from colorize.studio.events import Hub
from colorize.studio.filing import Form
from colorize.studio.project import Page, Project
from colorize.studio.renderer import Renderer


class Exports:
    """Endpoints of files to save.

    Args:
        project: whose files.
        renderer: that makes pages.
        colours: of the project.
        hub: that is told how the book comes along.

    Attributes:
        book: state of the book of all pages.
    """

    def __init__(self, project: Project, renderer: Renderer, colours: Colours, hub: Hub) -> None:
        self._project = project
        self._renderer = renderer
        self._colours = colours
        self._hub = hub
        self.book: dict[str, Any] = {"state": "none", "done": 0, "total": 0, "reason": ""}
        self._binding: asyncio.Task[None] | None = None

    def routes(self) -> list[Route]:
        """What is answered."""
        return [
            route("/api/pages/{page}/file/{form}", self._file),
            route("/api/saved/{name}", self._saved),
            route("/api/book", self._bind, "POST"),
            route("/api/book", self._bound),
        ]

    def close(self) -> None:
        """Stop binding."""
        if self._binding is not None:
            self._binding.cancel()

    async def _file(self, request: Request) -> Response:
        page = page_of(self._project, request)
        form = member(Form, request.path_params["form"])
        content = await asyncio.wrap_future(self._renderer.export(page, form, urgent=True))
        return download(content, form.file_name(page))

    async def _saved(self, request: Request) -> Response:
        """Give a file of the project that the command reads."""
        colours = self._colours
        known = (self._project.hints_file, colours.palette_file, colours.book_file)
        path = {path.name: path for path in known}.get(request.path_params["name"])
        if path == self._project.hints_file and not path.exists():
            return download(b'{"hints": []}\n', path.name)
        if path is None or not path.is_file():
            raise LookupError
        return download(await run_in_threadpool(path.read_bytes), path.name)

    async def _bind(self, _: Request) -> Response:
        if self.book["state"] != "running":
            total = len(self._project.pages)
            self._tell_book(state="running", done=0, total=total, reason="")
            self._binding = asyncio.create_task(run_in_threadpool(self._write_book))
        return JSONResponse(self.book, 202)

    @property
    def _book_file(self) -> Path:
        return self._project.exports / "book.cbz"

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
                self._tell_book(done=self.book["done"] + 1)

        try:
            bind(self._project, self._book_file, paint)
        except (ColorizeError, OSError) as error:
            self._tell_book(state="failed", reason=str(error))
        except CancelledError:
            self._tell_book(state="failed", reason="the server stops")
        except Exception:
            self._tell_book(state="failed", reason="something went wrong")
            raise
        else:
            reason = f"{failed} pages could not be painted and are as they were" if failed else ""
            self._tell_book(state="ready", reason=reason)

    def _tell_book(self, **changes: object) -> None:
        self.book = self.book | changes
        self._hub.tell({"type": "book", "book": self.book})

    async def _bound(self, _: Request) -> Response:
        path = self._book_file
        if self.book["state"] != "ready" or not path.is_file():
            raise InputError("no book is ready")
        headers = {"cache-control": "no-store", "content-disposition": attached("book.cbz")}
        return FileResponse(path, media_type="application/vnd.comicbook+zip", headers=headers)
