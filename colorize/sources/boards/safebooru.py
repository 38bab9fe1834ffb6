"""Safebooru: the XML interface that Gelbooru's software offers to programs.

XML and not JSON: only XML has the total, and refusals are XML even where JSON was asked for.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from colorize.errors import SourceError
from colorize.sources.boards import answers, site
from colorize.sources.boards.answers import Answer, ThrottledError, TransientError
from colorize.sources.boards.board import Board, check_tags, md5, number, text
from colorize.sources.boards.http import Client
from colorize.sources.boards.posts import SUFFIXES, Grade, Post, Query, Rendition, falling
from colorize.sources.boards.site import Identity, Site

SITE: Final = Site(name="safebooru", api="https://safebooru.org", files=())

DEPTH = 200_000
"""Number of posts beyond which the site refuses to turn pages."""

GRADES: Mapping[str, Grade] = {
    "general": "g",
    "safe": "g",
    "g": "g",
    "s": "g",  # here the letter stands for safe
    "sensitive": "s",
    "questionable": "q",
    "q": "q",
    "explicit": "e",
    "e": "e",
}
SORTING = ("sort:", "order:", "limit:")
EMPTY_TRIES = 3
SWEEP = 1000
"""Removals in one list, the most that the site gives."""


class DeepPageError(SourceError):
    """The site does not turn pages that far."""


class EmptyPageError(TransientError):
    """A list without posts where the total announces some; often the next try has them."""

    tries = EMPTY_TRIES


class Safebooru(Board):
    """Safebooru, or a site that runs Gelbooru 0.2."""

    page = 100
    anonymous_terms = 0

    def __init__(self, site: Site = SITE, *, depth: int = DEPTH) -> None:
        super().__init__(site)
        self._depth = depth

    def identify(self, environment: Mapping[str, str]) -> Identity:
        """Take the contact, and the user id and API key, which this software wants in the query."""
        given = site.pair(environment, "SAFEBOORU_USER_ID", "SAFEBOORU_API_KEY")
        query = {"user_id": given[0], "api_key": given[1]} if given else {}
        return Identity(user_agent=site.user_agent(environment), query=query)

    def search(self, query: Query) -> str:
        """Write the tags; everything else is left to the fields of each post."""
        check_tags(query, sorting=SORTING)
        return " ".join(dict.fromkeys(query.tags))

    def counted(self, query: Query) -> int:
        """Count the tags; the site states no limit."""
        return len(set(query.tags))

    def posts(self, client: Client, query: Query, *, below: int) -> Iterator[Post]:
        """Turn pages from 0; past the depth, or where pages stay empty, continue by id."""
        tags = self.search(query)
        pages = self._pages(client, f"{tags} id:<{below}" if below else tags, below)
        while True:
            before = below
            try:
                for post in pages:
                    below = post.id
                    yield post
                return
            except (DeepPageError, EmptyPageError) as error:
                if below == before:
                    raise SourceError(
                        f"incomplete: {error}; run it again later to resume, "
                        "or ask for fewer pictures"
                    ) from None
            pages = self._pages(client, f"{tags} id:<{below}", below)

    def _pages(self, client: Client, tags: str, below: int) -> Iterator[Post]:
        """Yield the posts of one search, page by page.

        Raises:
            DeepPageError: the site does not turn pages that far.
            EmptyPageError: it announced more posts than it gives.
        """
        seen = pid = 0
        while True:
            if pid * self.page > self._depth:
                raise DeepPageError(f"page {pid} is past the site's depth")
            params = {"tags": tags, "pid": str(pid), "limit": str(self.page)}
            found = self._listed(client, params, seen)
            if not found:
                return
            seen += len(found)
            # Posts that came meanwhile push others down to a page where they stand a second time.
            new = [post for post in found if not below or post.id < below]
            if not new:
                raise DeepPageError(f"page {pid} only repeats earlier ones")
            yield from falling(new)
            below = min(post.id for post in new)
            pid += 1

    def removed(self, client: Client, ids: Sequence[int]) -> dict[int, str]:
        """Sweep the site's list of removals from the lowest of ``ids`` on.

        Neither its order nor whether it has pages is known, so it is turned both ways: on to the
        next page, and where that brings nothing new, on to what is above the highest id so far.
        """
        last, pid = min(ids, default=1) - 1, 0
        gone: set[int] = set()
        while True:
            params = {"deleted": "show", "last_id": str(last), "pid": str(pid)}
            params |= _DAPI | {"limit": str(SWEEP)}
            root = client.ask("/index.php", params, _posts_element)
            listed = {number(e.get("id") or e.get("deleted")) for e in root.iter("post")} - {0}
            if listed - gone:
                gone |= listed
                pid += 1
            elif pid:
                last, pid = max(gone), 0
            else:
                return dict.fromkeys(gone & set(ids), "deleted")

    def _listed(self, client: Client, params: Mapping[str, str], seen: int) -> list[Post]:
        root = client.ask("/index.php", {**_DAPI, **params}, _list_reader(params["pid"], seen))
        entries = [e.attrib for e in root.iter("post") if number(e.get("id"))]
        return [_post(entry, self.site) for entry in entries]


_DAPI = {"page": "dapi", "s": "post", "q": "index"}


def _list_reader(pid: str, seen: int) -> Callable[[Answer], ET.Element]:
    def read(answer: Answer) -> ET.Element:
        try:
            root = _posts_element(answer)
        except ThrottledError as error:
            if pid != "0":
                raise DeepPageError(str(error)) from None
            raise
        total = number(root.get("count"))
        if total > seen and root.find("post") is None:
            raise EmptyPageError(f"the site announces {total} posts and gives {seen}")
        return root

    return read


def _posts_element(answer: Answer) -> ET.Element:
    """Parse an answer; one of zero bytes stands for no posts.

    Raises:
        ThrottledError: the site calls it abuse, which also means a page that is too deep.
        SourceError: it refuses for another reason.
        TransientError: the answer is something else.
    """
    answers.check(answer)
    if not answer.body.strip():
        return ET.Element("posts")
    try:
        root: ET.Element = fromstring(answer.body, forbid_dtd=True)
    except DefusedXmlException:
        raise SourceError("an answer that declares entities: not read") from None
    except (ET.ParseError, ValueError, LookupError):
        raise TransientError("an answer that is no XML") from None
    if root.tag == "posts":
        return root
    words = answers.quote(root.get("reason") or root.text or root.tag, answer.secrets)
    if "abuse" in words.lower() or "too deep" in words.lower():
        raise ThrottledError(words)
    raise SourceError(f"the site refuses the search: {words}")


def _post(entry: Mapping[str, str], home: Site) -> Post:
    url = entry.get("file_url", "")
    width, height = number(entry.get("width")), number(entry.get("height"))
    digest = md5(entry.get("md5"))
    suffix = url.partition("?")[0].rpartition(".")[2].lower()
    flaw = "" if url and width and height and digest else "bad_post"
    if entry.get("status", "active") == "deleted":
        flaw = "deleted"
    elif url and suffix not in SUFFIXES:
        flaw = "animated"
    tags = entry.get("tags", "").split()
    return Post(
        id=number(entry.get("id")),
        md5=digest,
        rating=text(entry.get("rating")),
        grade=GRADES.get(entry.get("rating", "").lower(), ""),
        tags=frozenset(tags),
        artist="",  # the site does not tell which tags name people
        parent=number(entry.get("parent_id")),
        origin=entry.get("source", ""),
        page=f"{home.api}/index.php?page=post&s=view&id={number(entry.get('id'))}",
        width=width,
        height=height,
        flaw=flaw,
        renditions=_renditions(entry, width, height),
        md5_binds=False,
    )


def _renditions(entry: Mapping[str, str], width: int, height: int) -> tuple[Rendition, ...]:
    original = Rendition(
        name="original", url=entry.get("file_url", ""), width=width, height=height, original=True
    )
    sample = Rendition(
        name="sample",
        url=entry.get("sample_url", ""),
        width=number(entry.get("sample_width")),
        height=number(entry.get("sample_height")),
        original=False,
    )
    smaller = 0 < sample.width < width and sample.url not in ("", original.url)
    return (sample, original) if smaller else (original,)
