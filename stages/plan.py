"""plan: print what the fetch stage would ask of a picture board, and ask nothing."""

from pathlib import Path

from colorize.errors import ParamsError
from colorize.params import load
from colorize.sources.boards import estimate as plan
from colorize.sources.boards.registry import BOARDS
from stages import run
from stages.fetch import FetchParams


def main(root: Path) -> None:
    """Read params, and print search, counted terms and the time it will take."""
    params = load(FetchParams, root, "fetch")
    board = next((BOARDS[name] for name in params.source if name in BOARDS), None)
    if board is None:
        raise ParamsError(f"'fetch.source' is {', '.join(params.source)}, which asks no site")
    print(plan.describe(board, params.query(), count=params.count, rate_per_s=params.rate))


if __name__ == "__main__":
    run(main)
