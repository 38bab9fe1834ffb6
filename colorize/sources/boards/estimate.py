"""Estimates the requests of a fetch without sending any."""

from math import ceil

from colorize.sources.boards.board import Board
from colorize.sources.boards.posts import Query


def describe(board: Board, query: Query, *, count: int, rate_per_s: float) -> str:
    """Tell the search, its counted terms and the least time, a line each.

    Raises:
        SourceError: a tag cannot be searched for.
    """
    lists = ceil(count / board.page)
    minutes = ceil((count + lists) / rate_per_s / 60)
    allowed = board.anonymous_terms
    limit = f"of {allowed} without an account" if allowed else "the site states no limit"
    return "\n".join(
        [
            f"site     {board.site.name} ({board.site.api})",
            f"search   {board.search(query)}",
            f"counted  {board.counted(query)} ({limit})",
            f"here     rating {' or '.join(query.ratings)}, none of: {' '.join(query.exclude)}",
            f"ids      {f'below {query.before_id}' if query.before_id else 'from the newest down'}",
            f"asks     {count} pictures and {lists} lists, and more lists where posts are left out",
            f"time     at least {minutes // 60} h {minutes % 60:02} min at {rate_per_s:g} a second",
        ]
    )
