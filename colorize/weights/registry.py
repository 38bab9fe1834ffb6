"""The weights that lie in this folder: their names, digests and licences, and what they can do.

``index.json`` lists them by name. `stages.ship` writes it; nothing here needs PyTorch.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors

from colorize.errors import ModelError, one_line

FOLDER = Path(__file__).resolve().parent
INDEX = "index.json"

DEFAULT = "open-art"
"""The weights that are used where nobody names others."""

TRAINED = Path("models", "colorizer.safetensors")
"""Where the pipeline leaves its model, from the project's root."""

METADATA_KEY = "colorize"
"""Key of a model file's metadata under which all that describes the model is one JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """Weights in the package.

    Attributes:
        name: by which they are asked for.
        path: of the file.
        sha256: its digest, 64 hexadecimal digits.
        bytes: its size.
        licence: of the weights.
        sources: titles of the art that they were trained on.
    """

    name: str
    path: Path
    sha256: str
    bytes: int
    licence: str
    sources: tuple[str, ...]

    def entry(self) -> dict[str, object]:
        """Give what the index holds of it."""
        kept = asdict(self) | {"file": self.path.name, "sources": list(self.sources)}
        return {key: value for key, value in kept.items() if key not in ("name", "path")}

    def check(self) -> None:
        """See that the file is the one that was shipped.

        Raises:
            ModelError: it is missing, cannot be read or has changed.
        """
        found = digest(self.path)
        if not found:
            raise ModelError(f"the weights {self.name} are missing at {self.path}: install again")
        if found != self.sha256:
            raise ModelError(
                f"{self.path} is not the file that was shipped: its SHA-256 begins with "
                f"{found[:12]}, not {self.sha256[:12]}; install again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a model file says that it can do.

    Attributes:
        recipe: of the network.
        domains: kinds of pages that it paints.
        hints: whether its network takes hints.
    """

    recipe: str
    domains: tuple[str, ...]
    hints: bool


def shipped(folder: Path | None = None) -> dict[str, Shipped]:
    """List the weights of a folder, the package's if not given, by name; none without an index.

    Raises:
        ModelError: the index is damaged.
    """
    folder = folder or FOLDER
    path = folder / INDEX
    try:
        content = json.loads(path.read_text("utf-8"))
        return {name: _shipped(folder, name, entry) for name, entry in content.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged ({one_line(error)}): install again") from None


def locate(model: Path | str | None = None, *, trained: Path | None = None) -> Path:
    """Find the file of a model, and check it if it is shipped.

    Args:
        model: a path, the name of shipped weights, or None for `DEFAULT`. Text with a separator or
            a suffix is a path: ``./name`` is a file, ``name`` is not.
        trained: the file to use where none is asked for and none is shipped.

    Raises:
        ModelError: there are no such weights, or their file is not the one that was shipped.
    """
    if isinstance(model, Path) or (model is not None and is_path(model)):
        return Path(model)
    known = shipped()
    if model is None and not known:
        if trained is not None and trained.exists():
            return trained
        where = f", and `make repro` has left none at {trained}" if trained else ""
        raise ModelError(f"no weights are shipped with this version{where}: name a model file")
    name = DEFAULT if model is None else model
    if name not in known:
        names = ", ".join(known) or "none"
        raise ModelError(
            f"there are no weights named '{one_line(name)}' (shipped: {names}); "
            f"a file of that name is ./{one_line(name)}"
        )
    known[name].check()
    return known[name].path


def is_path(text: str) -> bool:
    """Tell a path from a name: it has a separator or a suffix.

    >>> is_path("open-art"), is_path("./open-art"), is_path("m.safetensors"), is_path("a/b")
    (False, True, True, True)
    """
    path = Path(text)
    return path.name != text or bool(path.suffix)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits; nothing where there is no file.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def abilities(path: Path) -> Abilities:
    """Read from a model file's metadata what it can do, without its tensors.

    Raises:
        ModelError: it is missing, damaged, or no model of this project.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            described = json.loads((file.metadata() or {})[METADATA_KEY])
        return Abilities(
            recipe=str(described["recipe"]),
            domains=tuple(map(str, described["domains"])),
            hints=bool(described.get("hints", False)),
        )
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelError(f"{path} is no readable model: {one_line(error)}") from None
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is no model of this project: {one_line(error)}") from None


def _shipped(folder: Path, name: str, entry: dict[str, Any]) -> Shipped:
    """Check an entry of the index."""
    file, sources = entry["file"], entry["sources"]
    if is_path(name) or not isinstance(file, str) or Path(file).name != file:
        raise ValueError(f"{name} has no plain name")
    texts = (entry["sha256"], entry["licence"], *sources)
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry["bytes"], int):
        raise ValueError(f"{name} is described by values of other types")
    return Shipped(
        name=name,
        path=folder / file,
        sha256=entry["sha256"],
        bytes=entry["bytes"],
        licence=entry["licence"],
        sources=tuple(sources),
    )
