from collections.abc import Iterable

import pytest

from colorize.data.split import SPLITS, Split, assign
from colorize.ingest.layout import DEPTH, Layout


def entries(count: int, *, first: int = 0) -> list[tuple[int, str, Split]]:
    ids = [f"board_{number}" for number in range(first, first + count)]
    return [(n, i, assign(i, val_share=0.1, test_share=0.1)) for n, i in enumerate(ids, first)]


def laid(pictures: Iterable[tuple[int, str, Split]], per_shard: int) -> dict[str, tuple[int, ...]]:
    layout = Layout(pictures, per_shard=per_shard)
    return {shard.name: tuple(shard.records.tolist()) for shard in layout.shards()}


def test_every_picture_stands_in_one_shard_of_its_split() -> None:
    pictures = entries(5000)
    shards = laid(pictures, 64)
    assert sorted(n for rows in shards.values() for n in rows) == list(range(5000))
    for name, rows in shards.items():
        assert 0 < len(rows) <= 64
        assert {pictures[n][2] for n in rows} == {name.split("-")[0]}
    assert sum(map(len, shards.values())) / len(shards) > 64 * 0.45  # a half that is full stays


def test_the_order_of_the_pictures_does_not_matter() -> None:
    pictures = entries(1000)
    assert laid(pictures, 50) == laid(reversed(pictures), 50)


def test_added_pictures_touch_only_the_shards_they_fall_into() -> None:
    before, after = laid(entries(20_000), 100), laid(entries(20_010), 100)
    changed = {name for name in before if before[name] != after.get(name)}
    assert 1 <= len(changed) <= 10
    assert len(set(after) - set(before)) <= 10  # halves of shards that were full


def test_few_pictures_are_one_shard_a_split() -> None:
    assert list(laid(entries(100), 100)) == ["test-00000", "val-00000", "train-00000"]


def test_what_cannot_be_told_apart_stays_together() -> None:
    same = [(n, "one", SPLITS[0]) for n in range(5)]
    ((name, rows),) = laid(same, 2).items()
    assert len(rows) == 5
    assert int(name.removeprefix("train-"), 16) < 1 << DEPTH


@pytest.mark.parametrize("count", [0, 1])
def test_small(count: int) -> None:
    assert len(laid(entries(count), 8)) == count
