"""The interface of a picture board; each one is a class and an entry in the registry."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from colorize.errors import SourceError
from colorize.sources.boards.http import Client
from colorize.sources.boards.posts import Post, Query
from colorize.sources.boards.site import Identity, Site

MD5 = re.compile(r"[0-9a-f]{32}")
MAX_ID = 2**53


class Board(ABC):
    """How one site is asked for posts.

    Args:
        site: where; the real one unless a test says otherwise.
    """

    page: ClassVar[int]
    """Posts in one list."""

    anonymous_terms: ClassVar[int]
    """Counted terms that a search may have without an account; 0: any number."""

    def __init__(self, site: Site) -> None:
        self.site = site

    @abstractmethod
    def identify(self, environment: Mapping[str, str]) -> Identity:
        """Take name and credentials from the environment.

        Raises:
            SourceError: the contact is missing, or half of a pair of credentials.
        """

    @abstractmethod
    def search(self, query: Query) -> str:
        """Write the search as the site reads it.

        Raises:
            SourceError: a tag cannot be searched for.
        """

    @abstractmethod
    def counted(self, query: Query) -> int:
        """Count the search's terms that the site limits."""

    @abstractmethod
    def posts(self, client: Client, query: Query, *, below: int) -> Iterator[Post]:
        """Yield the posts in falling order of their ids, each once.

        Args:
            client: of this board's site.
            query: what is searched for; what the search cannot say is not checked here.
            below: only ids under it; 0: all there are. A later call with the last id that was seen
                continues where this one ended, whatever has been posted in between.

        Raises:
            SourceError: the site does not answer, or hides a part of what it announced.
        """

    @abstractmethod
    def removed(self, client: Client, ids: Sequence[int]) -> dict[int, str]:
        """Ask in batches which posts have since been taken away, and why."""


def check_tags(query: Query, *, sorting: tuple[str, ...]) -> None:
    """Refuse tags that a search would read as something else.

    Args:
        query: whose tags, wanted and excluded, are checked.
        sorting: metatags that would change the order, on which paging relies.

    Raises:
        SourceError: naming the tag.
    """
    if not query.tags:
        raise SourceError("fetch.tags is empty: name at least one tag")
    for key, tags in (("tags", query.tags), ("exclude", query.exclude)):
        for tag in tags:
            if not tag.isprintable() or tag.split() != [tag]:
                raise SourceError(
                    f"fetch.{key}: '{tag}' is not one tag: blanks inside a tag are written as _,"
                    " several tags as several entries"
                )
    for tag in query.tags:
        if tag.lstrip("-~").lower().startswith(sorting):
            raise SourceError(f"fetch.tags: '{tag}' would change the order, which paging needs")


def number(value: object) -> int:
    """Read a whole number that may come as text; 0 where it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if type(value) is not int:
        return 0
    return value if 0 <= value <= MAX_ID else 0


def text(value: object) -> str:
    """Read text, half characters replaced; empty where it is none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def md5(value: object) -> str:
    """Read an md5; empty where it is none."""
    digest = text(value).lower()
    return digest if MD5.fullmatch(digest) else ""
