"""Follows imports of the project from file to file, without running anything."""

from pathlib import Path

from colorize import provenance

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("colorize", "stages")
BASE, COMMAND = "base", "command"


def local_imports(file: Path) -> set[Path]:
    """Files of this project that ``file`` imports anywhere in it, its packages' own included."""
    return provenance.imports(file, root=ROOT, packages=PACKAGES)


def closure(file: Path) -> set[Path]:
    """``file`` and all that it imports, directly or not; empty ``__init__.py`` files apart."""
    return provenance.closure(file, root=ROOT, packages=PACKAGES)


def room(file: Path) -> str:
    """Name the room of a file of the library; the modules beside the rooms are ``base``."""
    parts = file.relative_to(ROOT / "colorize").parts
    return parts[0] if len(parts) > 1 else COMMAND if parts[0] == "__main__.py" else BASE


def arrows() -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports from the second, those that follow left out.

    An arrow follows from others when they lead the same way; everything imports from ``base``, so
    arrows to it say nothing.
    """
    found: dict[str, set[str]] = {}
    for file in (ROOT / "colorize").rglob("*.py"):
        rooms = {room(other) for other in local_imports(file)} - {room(file), BASE}
        found.setdefault(room(file), set()).update(rooms)
    reached = {name: set(near) for name, near in found.items()}
    for _ in found:
        for name in reached:
            reached[name] |= {far for near in reached[name] for far in reached.get(near, ())}
    return {
        (name, near)
        for name, rooms in found.items()
        for near in rooms
        if not any(near in reached[other] for other in rooms - {near})
    }


def drawing() -> str:
    """Draw the arrows as a Mermaid graph."""
    drawn = sorted(arrows())
    rooms = {room(file) for file in (ROOT / "colorize").rglob("*.py")} - {BASE}
    alone = sorted(rooms - {name for arrow in drawn for name in arrow})
    return "\n".join(
        ["flowchart TD", *(f"\t{a}-->{b}" for a, b in drawn), *(f"\t{n}" for n in alone)]
    )


if __name__ == "__main__":
    print(drawing())
