"""compare: show which of the model's scores changed, and fail where one is worse than it may be.

    python -m stages.compare REVISION

Not a stage of the pipeline: it reads what the evaluate stage wrote, here and at the revision.
"""

import sys
from pathlib import Path

from colorize.errors import DataError
from stages import run
from stages.tools import flat, scores_at


def main(root: Path) -> None:
    """Print the changes since a revision; exit 1 where a score is worse or cannot be compared."""
    if len(sys.argv) != 2 or not sys.argv[1]:
        raise DataError("name one revision to compare with: make compare BASE=main")
    base = sys.argv[1]
    old, new = (flat(scores_at(root, revision)) for revision in (base, ""))
    # PyTorch takes more than a second to import, and a wrong revision need not wait for it.
    from colorize.report import gate

    changes = {
        key: gate.Change(old.get(key), new.get(key))
        for key in sorted(old | new)
        if old.get(key) != new.get(key)
    }
    if not any(f"{row}.{name}" in old for row, scores in gate.GATED.items() for name in scores):
        raise DataError(f"the scores at {base} have other names: there is nothing to compare")
    for row, scores in gate.GATED.items():
        for key in (f"{row}.{name}" for name in scores):
            if key in changes:
                print(f"{key}: {_shown(changes[key].old)} -> {_shown(changes[key].new)}")
    if gate.other_pictures(changes):
        print(f"The floors differ: {base} was judged on other pictures.")
    if lines := gate.worse(changes):
        raise DataError("\n".join([f"worse than {base}:", *lines]))
    print(f"No score of the model is worse than at {base} by more than its tolerance.")


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


if __name__ == "__main__":
    run(main)
