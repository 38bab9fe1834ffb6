"""compare: show `dvc metrics diff`, and fail where a score got worse than it may.

    python -m stages.compare REVISION

No stage of the pipeline: it reads what the evaluate stage wrote, here and at the revision.
"""

import json
import sys
from pathlib import Path

from colorize.errors import DataError
from stages import run
from stages.tools import METRICS, dvc


def main(root: Path) -> None:
    """Print the difference to a revision, and what got worse; exit 1 where something did."""
    if len(sys.argv) != 2:
        raise DataError("name one revision to compare with: make compare BASE=main")
    base = sys.argv[1]
    print(_diff(root, base))
    found = json.loads(_diff(root, base, "--json")).get(METRICS, {})
    # PyTorch takes more than a second to import, and a wrong revision need not wait for it.
    from colorize.report import gate

    changes = {
        key: gate.Change(change.get("old"), change.get("new")) for key, change in found.items()
    }
    if gate.other_pictures(changes):
        print(f"The floors differ: {base} was judged on other pictures.\n")
    if lines := gate.worse(changes):
        raise DataError("\n".join([f"worse than {base}:", *lines]))
    print(f"No score of the model is worse than at {base} by more than its tolerance.")


def _diff(root: Path, base: str, *options: str) -> str:
    return dvc(root, "metrics", "diff", *options, "--targets", METRICS, "--", base)


if __name__ == "__main__":
    run(main)
