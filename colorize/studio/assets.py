"""The files of the pages that are served, all of them known beforehand."""

from functools import cache
from importlib import resources

from starlette.responses import JSONResponse, Response

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


@cache
def names() -> frozenset[str]:
    """Names of all files."""
    folder = resources.files("colorize.studio") / "static"
    return frozenset(file.name for file in folder.iterdir() if _suffix(file.name) in TYPES)


LANGUAGES = "languages.json"


def languages() -> list[str]:
    """Codes of the languages that there are words in, as ``en`` of ``strings.en.json``."""
    parts = [name.split(".") for name in sorted(names())]
    return [code for first, code, *_ in parts if first == "strings" and code != "js"]


def asset(name: str) -> Response:
    """Answer with a file; 404 for a name that none of them has."""
    if name == LANGUAGES:
        return JSONResponse(languages(), headers={"cache-control": "no-cache"})
    if name not in names():
        return Response("there is no such file", 404, media_type="text/plain")
    content = (resources.files("colorize.studio") / "static" / name).read_bytes()
    headers = {"cache-control": "no-cache"}
    return Response(content, media_type=TYPES[_suffix(name)], headers=headers)


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
