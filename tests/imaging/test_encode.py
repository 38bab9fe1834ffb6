import io

import numpy as np
import pytest
from PIL import Image

from colorize.errors import ImageError
from colorize.imaging.encode import encode
from colorize.imaging.formats import WRITERS


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_comes_back(kind: str) -> None:
    rgb = np.full((20, 30, 3), (200, 100, 50), np.uint8)
    again = np.asarray(Image.open(io.BytesIO(encode(rgb, kind=kind))).convert("RGB"))
    assert np.abs(again.astype(int) - rgb).max() <= 6


@pytest.mark.parametrize(
    ("kind", "width"), [(".webp", 17_000), (".jpg", 70_000), (".avif", 70_000)]
)
def test_what_a_format_cannot_hold_is_refused(kind: str, width: int) -> None:
    with pytest.raises(ImageError) as caught:
        encode(np.zeros((1, width, 3), np.uint8), kind=kind)
    assert caught.value.reason == "unwritable"
