"""Lists the artists and licences of the pictures that a report shows."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from colorize.errors import one_line
from colorize.raw.manifest import Record

UNKNOWN = "unknown"

LONGEST = 500
"""Characters of a name or an address; a picture may have several artists."""


@dataclass(frozen=True, slots=True)
class Credit:
    """An artist's share of the pictures.

    Attributes:
        artist: name, or ``unknown``.
        licence: its name, or ``unknown``.
        page: where a person can look at the work, or empty.
        pictures: how many there are.
    """

    artist: str
    licence: str
    page: str
    pictures: int


def credits(records: Iterable[Record]) -> list[Credit]:
    """Count pictures by artist, licence and page; sorted by artist, unknown ones last.

    Args:
        records: of the pictures that are shown. A page that stands for a single picture of an
            artist is not kept apart: the first of them is named.
    """
    counts: Counter[tuple[str, str]] = Counter()
    pages: dict[tuple[str, str], str] = {}
    for record in records:
        key = (
            one_line(record.artist, length=LONGEST) or UNKNOWN,
            one_line(record.licence, length=LONGEST) or UNKNOWN,
        )
        counts[key] += 1
        pages.setdefault(key, one_line(record.page, length=LONGEST))
    return [
        Credit(artist, licence, pages[artist, licence], count)
        for (artist, licence), count in sorted(
            counts.items(), key=lambda item: (item[0][0] == UNKNOWN, item[0])
        )
    ]
