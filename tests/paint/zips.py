"""Books as packers of all kinds write them, and as those who mean harm do."""

import io
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image


class Raw(zipfile.ZipInfo):
    """A member whose name is written as the bytes that it is given as, with its own flag."""

    def __init__(self, name: bytes, *, utf8: bool = False) -> None:
        super().__init__("name", (2020, 2, 3, 4, 5, 6))
        self.bytes, self.utf8 = name, utf8
        self.filename = name.decode("latin-1")

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own name
        return self.bytes, self.flag_bits & ~0x800 | 0x800 * self.utf8


@dataclass
class Item:
    """A member to be written."""

    name: bytes
    content: bytes
    utf8: bool = False
    system: int = 3
    attributes: int = 0o644 << 16
    extra: bytes = b""
    comment: bytes = b""
    method: int = zipfile.ZIP_STORED
    info: Raw = field(init=False)

    def __post_init__(self) -> None:
        self.info = Raw(self.name, utf8=self.utf8)
        self.info.create_system, self.info.external_attr = self.system, self.attributes
        self.info.extra, self.info.comment = self.extra, self.comment
        self.info.compress_type = self.method


class Pipe(io.BytesIO):
    """Cannot seek: what is written to it has its sizes behind each member."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def packed(items: Sequence[Item], comment: bytes = b"", *, streamed: bool = False) -> bytes:
    out = Pipe() if streamed else io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as file:
        warnings.simplefilter("ignore")  # two members of one name
        file.comment = comment
        for item in items:
            file.writestr(item.info, item.content)
    return out.getvalue()


def write(path: Path, *items: Item, comment: bytes = b"") -> Path:
    path.write_bytes(packed(items, comment))
    return path


def grey_page(number: int = 0, kind: str = "PNG", size: tuple[int, int] = (48, 64)) -> bytes:
    """A page of grey blocks, different for every number."""
    width, height = size
    blocks = np.random.default_rng(number).integers(90, 160, (height // 8, width // 8))
    out = io.BytesIO()
    Image.fromarray(np.kron(blocks, np.ones((8, 8))).astype(np.uint8)).save(out, kind)
    return out.getvalue()
