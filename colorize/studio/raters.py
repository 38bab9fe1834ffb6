"""The people's test as a web application: which of two pictures did a computer colour?"""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from colorize import files
from colorize.errors import InputError
from colorize.studio import sessions
from colorize.studio.answering import Endpoint, body, route
from colorize.studio.assets import asset
from colorize.studio.fooled import summary
from colorize.studio.pairs import Pairs, shown
from colorize.studio.sessions import Answer, Answers, Trial, plan

SLOWEST = 3_600_000
"""Milliseconds of an answer that are noted at most."""


class Raters:
    """Shows pairs, and keeps what people say of them.

    Args:
        pairs: to show.
        answers: of all sessions so far.
        out: metrics file that is written after each session.
        practice: see `sessions.plan`.
        trials: likewise.

    Raises:
        InputError: there are too few pairs.
    """

    def __init__(
        self, pairs: Pairs, answers: Answers, out: Path, *, practice: int, trials: int
    ) -> None:
        self._pairs = pairs
        self._answers = answers
        self._out = out
        self._practice = practice
        self._total = practice + trials
        self._plan = partial(plan, names=pairs.names, practice=practice, trials=trials)
        self._plan(sessions.new_session())
        self._turn = asyncio.Lock()

    def app(self) -> Starlette:
        """Make the application."""
        one = "/api/sessions/{session}"
        listed: list[tuple[str, str, Endpoint]] = [
            ("GET", "/", self._index),
            ("GET", "/static/{name}", self._static),
            ("POST", "/api/sessions", self._begin),
            ("GET", one, self._stand),
            ("GET", f"{one}/{{trial}}/{{side}}", self._picture),
            ("POST", f"{one}/{{trial}}", self._answer),
        ]
        routes = [route(path, endpoint, way) for way, path, endpoint in listed]
        return Starlette(routes=routes)

    async def _index(self, _: Request) -> Response:
        return asset("raters.html")

    async def _static(self, request: Request) -> Response:
        return asset(request.path_params["name"])

    async def _begin(self, _: Request) -> Response:
        number = self._answers.least(self._pairs.models)
        return JSONResponse(self._described(sessions.new_session(number)), 201)

    async def _stand(self, request: Request) -> Response:
        return JSONResponse(self._described(_session(request)))

    def _described(self, session: str) -> dict[str, Any]:
        number = len(self._answers.of(session))
        return {
            "session": session,
            "trial": number,
            "practice": self._practice,
            "total": self._total,
        }

    def _model(self, session: str) -> str:
        number = sessions.model_number(session)
        if number >= len(self._pairs.models):
            raise LookupError
        return self._pairs.models[number]

    def _trial(self, request: Request) -> tuple[str, int, Trial]:
        """The trial that a request is about; only the next one of a session can be asked for."""
        session = _session(request)
        number = len(self._answers.of(session))
        if request.path_params["trial"] != str(number) or number >= self._total:
            raise LookupError
        return session, number, self._plan(session)[number]

    async def _picture(self, request: Request) -> Response:
        session, _, trial = self._trial(request)
        side = request.path_params["side"]
        if side not in ("left", "right"):
            raise LookupError
        content = await run_in_threadpool(self._crop, session, trial, side)
        return Response(content, media_type="image/png", headers={"cache-control": "no-store"})

    def _crop(self, session: str, trial: Trial, side: str) -> bytes:
        if side != trial.painted:
            return shown(self._pairs.real(trial.picture, trial.place))
        if trial.kind == "catch":
            return shown(self._pairs.absurd(trial.picture, trial.other, trial.place))
        return shown(self._pairs.painted(self._model(session), trial.picture, trial.place))

    async def _answer(self, request: Request) -> Response:
        said = await body(request)
        side = said.get("side") if isinstance(said, dict) else None
        ms = said.get("ms") if isinstance(said, dict) else None
        if side not in ("left", "right") or type(ms) is not int or ms < 0:
            raise InputError("an answer has a side, left or right, and its milliseconds")
        async with self._turn:
            session, number, trial = self._trial(request)
            answer = Answer(
                session=session,
                trial=number,
                kind=trial.kind,
                model=self._model(session),
                picture=trial.picture,
                fooled=side != trial.painted,
                ms=min(ms, SLOWEST),
            )
            await run_in_threadpool(self._answers.add, answer)
            if number + 1 == self._total:
                await run_in_threadpool(self._write)
        told = {"painted": trial.painted} if trial.kind == "practice" else {}
        return JSONResponse({**self._described(session), **told})

    def _write(self) -> None:
        files.write_metrics(self._out, summary(self._answers))


def _session(request: Request) -> str:
    session: str = request.path_params["session"]
    if not sessions.NAME.fullmatch(session):
        raise LookupError
    return session
