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
└── Interrupted      somebody asked to stop; what was done is saved
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


class Interrupted(ColorizeError):  # noqa: N818 - no error of anybody's
    """Somebody asked to stop; what was done is saved, and the same command goes on."""


class InputError(ColorizeError):
    """What is to be painted is missing, or has no place to go."""


class ArchiveError(ColorizeError):
    """A book is damaged, or made to harm whoever opens it."""
