"""Crawls a board: list, judge, download, verify, journal; resumes where it stopped."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from colorize.errors import ImageError, SourceError
from colorize.imaging.decode import Header
from colorize.raw import manifest
from colorize.raw.manifest import Picture
from colorize.sources.boards.board import Board
from colorize.sources.boards.denied import Denied
from colorize.sources.boards.http import Client
from colorize.sources.boards.posts import REASONS, Post, Query, Rendition, choose, judge
from colorize.sources.boards.store import Entry, Journal, Store
from colorize.sources.boards.verify import verify

logger = logging.getLogger(__name__)

MAX_TEXT = 10_000
"""Characters that are kept of what a site's users have written."""

FAILED_IN_A_ROW = 10
"""Pictures after which not they are at fault, but the site or the way to it."""


def pictures(
    board: Board,
    query: Query,
    *,
    count: int,
    rate_per_s: float,
    denied: Denied,
    scratch: Path,
    environment: Mapping[str, str],
    counts: Counter[str],
) -> Iterator[Picture]:
    """Yield the newest pictures that a search finds, in falling order of their posts' ids.

    What an earlier run has fetched comes from its journal; the site is asked for the rest alone,
    so not at all where nothing is missing.

    Args:
        board: the site.
        query: what is wanted.
        count: how many pictures at the most.
        rate_per_s: requests to the site.
        denied: what is left out in any case.
        scratch: folder of the resumable state.
        environment: holds contact and credentials.
        counts: gains the number of posts left out, for each of `REASONS`.

    Raises:
        SourceError: nothing was found, or the site wants no more requests.
    """
    counts.update(dict.fromkeys(REASONS, 0))
    name = f"{board.site.name}-{_fingerprint(board, query)}"
    found = 0
    with Store(scratch / "fetch") as store:
        crawl = _Crawl(board, query, denied, store, store.journal(name), counts, query.before_id)
        with closing(crawl.run(lambda: _connect(board, query, rate_per_s, environment))) as run:
            for found, picture in enumerate(run, 1):
                yield picture
                if found == count:
                    return
    if not found:
        raise SourceError(f"none of {counts.total()} posts can be used: {dict(+counts)}")
    logger.warning("the search has no more than %d pictures of %d", found, count)


def _fingerprint(board: Board, query: Query) -> str:
    """Name a search by all that decides what becomes of a post."""
    content = json.dumps([1, board.site.api, asdict(query)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _connect(
    board: Board, query: Query, rate_per_s: float, environment: Mapping[str, str]
) -> Client:
    identity = board.identify(environment)
    counted, allowed = board.counted(query), board.anonymous_terms
    if allowed and counted > allowed and identity.basic is None:
        raise SourceError(
            f"fetch.tags has {counted} terms that count, and without an account {board.site.name}"
            f" takes {allowed}: drop some, or move negated ones to fetch.exclude"
        )
    return Client(board.site, identity, rate_per_s=rate_per_s)


@dataclass(slots=True)
class _Crawl:
    """One search on its way down the ids."""

    board: Board
    query: Query
    denied: Denied
    store: Store
    journal: Journal
    counts: Counter[str]
    last: int
    ended: bool = False
    digests: set[bytes] = field(default_factory=set)
    pending: list[Entry] = field(default_factory=list)

    def run(self, connect: Callable[[], Client]) -> Generator[Picture, None, None]:
        """Yield what an earlier run has found, then what the site has below that."""
        yield from self.replay()
        if not self.ended:
            with connect() as client:
                yield from self.fetch(client)

    def replay(self) -> Iterator[Picture]:
        """Yield what the journal holds, and drop all from the first entry that no longer stands.

        An entry stands unless its file is another one now or what was denied is denied no more.
        """
        good = 0
        for entry, end in self.journal.entries():
            denied = self._is_denied(entry)
            if entry.skipped == "denied" and not denied:
                break
            if entry.id == 0:
                self.ended = True
            elif entry.record is None or denied:
                self.counts["denied" if denied else entry.skipped] += 1
            else:
                content = self.store.get(entry.key)
                if content is None or hashlib.sha256(content).hexdigest() != entry.record.sha256:
                    break
                self._is_new(content)
                yield Picture(entry.record, content)
            good, self.last = end, entry.id
        self.journal.cut(good)

    def fetch(self, client: Client) -> Iterator[Picture]:
        """Go on below the last post of the journal."""
        for post in self.board.posts(client, self.query, below=self.last):
            self.last = post.id
            picture = self._take(client, post)
            if picture:
                yield picture
        if self.last == self.query.before_id:
            raise SourceError(f"no post has {self.board.search(self.query)}: check fetch.tags")
        self._flush()
        self.journal.add(Entry(id=0, skipped="end"))

    def _take(self, client: Client, post: Post) -> Picture | None:
        """Bring one post to its end: a picture, or a reason why not."""
        entry = Entry(id=post.id, md5=post.md5, artist=post.artist)
        reason = "denied" if self._is_denied(entry) else judge(post, self.query)
        rendition = choose(post.renditions, policy=self.query.policy, min_side=self.query.min_side)
        if reason or rendition is None:
            self._note(replace(entry, skipped=reason or "too_small"), answered=False)
            return None
        key = _key(post, rendition)
        kept = self._kept(key, post, rendition)
        try:
            content, header = kept or self._download(client, key, post, rendition)
            if not self._is_new(content):
                raise ImageError("same_file", "an earlier post has the same bytes")
        except ImageError as error:
            logger.info("left out %s: %s", post.page, error)
            answered = kept is None and error.reason not in {"failed", "refused_url"}
            self._note(replace(entry, skipped=error.reason), answered=answered)
            return None
        picture = self._picture(post, rendition, content, header)
        self._note(replace(entry, key=key, record=picture.record), answered=kept is None)
        return picture

    def _kept(self, key: str, post: Post, rendition: Rendition) -> tuple[bytes, Header] | None:
        """Take a file from the store, unless it is none or not this post's."""
        content = self.store.get(key)
        if content is not None:
            with suppress(ImageError):
                return content, verify(content, post, rendition)
        return None

    def _download(
        self, client: Client, key: str, post: Post, rendition: Rendition
    ) -> tuple[bytes, Header]:
        """Take a file from the site into the store."""
        content = client.image(rendition.url)
        header = verify(content, post, rendition)
        self.store.put(key, content)
        return content, header

    def _picture(self, post: Post, rendition: Rendition, content: bytes, header: Header) -> Picture:
        source = self.board.site.name
        return manifest.picture(
            content,
            source=source,
            id=str(post.id),
            suffix=header.suffix,
            group=f"{source}_{post.parent or post.id}",
            page=post.page,
            artist=post.artist[:MAX_TEXT],
            rating=post.rating,
            url=str(self.board.site.resolve(rendition.url) or ""),
            width=header.width,
            height=header.height,
            variant=rendition.name,
            origin=post.origin[:MAX_TEXT],
        )

    def _note(self, entry: Entry, *, answered: bool) -> None:
        """Journal what became of a post.

        A failed download may be a network problem. So it and all later entries are held back until
        a request succeeds; a run that ends before that asks for them again.

        Args:
            entry: about the post.
            answered: whether the site has just answered a request for a file.
        """
        self.counts.update([entry.skipped] if entry.skipped else [])
        if answered:
            self._flush()
        self.pending.append(entry)
        if self.pending[0].skipped != "failed":
            self._flush()
        if sum(e.skipped == "failed" for e in self.pending) == FAILED_IN_A_ROW:
            raise SourceError(
                f"{FAILED_IN_A_ROW} pictures in a row could not be fetched: "
                "run it again later to resume"
            )

    def _flush(self) -> None:
        for entry in self.pending:
            self.journal.add(entry)
        self.pending.clear()

    def _is_denied(self, entry: Entry) -> bool:
        name = self.board.site.name
        return self.denied.covers(name, entry.id, artist=entry.artist, md5=entry.md5)

    def _is_new(self, content: bytes) -> bool:
        digest = hashlib.sha256(content).digest()
        new = digest not in self.digests
        self.digests.add(digest)
        return new


def _key(post: Post, rendition: Rendition) -> str:
    """Name a file in the store: an original by its md5, which the other site may share."""
    if rendition.original:
        return post.md5
    return hashlib.sha256(rendition.url.encode()).hexdigest()[:32]
