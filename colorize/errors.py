"""Every error that this package raises on purpose; each message says what, where, and what to do.

ColorizeError
├── ParamsError      params.yaml holds a wrong, missing or unknown value
├── SourceError      a source of pictures has none to give
├── ImageError       one picture cannot be used; carries the reason that is counted
├── DataError        a file between two stages is missing, damaged or too small
├── EngineError     workers cannot be had, or were lost
├── ModelError       a model file cannot be used, or a training has failed
├── InputError       what is to be painted, or where it should go, makes no sense
├── ArchiveError     a book is damaged or hostile
└── Interrupted      the user stopped it; what was done is saved
"""


class ColorizeError(Exception):
    """Base of all errors that are the input's fault rather than the program's."""


class ParamsError(ColorizeError):
    """A value in ``params.yaml`` is wrong, missing or unknown."""


class SourceError(ColorizeError):
    """A source of pictures is missing, empty or refuses to answer."""


class ImageError(ColorizeError):
    """One picture cannot be used.

    Args:
        reason: the key under which the metrics count it, such as ``"unreadable"``.
        detail: what was wrong with this very file.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class DataError(ColorizeError):
    """A file between two stages is missing, damaged or holds too little."""


class EngineError(ColorizeError):
    """The workers that the environment asks for cannot be had, or were lost."""


class ModelError(ColorizeError):
    """A model file is missing, damaged or of something else, or a training has failed."""


class Interrupted(ColorizeError):  # noqa: N818 - not an error
    """The user stopped it; what was done is saved, and the same command resumes."""


class InputError(ColorizeError):
    """What is to be painted is missing, or has no place to go."""


class ArchiveError(ColorizeError):
    """A book is damaged, or made to harm whoever opens it."""


def one_line(text: object, *, length: int = 100) -> str:
    r"""Bring the words of a foreign error, or a value, to one printable line.

    Args:
        text: what `str` gives is shown.
        length: characters at most; an ellipsis says that more was there.

    >>> one_line("a list:\n  item")
    'a list: item'
    """
    words = " ".join(str(text)[: 4 * length].split())
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)
    return line if len(line) <= length else line[: length - 1] + "…"
