from collections import Counter

import pytest

from colorize.data.split import assign

IDS = [f"danbooru_{number}" for number in range(20_000)]


def test_shares_are_as_asked() -> None:
    counts = Counter(assign(i, val_share=0.1, test_share=0.2) for i in IDS)
    assert counts["val"] / len(IDS) == pytest.approx(0.1, abs=0.01)
    assert counts["test"] / len(IDS) == pytest.approx(0.2, abs=0.01)


def test_it_never_changes() -> None:
    """Fixed for ever: another result would mix up train and test of everybody's data sets."""
    splits = [assign(f"danbooru_{n}", val_share=0.2, test_share=0.2) for n in range(12)]
    assert "".join(split[1] for split in splits) == EXPECTED


EXPECTED = "rrrrerraarar"  # second letters: tRain, vAl, tEst


def test_a_larger_share_only_adds() -> None:
    small = {i for i in IDS if assign(i, val_share=0.1, test_share=0.1) == "test"}
    large = {i for i in IDS if assign(i, val_share=0.1, test_share=0.2) == "test"}
    assert small < large
