"""Danbooru: its documented JSON API, paged by id."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from colorize.errors import SourceError
from colorize.sources.boards import answers, site
from colorize.sources.boards.answers import Answer, SlowSearchError, TransientError
from colorize.sources.boards.board import Board, check_tags, md5, number, text
from colorize.sources.boards.http import Client
from colorize.sources.boards.posts import GRADES, SUFFIXES, Post, Query, Rendition, falling
from colorize.sources.boards.site import Identity, Site

SITE: Final = Site(
    name="danbooru", api="https://danbooru.donmai.us", files=("https://cdn.donmai.us",)
)

FREE = frozenset(
    {"age", "child", "date", "downvotes", "duration", "embedded", "favcount", "filesize"}
    | {"filetype", "height", "id", "is", "limit", "md5", "mpixels", "parent", "pixiv"}
    | {"pixiv_id", "rating", "ratio", "score", "status", "tagcount", "upvote", "width"}
)
"""Metatags that do not count."""

SORTING = ("order:", "ordfav:", "ordfavgroup:", "ordpool:", "random:", "limit:")

MANY = 10
"""Of so many posts at once, the site has not lost every one."""

FIELDS = (
    "id,md5,rating,source,file_ext,image_width,image_height,parent_id,is_deleted,is_banned,"
    "is_pending,is_flagged,tag_string,tag_string_artist,media_asset[variants,duration,status]"
)

FLAWS = {
    "is_banned": "banned",
    "is_deleted": "deleted",
    "is_pending": "unapproved",
    "is_flagged": "unapproved",
}
REMOVED = frozenset({"banned", "deleted", "gone", "restricted"})

SLOW = "ActiveRecord::QueryCanceled"


class Danbooru(Board):
    """Danbooru, or a site that runs its software."""

    page = 200
    anonymous_terms = 2

    def __init__(self, site: Site = SITE) -> None:
        super().__init__(site)

    def identify(self, environment: Mapping[str, str]) -> Identity:
        """Take the contact, the login and API key, and the user id for the User-Agent."""
        return Identity(
            user_agent=site.user_agent(environment, environment.get("DANBOORU_USER_ID", "")),
            basic=site.pair(environment, "DANBOORU_LOGIN", "DANBOORU_API_KEY"),
        )

    def search(self, query: Query) -> str:
        """Write the tags, and as free terms what else the search can say."""
        check_tags(query, sorting=SORTING)
        side = query.min_side
        free = [
            f"rating:{','.join(sorted(query.ratings))}",
            "status:active",
            f"filetype:{','.join(sorted(SUFFIXES - {'jpeg'}))}",
            f"width:>={side} height:>={side}",
        ]
        return " ".join([*dict.fromkeys(query.tags), *free])

    def counted(self, query: Query) -> int:
        """Count tags and those metatags that are not free; a negated one counts too."""
        names = {tag.lstrip("-~").lower() for tag in query.tags}
        return sum(name.partition(":")[0] not in FREE or ":" not in name for name in names)

    def posts(self, client: Client, query: Query, *, below: int) -> Iterator[Post]:
        """Page down by id until a list is empty; a short one is not the end."""
        params = {"tags": self.search(query), "only": FIELDS}
        limit = self.page
        while True:
            page = {"page": f"b{below}"} if below else {}
            try:
                found = self._listed(client, {**params, "limit": str(limit), **page})
            except SlowSearchError:
                if limit < self.page:
                    raise SourceError("the search takes the site too long: narrow it") from None
                limit //= 2
                continue
            if not found:
                return
            new = [post for post in found if not below or post.id < below]
            if not new:
                raise SourceError("the site gives the same list again and again")
            yield from falling(new)
            below = min(post.id for post in new)

    def removed(self, client: Client, ids: Sequence[int]) -> dict[int, str]:
        """Ask for the ids themselves; what the answer lacks is ``gone``.

        Raises:
            SourceError: an answer has none of `MANY` posts or more.
        """
        out: dict[int, str] = {}
        for start in range(0, len(ids), self.page):
            batch = ids[start : start + self.page]
            tags = f"id:{','.join(map(str, batch))}"
            params = {"tags": tags, "only": FIELDS, "limit": str(self.page)}
            flaws = {post.id: post.flaw for post in self._listed(client, params)}
            if len(batch) >= MANY and flaws.keys().isdisjoint(batch):
                raise SourceError(f"the site lists none of {len(batch)} posts: ask again later")
            states = {post_id: flaws.get(post_id, "gone") for post_id in batch}
            out |= {post_id: state for post_id, state in states.items() if state in REMOVED}
        return out

    def _listed(self, client: Client, params: Mapping[str, str]) -> list[Post]:
        entries = client.ask("/posts.json", params, _entries)
        return [_post(entry, self.site.api) for entry in entries]


def _entries(answer: Answer) -> list[dict[str, Any]]:
    """Read a list of posts.

    Raises:
        SlowSearchError: the site's data base gave up.
        TransientError: the answer is something else.
    """
    if answer.status == 500 and answers.error_class(answer) == SLOW:
        raise SlowSearchError(f"500{answers.told(answer)}")
    answers.check(answer)
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise TransientError("an answer that is no JSON") from None
    if not isinstance(content, list):
        raise TransientError(f"an answer that is no list of posts{answers.told(answer)}")
    entries = [e for e in content if isinstance(e, dict) and number(e.get("id"))]
    if content and not entries:
        raise TransientError("a list of something else than posts")
    return entries


def _post(entry: Mapping[str, Any], home: str) -> Post:
    asset = entry.get("media_asset")
    asset = asset if isinstance(asset, dict) else {}
    rating = text(entry.get("rating"))[:1]
    post_id = number(entry.get("id"))
    return Post(
        id=post_id,
        md5=md5(entry.get("md5")),
        rating=rating,
        grade=GRADES.get(rating, ""),
        tags=frozenset(text(entry.get("tag_string")).split()),
        artist=" ".join(text(entry.get("tag_string_artist")).split()),
        parent=number(entry.get("parent_id")),
        origin=text(entry.get("source")),
        page=f"{home}/posts/{post_id}",
        width=number(entry.get("image_width")),
        height=number(entry.get("image_height")),
        flaw=_flaw(entry, asset),
        renditions=_renditions(asset),
        md5_binds=True,
    )


def _flaw(entry: Mapping[str, Any], asset: Mapping[str, Any]) -> str:
    """Why the post cannot be used, whatever is searched for."""
    for key, reason in FLAWS.items():
        if entry.get(key):
            return reason
    if "md5" not in entry or not isinstance(asset.get("variants"), list):
        return "restricted"
    if asset.get("duration") is not None or entry.get("file_ext") not in SUFFIXES:
        return "animated"
    sized = number(entry.get("image_width")) and number(entry.get("image_height"))
    return "" if sized and md5(entry["md5"]) and _renditions(asset) else "bad_post"


def _renditions(asset: Mapping[str, Any]) -> tuple[Rendition, ...]:
    given = asset.get("variants")
    return tuple(
        Rendition(
            name=text(variant.get("type")),
            url=text(variant["url"]),
            width=number(variant.get("width")),
            height=number(variant.get("height")),
            original=variant.get("type") == "original",
        )
        for variant in (given if isinstance(given, list) else [])
        if isinstance(variant, dict)
        and text(variant.get("url"))
        and variant.get("file_ext") in SUFFIXES
    )
