"""Asks the sites again about pictures that are here, and drops what they have taken away."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from colorize.sources import denied, manifest
from colorize.sources.board import Board
from colorize.sources.http import Client
from colorize.sources.manifest import Record
from colorize.sources.store import Store


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
    """
    known = denied.read(deny).entries
    denied.extend(deny, {entry: why for entry, why in gone.items() if entry not in known})
    for journal in store.journals():
        for entry, _ in journal.entries():
            if entry.record and _name(entry.record) in gone:
                store.remove(entry.key)
    records = manifest.read(raw)
    manifest.write(raw, (record for record in records if _name(record) not in gone))
    for record in records:
        if _name(record) in gone:
            (raw / "images" / record.file).unlink(missing_ok=True)


def _name(record: Record) -> str:
    return f"{record.source}:{record.id}"
