"""Prints a run's progress and its summary."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from tqdm import tqdm

from colorize.paint.kinds import shown
from colorize.paint.pages import Outcome, Result

BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} pages, {rate_noinv_fmt}, {remaining} left"


def report(
    there: Sequence[Result], results: Iterable[Result], *, total: int, as_json: bool
) -> Counter[str]:
    """Tell of each result as it comes, and count the outcomes.

    Args:
        there: results that were known before anything was painted.
        results: of what is painted.
        total: pages to be painted, for the progress bar.
        as_json: whether each result is a line of JSON.
    """
    outcomes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    # Silent where nobody watches a terminal.
    with tqdm(total=total, unit="page", bar_format=BAR, disable=None) as bar:
        for new, source in ((0, there), (1, results)):
            for result in source:
                bar.update(new)
                outcomes[result.outcome] += 1
                if as_json:
                    bar.write(json.dumps(dataclasses.asdict(result)))
                    sys.stdout.flush()
                if result.outcome is Outcome.KEPT:
                    kept[result.reason] += 1
                if result.outcome is Outcome.FAILED:
                    where = f"{result.source}: {result.page}" if result.page else result.source
                    bar.write(f"colorize: {shown(where)}: {shown(result.reason)}", file=sys.stderr)
    for reason, count in sorted(kept.items()):
        print(f"colorize: {count} kept: {reason}; --overwrite paints again", file=sys.stderr)
    if not as_json:
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(counted or "nothing to do")
    return outcomes
