"""Asks the sites which of our pictures are gone, and drops those."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from colorize import files
from colorize.errors import DataError, ImageError
from colorize.raw import archives, manifest
from colorize.raw.manifest import Picture, Record
from colorize.sources.boards import denied
from colorize.sources.boards.board import Board
from colorize.sources.boards.http import Client
from colorize.sources.boards.store import Store


def removed(
    board: Board, records: Sequence[Record], *, rate_per_s: float, environment: Mapping[str, str]
) -> dict[str, str]:
    """Ask which posts have been deleted, banned or restricted since.

    Returns:
        Entries of a deny-list, such as ``danbooru:123``, with the reason of each.

    Raises:
        SourceError: the site does not answer; nothing is known then, so nothing is dropped.
    """
    source = board.site.name
    ids = [int(record.id) for record in records if record.source == source]
    if not ids:
        return {}
    with Client(board.site, board.identify(environment), rate_per_s=rate_per_s) as client:
        return {f"{source}:{n}": why for n, why in board.removed(client, ids).items()}


def drop(gone: Mapping[str, str], *, raw: Path, store: Store, deny: Path) -> None:
    """Deny posts from now on, and remove their pictures from the data set and from the store.

    Args:
        gone: entries of a deny-list with their reasons.
        raw: the data set's folder.
        store: of the downloads.
        deny: the deny-list.

    Raises:
        DataError: a picture to be kept is damaged; the data set stays as it is.
    """
    known = denied.read(deny).entries
    denied.extend(deny, {entry: why for entry, why in gone.items() if entry not in known})
    for journal in store.journals():
        for entry, _ in journal.entries():
            if entry.record and _name(entry.record) in gone:
                store.remove(entry.key)
    records = manifest.read(raw)
    left = [record for record in records if _name(record) not in gone]
    if len(left) < len(records):
        with files.fresh_folder(raw) as fresh:
            manifest.write(fresh, archives.write(fresh, _pictures(raw, left)))


def _pictures(raw: Path, records: Iterable[Record]) -> Iterator[Picture]:
    for record in records:
        try:
            yield Picture(record, archives.read(raw, record, max_bytes=record.size))
        except ImageError as error:
            raise DataError(f"{record.file} in {raw / record.archive}: {error}") from None


def _name(record: Record) -> str:
    return f"{record.source}:{record.id}"
