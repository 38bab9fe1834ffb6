import hashlib

import numpy as np
import pytest

from colorize.errors import SourceError
from colorize.imaging import chroma
from colorize.imaging.decode import decode
from colorize.sources import characters


def digests(count: int, seed: int) -> list[str]:
    return [p.record.sha256 for p in characters.pictures(count=count, side=64, seed=seed)]


def test_the_same_bytes_for_the_same_params_and_a_longer_run_only_adds() -> None:
    first, again = digests(24, seed=0), digests(40, seed=0)
    assert again[:24] == first
    assert len(set(again)) == 40
    assert not set(digests(24, seed=1)) & set(first)


def test_every_style_draws_a_coloured_character() -> None:
    by_style: dict[str, list[float]] = {}
    for picture in characters.pictures(count=4 * len(characters.STYLES), side=128, seed=0):
        rgb = decode(picture.content, max_pixels=10**6)
        assert rgb.shape == (128, 128, 3)
        by_style.setdefault(picture.record.id.rsplit("-", 2)[0], []).append(chroma.measure(rgb))
    assert set(by_style) == set(characters.STYLES)
    assert all(np.median(values) > 3 for values in by_style.values()), by_style


def test_records_name_artist_and_licence() -> None:
    for picture in characters.pictures(count=len(characters.STYLES), side=64, seed=0):
        record = picture.record
        assert record.artist
        assert record.page.startswith("https://")
        assert record.licence in {"CC0 1.0", "CC BY 4.0"}
        assert (record.width, record.height) == (64, 64)
        assert record.sha256 == hashlib.sha256(picture.content).hexdigest()


def test_rejects_a_style_without_a_licence_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "STYLES", ("avataaars",))  # free to use, but under no licence
    with pytest.raises(SourceError, match="avataaars"):
        next(iter(characters.pictures(count=1, side=64, seed=0)))
