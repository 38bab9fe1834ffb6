"""compare: show `dvc metrics diff`, and fail where a score got worse than it may.

    python -m stages.compare REVISION

No stage of the pipeline: it reads what the evaluate stage wrote, here and at the revision.
"""

import json
import subprocess
import sys
from pathlib import Path

from colorize.errors import DataError
from stages import run

METRICS = "metrics/evaluate.json"

_DIFF = ("dvc", "metrics", "diff")


def main(root: Path) -> None:
    """Print the difference to a revision, and what got worse; exit 1 where something did."""
    if len(sys.argv) != 2:
        raise DataError("name one revision to compare with: make compare BASE=main")
    base = sys.argv[1]
    print(_dvc(root, base))
    found = json.loads(_dvc(root, base, "--json")).get(METRICS, {})
    # PyTorch takes more than a second to import, and a wrong revision need not wait for it.
    from colorize.judge import gate

    changes = {
        key: gate.Change(change.get("old"), change.get("new")) for key, change in found.items()
    }
    if gate.other_pictures(changes):
        print(f"The floors differ: {base} was judged on other pictures.\n")
    if lines := gate.worse(changes):
        raise DataError("\n".join([f"worse than {base}:", *lines]))
    print(f"No score of the model is worse than at {base} by more than its tolerance.")


def _dvc(root: Path, base: str, *options: str) -> str:
    done = subprocess.run(  # noqa: S603 - the user's own revision
        [sys.executable, "-m", *_DIFF, *options, "--targets", METRICS, "--", base],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise DataError(f"dvc metrics diff: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    run(main)
