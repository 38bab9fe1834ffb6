"""The picture boards by the name of their source; a new one is a class and an entry here."""

from collections.abc import Mapping

from colorize.sources.boards.board import Board
from colorize.sources.boards.danbooru import Danbooru
from colorize.sources.boards.safebooru import Safebooru

BOARDS: Mapping[str, Board] = {"danbooru": Danbooru(), "safebooru": Safebooru()}
