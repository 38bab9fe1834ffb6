"""Grey pages and a book of them, laid out from the test split, to try the painter on.

    python -m benchmarks.demo OUT [ROOT]

ROOT, the current folder if not given, holds the pipeline's test split.
"""

import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

from benchmarks.paint import grey, pages
from colorize import files


def main(out: Path, root: Path) -> None:
    """Write ``OUT/pages/page-N.png`` and ``OUT/book.cbz``."""
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        for number, page in enumerate(pages(root), 1):
            png = io.BytesIO()
            Image.fromarray(grey(page)).save(png, "PNG")
            name = f"page-{number}.png"
            files.write_bytes(out / "pages" / name, png.getvalue())
            archive.writestr(zipfile.ZipInfo(name), png.getvalue())
    files.write_bytes(out / "book.cbz", book.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "."))
