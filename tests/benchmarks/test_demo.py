import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import demo
from colorize.paint import inked as inked_pages


def test_pages_are_inked_panels_between_white_gutters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PAGES", 2)
    monkeypatch.setattr(demo, "WIDTH", 400)
    monkeypatch.setattr(demo, "HEIGHT", 566)
    demo.main(tmp_path)
    written = sorted((tmp_path / "pages").iterdir())
    assert [path.name for path in written] == ["page-1.png", "page-2.png"]
    with zipfile.ZipFile(tmp_path / "book.cbz") as book:
        assert [book.read(name) for name in book.namelist()] == [p.read_bytes() for p in written]
    for path, (page, again, _) in zip(written, demo.pages(2), strict=True):
        inked = np.asarray(Image.open(io.BytesIO(path.read_bytes())))
        np.testing.assert_array_equal(inked, again)
        assert (inked.shape, inked.dtype) == ((566, 400), np.uint8)
        assert inked_pages.looks_inked(
            inked_pages.levelled(inked)
        )  # the painter takes it for print
        assert 3 <= len(page.frames) <= 6
        gutter = np.ones(inked.shape, bool)
        for frame in page.frames:
            gutter[frame.rows, frame.columns] = False
            panel = inked[frame.rows, frame.columns]
            assert (panel[0] == 0).all()
            assert (panel[:, -1] == 0).all()
            inside = panel[4:-4, 4:-4]
            assert (inside < 64).mean() > 0.004
            assert (inside > 240).mean() > 0.02
        assert 0.05 < gutter.mean() < 0.3
        outside = inked[gutter]
        assert (outside > 240).mean() > 0.9  # a border is as wide outside as within
