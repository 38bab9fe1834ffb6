"""How Danbooru and Safebooru answer, as far as their sources and clients that know them tell."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from tests.sources.double.art import Art
from tests.sources.double.server import Double, Reply, Seen, challenge, data, error, page

FREE = {"rating", "status", "filetype", "width", "height", "id", "limit", "parent", "md5", "date"}
FREE |= {"ratio", "score", "is", "age", "filesize", "duration", "mpixels"}
HIDING = {"banned", "restricted"}
AGENTS = re.compile(r"^$|^python-|^Mozilla/", re.IGNORECASE)
RATINGS = {"g": "general", "s": "sensitive", "q": "questionable", "e": "explicit"}
THROTTLED = "You're doing that too fast. Wait a minute."


class Site(Double):
    """Posts, and the files of them on the second port."""

    def __init__(self, folder: Path, posts: Iterable[Art] = (), **options: Any) -> None:
        super().__init__(folder, **options)
        self.posts = {post.id: post for post in posts}
        self.files: dict[str, tuple[Art, str]] = {}
        self.served: dict[str, int] = {}
        self.max_per_s = 0.0
        self.debt = 0.0
        self._last = 0.0

    def answer(self, seen: Seen) -> Reply:
        if AGENTS.search(seen.headers.get("User-Agent", "")):
            return challenge()
        if self.max_per_s and self._too_fast(seen.time):
            return self.throttled(seen)
        return self.file(seen) if seen.host == "cdn" else self.api(seen)

    def api(self, seen: Seen) -> Reply:
        raise NotImplementedError

    def throttled(self, seen: Seen) -> Reply:
        """Refuse as the application does, or as the edge before the files does."""
        if seen.host == "cdn":
            return page(429, "slow down")
        limit = json.dumps({"action": "posts:index", "rate": self.max_per_s, "limits": {}})
        return error(429, "RateLimiter::RateLimitError", THROTTLED, X_Rate_Limit=limit)

    def _too_fast(self, now: float) -> bool:
        """A leaky bucket of one request, which calls in vain fill further, up to 30."""
        self.debt = max(0.0, self.debt - (now - self._last) * self.max_per_s)
        self._last = now
        late = self.debt > 0.001
        self.debt = min(30.0, self.debt + 1)
        return late

    def url(self, post: Art, name: str) -> str:
        prefix = "sample-" if name == "sample" else ""
        ext = post.variants()[name][2]
        path = f"/{name}/{post.md5[:2]}/{post.md5[2:4]}/{prefix}{post.md5}.{ext}"
        self.files[path] = post, name
        return self.origin("cdn") + path

    def file(self, seen: Seen) -> Reply:
        if seen.path not in self.files:
            return page(404)
        post, name = self.files[seen.path]
        body = post.file(name)
        self.served[seen.path] = self.served.get(seen.path, 0) + 1
        ext = seen.path.rpartition(".")[2]
        kind = f"image/{'jpeg' if ext == 'jpg' else ext}"
        headers = {
            "ETag": f'"{post.md5}"',
            "Last-Modified": "Mon, 01 Sep 2025 12:00:00 GMT",
            "Accept-Ranges": "bytes",
        }
        asked = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("Range", ""))
        if asked and int(asked[1]) >= len(body):
            return Reply(416, b"", kind, {"Content-Range": f"bytes */{len(body)}"})
        if asked:
            start = int(asked[1])
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return Reply(206, body[start:], kind, headers)
        return Reply(200, body, kind, headers)

    def newest_first(self) -> list[Art]:
        return [self.posts[n] for n in sorted(self.posts, reverse=True)]


class DanbooruSite(Site):
    """Danbooru's /posts.json, with one good account and one without rights."""

    account = ("reader", "s3cret-key")

    powerless = "powerless"
    page_limit = 1000

    def api(self, seen: Seen) -> Reply:
        refusal = self._auth(seen)
        if refusal:
            return refusal
        if seen.path != "/posts.json":
            return error(404, "ActiveRecord::RecordNotFound", "That record was not found.")
        terms = seen.query.get("tags", "").split()
        counted = [t for t in set(terms) if t.lstrip("-~").partition(":")[0] not in FREE]
        if len(counted) > 2:
            return error(422, "PostQuery::TagLimitError", "You cannot search for more than 2 tags")
        given = seen.query.get("limit", "20")
        limit = min(200, max(1, int(given) if given.isdigit() else 1))
        found = [post for post in self.newest_first() if all(_matches(post, t) for t in terms)]
        cursor = seen.query.get("page", "")
        if cursor.isdigit() and int(cursor) > self.page_limit:
            text = f"You cannot go beyond page {self.page_limit}."
            return error(410, "PaginationExtension::PaginationError", text)
        if cursor.startswith("b"):
            found = [post for post in found if post.id < int(cursor[1:])][:limit]
        elif cursor.startswith("a"):
            found = [post for post in found if post.id > int(cursor[1:])][-limit:]
        else:
            start = (max(1, int(cursor)) - 1 if cursor.isdigit() else 0) * limit
            found = found[start : start + limit]
        only = seen.query.get("only", "")
        return data([_only(self.entry(post), only) for post in found], X_Git_Hash="0")

    def _auth(self, seen: Seen) -> Reply | None:
        given = {"login", "api_key"} & set(seen.query)
        failure = "SessionLoader::AuthenticationFailure"
        if len(given) == 1:
            return error(401, failure, "Missing `login` or `api_key`")
        header = seen.headers.get("Authorization")
        if header is None:
            return None
        login, _, key = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        if not login or not key:
            return error(401, failure, "Missing `login` or `api_key`")
        if login == self.powerless:
            return error(403, "User::PrivilegeError", "Access denied")
        if (login, key) != self.account:
            return error(401, failure, "Invalid API key")
        return None

    def entry(self, post: Art) -> dict[str, Any]:
        """A post as JSON; of a restricted one md5, URLs and variants are absent, not null."""
        names = post.variants()
        entry: dict[str, Any] = {
            "id": post.id,
            "created_at": "2025-09-01T12:00:00.000-04:00",
            "rating": post.rating,
            "source": post.source,
            "file_ext": post.ext,
            "file_size": 1000,
            "image_width": post.width,
            "image_height": post.height,
            "parent_id": post.parent,
            "tag_string": f"{post.tags} {post.artist}".strip(),
            "tag_string_general": post.tags,
            "tag_string_artist": post.artist,
            "tag_string_character": "",
            "tag_string_copyright": "",
            "tag_string_meta": "",
            "media_asset": {"duration": post.duration, "status": "active", "is_public": True},
            **{f"is_{f}": f in post.flags for f in ("deleted", "banned", "pending", "flagged")},
        }
        if not post.flags & HIDING:
            entry["md5"] = post.md5
            entry["file_url"] = self.url(post, "original")
            entry["media_asset"]["variants"] = [
                {"type": n, "url": self.url(post, n), "width": w, "height": h, "file_ext": e}
                for n, (w, h, e) in names.items()
            ]
        return entry | post.changes


def _only(entry: dict[str, Any], only: str) -> dict[str, Any]:
    """Keep the named fields; unknown names are dropped."""
    if not only:
        return entry
    nested = dict(re.findall(r"(\w+)\[([\w,]*)\]", only))
    names = set(re.sub(r"\[[\w,]*\]", "", only).split(","))
    out = {}
    for name, value in entry.items():
        if name in nested and isinstance(value, dict):
            out[name] = {k: v for k, v in value.items() if k in nested[name].split(",")}
        elif name in names or name not in _KNOWN:
            out[name] = value
    return out


_KNOWN = {"id", "created_at", "rating", "source", "file_ext", "file_size", "image_width", "md5"}
_KNOWN |= {"image_height", "parent_id", "tag_string", "tag_string_artist", "tag_string_general"}
_KNOWN |= {"tag_string_character", "tag_string_copyright", "tag_string_meta", "media_asset"}
_KNOWN |= {"is_deleted", "is_banned", "is_pending", "is_flagged", "file_url"}


def _matches(post: Art, term: str) -> bool:
    if term.startswith("-"):
        return not _matches(post, term[1:])
    name, colon, value = term.partition(":")
    if not colon or name not in _METATAGS:
        return term in f"{post.tags} {post.artist}".split()
    return _METATAGS[name](post, value)


def _between(number: int, value: str) -> bool:
    """Ranges; a malformed one matches nothing."""
    rule = re.fullmatch(r"(>=|<=|<|>)?(\d+)", value)
    if rule:
        other = int(rule[2])
        return {
            ">=": number >= other,
            "<=": number <= other,
            "<": number < other,
            ">": number > other,
            None: number == other,
        }[rule[1]]
    return str(number) in value.split(",")


_METATAGS: dict[str, Callable[[Art, str], bool]] = {
    "rating": lambda post, value: post.rating in [word[:1] for word in value.split(",")],
    "status": lambda post, _: not post.flags & {"deleted", "pending", "flagged"},
    "filetype": lambda post, value: post.ext in value.split(","),
    "width": lambda post, value: _between(post.width, value),
    "height": lambda post, value: _between(post.height, value),
    "id": lambda post, value: _between(post.id, value),
}


class SafebooruSite(Site):
    """Gelbooru 0.2's dapi, in XML and JSON."""

    depth = 200_000
    gone: tuple[int, ...] = ()
    sweep = "rising"  # or falling, or unpaged
    stale = 0
    refusal = b'<response success="false" reason="Search error: API limited due to abuse."/>'

    def api(self, seen: Seen) -> Reply:
        query = seen.query
        if seen.path != "/index.php" or query.get("page") != "dapi":
            return page(200, "Safebooru")
        if query.get("deleted") == "show":
            last, limit = int(query["last_id"]), int(query["limit"])
            listed = sorted((n for n in self.gone if n > last), reverse=self.sweep == "falling")
            start = 0 if self.sweep == "unpaged" else int(query["pid"]) * limit
            listed = listed[start : start + limit]
            return self.xml("".join(f'<post deleted="{n}" md5=""/>' for n in listed), len(listed))
        terms = query.get("tags", "").split()
        found = [post for post in self.newest_first() if all(_matches(post, t) for t in terms)]
        limit, pid = min(1000, int(query.get("limit", "100"))), int(query.get("pid", "0"))
        if pid * limit > self.depth:
            return Reply(body=self.refusal, kind="text/xml")
        total, found = len(found) + self.stale, found[pid * limit : (pid + 1) * limit]
        entries = [self.entry(post) for post in found]
        if query.get("json") == "1":
            return data(entries)
        return self.xml("".join(map(_element, entries)), total, pid * limit)

    def xml(self, body: str, count: int, offset: int = 0) -> Reply:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<posts count="{count}" offset="{offset}">'
        return Reply(body=f"{text}{body}</posts>".encode(), kind="text/xml")

    def entry(self, post: Art) -> dict[str, str]:
        sampled = "sample" in post.variants()
        width, height, _ = post.variants()["sample" if sampled else "original"]
        original = self.url(post, "original")
        return {
            "id": str(post.id),
            "md5": post.md5,
            "file_url": original,
            "sample_url": self.url(post, "sample") if sampled else original,
            "preview_url": self.url(post, "180x180"),
            "width": str(post.width),
            "height": str(post.height),
            "sample_width": str(width),
            "sample_height": str(height),
            "rating": RATINGS.get(post.rating, post.rating),
            "tags": f" {post.tags} {post.artist} ",
            "source": post.source,
            "status": "active",
            "created_at": "Mon Sep 01 12:00:00 +0000 2025",
            "parent_id": str(post.parent or ""),
            **post.changes,
        }


def _element(entry: dict[str, str]) -> str:
    return f"<post {' '.join(f'{k}={quoteattr(v)}' for k, v in entry.items())}/>"
