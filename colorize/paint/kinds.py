"""Recognises files by their content, and shows their names safely."""

import string

HEAD = 512
"""Bytes of a file's beginning that are enough to tell what it is."""

CONVERT = "unpack it and pack its pages as ZIP: `zip -r book.cbz FOLDER`"
"""How to make a CBZ of another archive."""
CONVERT_PDF = "take its pages out: `pdftoppm -png -r 200 book.pdf page`"
"""How to make pictures of a PDF."""

_BEGINNINGS = (
    (b"Rar!\x1a\x07", f"is a RAR archive; {CONVERT}"),
    (b"7z\xbc\xaf\x27\x1c", f"is a 7z archive; {CONVERT}"),
    (b"%PDF-", f"is a PDF; {CONVERT_PDF}"),
    (b"\x1f\x8b", f"is a gzip archive; {CONVERT}"),
    (b"\xfd7zXZ\0", f"is an xz archive; {CONVERT}"),
    (b"AT&TFORM", f"is a DjVu; {CONVERT}"),
    (b"\x89PNG\r\n", "is a PNG picture"),
    (b"\xff\xd8\xff", "is a JPEG picture"),
    (b"GIF8", "is a GIF picture"),
    (b"BM", "is a BMP picture"),
    (b"II*\0", "is a TIFF picture"),
    (b"MM\0*", "is a TIFF picture"),
    (b"8BPS", "is a Photoshop picture"),
    (b"PK\3\4", "is a ZIP archive"),
    (b"PK\5\6", "is a ZIP archive"),
)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def what_is(head: bytes) -> str:
    """Tell what a file is by its beginning.

    Args:
        head: the first `HEAD` bytes; fewer where the file is shorter.

    Returns:
        What follows "it" in a message, such as ``is a RAR archive``; empty where it is not known.

    >>> what_is(b"<!DOCTYPE html><title>404</title>")
    'is a web page'
    >>> what_is(bytes(512))
    'holds zeros alone'
    """
    if not head:
        return "is empty"
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning):
            return what
    if head[257:262] == b"ustar":
        return f"is a TAR archive; {CONVERT}"
    if head.lstrip(b"\xef\xbb\xbf" + string.whitespace.encode()).lower().startswith(_WEB_PAGE):
        return "is a web page"
    if head[4:8] == b"ftyp" and head[8:11] in {b"hei", b"hev", b"mif"}:
        return "is a HEIC picture"
    if not any(head):
        return "holds zeros alone"
    return ""


def shown(name: object) -> str:
    r"""Make a name fit to be printed: whatever a terminal would obey is escaped.

    >>> shown("\x1b[2K1 painted\n.png")
    '\\x1b[2K1 painted\\n.png'
    >>> shown("第1話.png")
    '第1話.png'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(name)
    )
