"""Keeps what was found for a page, for when it is painted again with other hints or options."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

Made = TypeVar("Made")


class Memo:
    """The newest result of each step of painting one page; used by one thread at a time.

    >>> memo = Memo()
    >>> memo.of("sum", (1, 2), lambda: 3), memo.of("sum", (1, 2), lambda: 4)
    (3, 3)
    >>> memo.of("sum", (2, 2), lambda: 4)
    4
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[Hashable, object]] = {}

    def of(self, step: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """Give the result of a step, which nobody may change.

        Args:
            step: its name.
            key: all that the result depends on beside the page; another key takes its place.
            make: does the step.
        """
        found = self._found.get(step)
        if found is None or found[0] != key:
            found = self._found[step] = (key, make())
        return cast("Made", found[1])
