"""A double of a site, a board that knows the way to it, and a clock that only moves its hands."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from colorize.raw.manifest import Picture
from colorize.sources.boards import crawl
from colorize.sources.boards.board import Board
from colorize.sources.boards.danbooru import Danbooru
from colorize.sources.boards.denied import Denied
from colorize.sources.boards.http import Client
from colorize.sources.boards.limits import Clock
from colorize.sources.boards.posts import Query
from colorize.sources.boards.safebooru import Safebooru
from colorize.sources.boards.site import Identity, Site
from tests.sources.double.art import Art
from tests.sources.double.boards import DanbooruSite, SafebooruSite
from tests.sources.double.boards import Site as DoubleSite

CONTACT = {"COLORIZE_CONTACT": "tests@example.org"}
READER = {"DANBOORU_LOGIN": "reader", "DANBOORU_API_KEY": "s3cret-key"}
EPOCH = 1_700_000_000.0

QUERY = Query(
    tags=("magic",),
    exclude=("sketch",),
    ratings=("g",),
    before_id=0,
    policy="cheapest",
    min_side=64,
    max_aspect=3.0,
)


@dataclass
class Hands:
    """Time that passes only in sleep."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept.append(seconds)

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: EPOCH + self.seconds)


@dataclass
class Desk:
    """One user's place: a board at a double, a scratch folder, and what the last run counted."""

    double: DoubleSite
    board: Board
    hands: Hands
    scratch: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(CONTACT))
    denied: Denied = field(default_factory=lambda: Denied(frozenset()))
    counts: Counter[str] = field(default_factory=Counter)

    def start(self, count: int = 1000, rate: float = 1.0, **changes: Any) -> Iterator[Picture]:
        self.counts = Counter()
        return crawl.pictures(
            self.board,
            replace(QUERY, **changes),
            count=count,
            rate_per_s=rate,
            denied=self.denied,
            scratch=self.scratch,
            environment=self.environment,
            counts=self.counts,
        )

    def run(self, count: int = 1000, **changes: Any) -> list[Picture]:
        return list(self.start(count, **changes))

    def ids(self, count: int = 1000, **changes: Any) -> list[int]:
        return [int(picture.record.id) for picture in self.run(count, **changes)]

    def client(self, user_agent: str = "colorize/0 (+tests@example.org)", **who: Any) -> Client:
        identity = Identity(user_agent=user_agent, **who)
        return Client(self.board.site, identity, rate_per_s=1.0)

    def skipped(self) -> dict[str, int]:
        return dict(+self.counts)

    def hurry(self, *, read_s: float = 0.3, deadline_s: float = 0.6) -> None:
        """Lose patience soon, in real time."""
        self.board.site = replace(self.board.site, read_s=read_s, deadline_s=deadline_s)

    def gaps(self) -> list[float]:
        times = [seen.time for seen in self.double.log]
        return [b - a for a, b in pairwise(times)]


DeskMaker = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskMaker]:
    """Open a desk at a double of either site: ``desk(posts)``, ``desk(posts, "safebooru")``."""
    with ExitStack() as stack:

        def make(posts: Iterable[Art] = (), name: str = "danbooru", **options: Any) -> Desk:
            hands = Hands()
            kind = DanbooruSite if name == "danbooru" else SafebooruSite
            double = stack.enter_context(kind(tmp_path, posts, now=lambda: hands.seconds))
            site = Site(
                name=name,
                api=double.origin("api"),
                files=(double.origin("cdn"),),
                ca=double.ca,
                clock=hands.clock(),
                read_s=20.0,
                deadline_s=30.0,
            )
            board = (Danbooru if name == "danbooru" else Safebooru)(site, **options)
            return Desk(double, board, hands, tmp_path / "scratch")

        yield make
