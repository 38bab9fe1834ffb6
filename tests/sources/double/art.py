"""Posts of the double: pictures drawn from their number, and the renditions that Danbooru makes."""

import hashlib
import io
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from PIL import Image

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF"}
BOXES = {"180x180": "jpg", "360x360": "jpg", "720x720": "webp"}
SAMPLE_WIDTH = 850


@dataclass(kw_only=True)
class Art:
    """One post. `flags` holds any of deleted, banned, pending, flagged and restricted."""

    id: int
    width: int = 72
    height: int = 72
    ext: str = "png"
    mode: str = "RGB"
    tags: str = "magic"
    artist: str = ""
    rating: str = "g"
    source: str = ""
    parent: int | None = None
    duration: float | None = None
    flags: frozenset[str] = frozenset()
    drawing: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def md5(self) -> str:
        return hashlib.md5(self.file("original"), usedforsecurity=False).hexdigest()

    def variants(self) -> dict[str, tuple[int, int, str]]:
        """Name to width, height and suffix, smallest first."""
        out = {}
        for name, ext in BOXES.items():
            side = int(name.partition("x")[0])
            out[name] = (*self._scaled(min(1.0, side / self.width, side / self.height)), ext)
        if self.width > SAMPLE_WIDTH:
            out["sample"] = (*self._scaled(SAMPLE_WIDTH / self.width), "jpg")
        if self.ext in {"webp", "avif"}:
            out["full"] = (self.width, self.height, "jpg")
        out["original"] = (self.width, self.height, self.ext)
        return out

    def _scaled(self, scale: float) -> tuple[int, int]:
        return int(self.width * scale + 0.5), int(self.height * scale + 0.5)

    def file(self, name: str) -> bytes:
        width, height, ext = self.variants()[name]
        number = self.id if self.drawing is None else self.drawing
        kept = name == "original" or self.mode in {"L", "CMYK"}
        return drawn(number, width, height, ext, self.mode if kept else "RGB")


@lru_cache(maxsize=64)
def drawn(number: int, width: int, height: int, ext: str, mode: str) -> bytes:
    """Draw coloured blocks, different for every number."""
    if ext not in FORMATS:
        return b"moving pictures %d" % number
    random = np.random.default_rng(number)
    blocks = random.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    image = Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)
    if mode != "RGB":
        image = image.convert(mode)
    out = io.BytesIO()
    quality = {"webp": 75, "jpg": 85}.get(ext)
    if ext == "gif":
        image.save(out, "GIF", save_all=True, append_images=[image.rotate(90)])
    else:
        image.save(out, FORMATS[ext], **({"quality": quality} if quality else {}))
    return out.getvalue()


def gallery(count: int, first: int = 1, **common: Any) -> list[Art]:
    """Make ``count`` posts with ids from ``first`` on."""
    return [Art(id=number, **common) for number in range(first, first + count)]
