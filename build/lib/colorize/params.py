"""One section of ``params.yaml`` to one frozen dataclass, checked in full before any work starts.

A field's annotation is its contract: a plain type (``int``, ``float``, ``str``, ``bool``), a
``Literal`` of the allowed words, a ``tuple`` of one of these, or any inside ``Annotated`` with a
`Range`.
"""

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from colorize.errors import ParamsError

FILE_NAME = "params.yaml"

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds, both included unless ``open_low``, of a number or of the length of text or a list."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False

    def admits(self, value: float) -> bool:
        """Tell whether ``value`` lies within the bounds."""
        return (self.low < value if self.open_low else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.open_low else f"at least {self.low:g}"
        if math.isinf(self.high):
            return low
        return f"{low} and at most {self.high:g}"


class _Loader(yaml.SafeLoader):
    """SafeLoader with the plain values of YAML 1.2, which DVC writes and reads.

    YAML 1.1, PyYAML's own, would take ``1e-05`` for text, ``on`` for a truth value and ``012`` for
    ten. A key written twice is refused; PyYAML would take the last one.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ParamsError(f"{FILE_NAME}, line {line}: key '{key}' appears twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|", "~n"),
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(0|[1-9]\d*)", "-+0123456789"),
    ("float", r"[-+]?((\.\d+|\d+\.?\d*)([eE][-+]?\d+)?|\.inf)|\.nan", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def read(root: Path) -> dict[str, Any]:
    """Read the whole of ``root/params.yaml``, unchecked but for its being sections of keys.

    Raises:
        ParamsError: the file is missing, is no YAML, or is not a mapping of sections.
    """
    path = root / FILE_NAME
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise ParamsError(f"{path} does not exist: run from the project's root") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise ParamsError(f"{path} must hold one section of keys for each stage")
    return content


def load(kind: type[P], root: Path, section: str) -> P:
    """Build ``kind`` from one section of ``root/params.yaml``.

    Raises:
        ParamsError: naming the key that is unknown, missing, of a wrong type or out of range.
    """
    content = read(root)
    if section not in content:
        raise ParamsError(f"{FILE_NAME}: section '{section}' is missing")
    given = content[section]
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in given:
        if key not in names:
            raise ParamsError(f"unknown key '{section}.{key}'; known: {', '.join(names)}")
    for name in names:
        if name not in given:
            raise ParamsError(f"key '{section}.{name}' is missing from {FILE_NAME}")
    return kind(**{name: _checked(given[name], hints[name], f"{section}.{name}") for name in names})


def _checked(value: object, hint: object, key: str) -> object:
    """Return ``value`` as the annotation wants it, or raise with the key's name."""
    if get_origin(hint) is Annotated:
        hint, bounds = get_args(hint)
        value = _checked(value, hint, key)
        measure = len(value) if isinstance(value, str | tuple) else value
        if not bounds.admits(measure):
            raise ParamsError(f"'{key}' must be {bounds}, not {value!r}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ParamsError(f"'{key}' must be a list in [brackets], not {value!r}")
        return tuple(_checked(item, get_args(hint)[0], key) for item in value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ParamsError(f"'{key}' must be one of {', '.join(get_args(hint))}, not {value!r}")
        return value
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ParamsError(f"'{key}' must be {_NAMES[hint]}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParamsError(f"'{key}' must be a finite number, not {value!r}")
    return value


_NAMES: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
}
