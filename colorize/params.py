"""Reads and checks one section of ``params.yaml``, before any work starts.

A section is a frozen pydantic model. A file has to hold every key of a section, even where the
model has a default, and no other. A value has to be of the field's own type: the only conversion is
from a whole number to a float. Numbers have bounds, so that none overflows later.
"""

import unicodedata
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.reader import ReaderError

from colorize.errors import ParamsError, one_line

FILE_NAME = "params.yaml"

MAX_BYTES = 64_000
"""Size of a params file; the project's own has 5,600 bytes."""

MAX_DEPTH = 4
"""Depth of nested lists and mappings; a list in a section is at depth 3."""

MAX_SCALAR = 1000
"""Characters of one key or value."""

SHOWN = 60
"""Characters of a refused value that a message repeats."""


def _plain(text: str) -> str:
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text):
        raise ValueError("without control characters")
    return text


Text = Annotated[str, Field(min_length=1, max_length=MAX_SCALAR), AfterValidator(_plain)]
"""Text on one line, such as the path of a folder."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""A seed that numpy and PyTorch both take."""


def zero_or_at_least(low: float) -> AfterValidator:
    """Constrain a number to be 0, which turns something off, or not so small that it vanishes."""

    def check(value: float) -> float:
        if value and value < low:
            raise ValueError(f"0, or at least {low:g}")
        return value

    return AfterValidator(check)


class Section(BaseModel):
    """Base class of the sections."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Make tuples of lists, which is all that YAML has."""
        return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


S = TypeVar("S", bound=Section)


def load(kind: type[S], root: Path, section: str) -> S:
    """Read one section of ``root/params.yaml``.

    Raises:
        ParamsError: the file cannot be read, or a key of the section is unknown, missing, of a
            wrong type or out of range. The message is one line and names the key.
    """
    return checked(kind, read(root), section)


def read(root: Path) -> dict[str, dict[str, Any]]:
    """Read all sections of ``root/params.yaml`` without checking their keys.

    Raises:
        ParamsError: the file is missing, is not YAML, or does not hold sections of keys.
    """
    path = root / FILE_NAME
    text = _text(path)
    try:
        _refuse_what_params_do_not_need(path, text)
        content = _yaml().load(text)
    except ReaderError as error:
        place = _place(path, text, error.position)
        raise ParamsError(f"{place}: control characters are not allowed") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise ParamsError(f"{place}: not valid YAML: {one_line(error.problem or '')}") from None
    except ValueError as error:  # a number such as 1__.5 that the parser takes for one
        raise ParamsError(f"{path}: not valid YAML: {one_line(error)}") from None
    return _sections(path, content)


def checked(kind: type[S], content: dict[str, dict[str, Any]], section: str) -> S:
    """Check one section of what `read` gave.

    Raises:
        ParamsError: see `load`.
    """
    if section not in content:
        raise ParamsError(f"{FILE_NAME}: section {shown(section)} is missing")
    values = content[section]
    if missing := [name for name in kind.model_fields if name not in values]:
        raise ParamsError(f"{FILE_NAME}: key '{section}.{missing[0]}' is missing")
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ParamsError(_message(first, section, list(kind.model_fields))) from None


def shown(value: object) -> str:
    """Write a value for a message: on one line, and no longer than `SHOWN` characters."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return one_line(repr(value[: SHOWN + 1]), length=SHOWN)
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return one_line(value, length=SHOWN)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ParamsError(f"{path} does not exist: run from the project's root") from None
    except OSError as error:
        raise ParamsError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ParamsError(f"{path} has more than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        raise ParamsError(f"{_place(path, before, len(before))}: not UTF-8") from None


def _refuse_what_params_do_not_need(path: Path, text: str) -> None:
    """Refuse anchors, tags, directives, deep nesting and long values before any is built."""
    depth = 0
    for event in _yaml().parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if refused := _refused(event, depth):
            place = f"{path}, line {event.start_mark.line + 1}"
            raise ParamsError(f"{place}, column {event.start_mark.column + 1}: {refused}")


def _refused(event: Event, depth: int) -> str:
    """Say what is wrong with an event of the parser, or nothing."""
    if depth > MAX_DEPTH:
        return "too deeply nested"
    if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
        return "YAML directives are not allowed"
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
        return "anchors and aliases are not allowed"
    if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag:
        return "tags are not allowed"
    if isinstance(event, ScalarEvent) and len(event.value) > MAX_SCALAR:
        return f"a value of more than {MAX_SCALAR} characters"
    return ""


class _Constructor(SafeConstructor):
    """SafeConstructor that takes a date for text."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _yaml() -> YAML:
    """Make a reader of YAML 1.2, which DVC uses as well: ``1e-05`` is a number, ``on`` is text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    return yaml


def _sections(path: Path, content: object) -> dict[str, dict[str, Any]]:
    """See that a file's content is a mapping of text to mappings of text."""
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: must hold sections of keys, not {shown(content)}")
    for name, section in content.items():
        if not isinstance(section, dict):
            raise ParamsError(f"{path}: section {shown(name)} must hold keys, not {shown(section)}")
        for key in (name, *section):
            if not isinstance(key, str):
                raise ParamsError(f"{path}: keys must be text, not {shown(key)}")
    return content


def _place(path: Path, text: str, position: int) -> str:
    before = text[:position]
    line, column = before.count("\n") + 1, position - before.rfind("\n")
    return f"{path}, line {line}, column {column}"


def _message(error: ErrorDetails, section: str, known: list[str]) -> str:
    """Say in one line what pydantic found."""
    name, *item = error["loc"] or ("",)
    key = f"'{section}.{one_line(name, length=SHOWN)}'" if name else f"section '{section}'"
    if error["type"] == "extra_forbidden":
        return f"{FILE_NAME}: unknown key {key}; known: {', '.join(known)}"
    context = error.get("ctx", {})
    if error["type"] == "literal_error":  # "'a', 'b' or 'c'"
        wanted = "one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    else:
        wanted = _WANTED.get(error["type"], error["msg"]).format(**context)
    where = f"item {int(item[0]) + 1} of {key}" if item else key
    return f"{FILE_NAME}: {where} must be {wanted}, not {shown(error['input'])}"


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "string_unicode": "text without control characters",
    "bool_type": "true or false",
    "tuple_type": "a list in [brackets]",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} long",
    "too_long": "at most {max_length} long",
    "string_too_short": "at least {min_length} long",
    "string_too_long": "at most {max_length} characters long",
    "value_error": "{error}",
}
